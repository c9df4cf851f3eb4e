import assert from "node:assert/strict";
import {test} from "node:test";
import {Rest, Tokens, memoryStorage} from "../client/index.js";
import {Backoff} from "../client/backoff.js";
import {routeOf} from "../client/routes.js";
import {FakeServer} from "../testing/fake-server.mjs";

function tokensOf(server, options = {}) {
    return new Tokens(new Rest("http://chat.test", {fetch: server.fetch}), options);
}

test("an access token is used until it is nearly over, then refreshed", async () => {
    const server = new FakeServer();
    let now = 1000;
    const tokens = tokensOf(server, {now: () => now});
    await tokens.signIn("alice", "x");
    assert.equal(await tokens.access(), "access-1");
    now += 870000;
    assert.equal(await tokens.access(), "access-1");
    now += 15000;
    assert.equal(await tokens.access(), "access-2");
});

test("many who need a token at once make one refresh", async () => {
    const server = new FakeServer();
    const tokens = tokensOf(server);
    await tokens.signIn("alice", "x");
    assert.deepEqual(await Promise.all([tokens.refresh(), tokens.refresh(), tokens.refresh()]), ["access-2", "access-2", "access-2"]);
    assert.equal(server.refreshes, 2);
});

test("what another page refreshed meanwhile is used, not the old one once more", async () => {
    const server = new FakeServer(), storage = memoryStorage();
    let queue = Promise.resolve();
    const lock = (work) => (queue = queue.then(work, work));
    const [one, other] = [tokensOf(server, {storage, lock}), tokensOf(server, {storage, lock})];
    await one.signIn("alice", "x");
    assert.equal(await other.restore(), "alice");
    await Promise.all([one.refresh(), other.refresh(), one.refresh(), other.refresh()]);
    assert.equal(one.user, "alice");
    assert.equal(server.refused, 0);
    assert.equal((await storage.load()).refresh_token, `refresh-${server.refreshes}`);
});

test("signing out forgets, whatever the server says", async () => {
    const server = new FakeServer();
    const tokens = tokensOf(server);
    await tokens.signIn("alice", "x");
    server.refusing = "offline";
    await tokens.signOut();
    assert.equal(tokens.user, null);
    await assert.rejects(tokens.access(), {code: "signed_out"});
});

test("problem documents become errors with code, words and waiting time", async () => {
    const problem = {code: "rate_limited", title: "Too many requests", detail: "slower, please", status: 429};
    const fetch = async () => new Response(JSON.stringify(problem), {status: 429, headers: {"retry-after": "7"}});
    const rest = new Rest("http://chat.test", {fetch});
    await assert.rejects(rest.request("GET", "/v1/rooms"), {code: "rate_limited", message: "slower, please", retryAfter: 7, status: 429});
});

test("an answer that is no problem document (a balancer's) is unavailable", async () => {
    const rest = new Rest("http://chat.test", {fetch: async () => new Response("<h1>Bad Gateway</h1>", {status: 502})});
    await assert.rejects(rest.request("GET", "/v1/rooms"), {code: "unavailable", status: 502});
});

test("operations have their routes", () => {
    assert.deepEqual(routeOf("message.history", {target: "wcchat://users/bob", limit: 5}, "alice"),
        {method: "GET", path: "/v1/users/bob/messages", query: {limit: 5}});
    assert.deepEqual(routeOf("room.join", {target: "wcchat://rooms/lab"}, "alice"),
        {method: "PUT", path: "/v1/rooms/lab/members/alice", body: {}});
    assert.throws(() => routeOf("room.get", {target: "wcchat://rooms/../x"}, "alice"), TypeError);
    assert.throws(() => routeOf("nonsense", {}, "alice"), TypeError);
});

test("waiting times double up to a limit, each between half and all", () => {
    const least = new Backoff({firstMs: 100, mostMs: 1000, random: () => 0});
    assert.deepEqual(Array.from({length: 6}, () => least.next()), [50, 100, 200, 400, 500, 500]);
    const most = new Backoff({firstMs: 100, mostMs: 1000, random: () => 1});
    assert.deepEqual(Array.from({length: 3}, () => most.next()), [100, 200, 400]);
    most.reset();
    assert.equal(most.next(), 100);
});
