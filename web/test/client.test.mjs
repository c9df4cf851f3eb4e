import assert from "node:assert/strict";
import {afterEach, test} from "node:test";
import {CLOSE} from "../client/index.js";
import {FakeServer, reached, signedIn} from "../testing/fake-server.mjs";

const GENERAL = "wcchat://rooms/general";
const LAB = "wcchat://rooms/lab";
let client, server;

async function live(options) {
    server = new FakeServer();
    const made = await signedIn(server, options);
    client = made.client;
    client.start();
    await reached(client, "live");
    return made;
}

const opensOf = (s) => s.links.flatMap((link) => link.requests.filter((r) => r.op === "session.open"));

afterEach(() => client?.stop());

test("opens a session with the token, and says that it is fresh", async () => {
    server = new FakeServer();
    ({client} = await signedIn(server));
    const opened = new Promise((resolve) => client.on("open", resolve));
    client.start();
    assert.deepEqual(await opened, {fresh: true});
    assert.equal(server.link.token, "access-1");
    assert.deepEqual(Object.keys(opensOf(server)[0]).sort(), ["id", "op"]);
});

test("answers find their requests in any order", async () => {
    await live();
    const first = client.send("a", {x: 1}), second = client.send("b");
    const [a, b] = server.link.requests.slice(-2);
    assert.notEqual(a.id, b.id);
    assert.equal(a.x, 1);
    server.answer(server.link, b, {n: 2});
    server.answer(server.link, a, {n: 1});
    assert.deepEqual([await first, await second], [{n: 1}, {n: 2}]);
});

test("a refusal has the server's code, words and waiting time", async () => {
    await live();
    server.answers["message.send"] = () => ({error: {code: "rate_limited", title: "Too fast", retry_ms: 250}});
    await assert.rejects(client.send("message.send"), {code: "rate_limited", message: "Too fast", retryAfter: 0.25, temporary: true});
});

test("no answer in time", async () => {
    await live();
    await assert.rejects(client.send("silence", {}, 10), {code: "timeout"});
});

test("requests under way end with the connection; without one there are none", async () => {
    await live();
    const request = client.send("silence");
    server.close(1006);
    await assert.rejects(request, {code: "disconnected"});
    await assert.rejects(client.send("x"), {code: "offline"});
});

test("drops what is not above the last seq, of each conversation apart", async () => {
    const {seen} = await live();
    for (const seq of [1, 2, 2, 1, 3])
        server.message(GENERAL, seq);
    server.message(LAB, 1);
    server.event("typing", {target: LAB});
    server.event("typing", {target: LAB});
    const typing = "com.wasmcloud.chat.events.typing";
    assert.deepEqual(seen, [1, 2, 3, 1, typing, typing]);
});

test("goes on where the last session ended", async () => {
    const {seen} = await live();
    server.message(GENERAL, 7);
    const reopened = new Promise((resolve) => client.on("open", resolve));
    server.close(1006);
    assert.deepEqual(await reopened, {fresh: false});
    assert.deepEqual(opensOf(server)[1].cursors, {[GENERAL]: "1000-7"});
    server.message(GENERAL, 7);
    server.message(GENERAL, 8);
    assert.deepEqual(seen, [7, 8]);
});

test("starts with the cursors that the server gave, and with what was placed", async () => {
    server = new FakeServer();
    server.answers["session.open"] = () => ({session: "s", cursors: {[GENERAL]: "1000-5"}, ping_s: 30, expires_in: 900});
    const {client: c, seen} = await signedIn(server);
    client = c;
    client.start();
    await reached(client, "live");
    client.cursors.place(GENERAL, "1000-9"); // known already: stays
    client.cursors.place(LAB, "1000-3");
    for (const [target, seq] of [[GENERAL, 5], [GENERAL, 6], [LAB, 3], [LAB, 4]])
        server.message(target, seq);
    assert.deepEqual(seen, [6, 4]);
});

test("events before the answer to session.open count", async () => {
    server = new FakeServer();
    delete server.answers["session.open"];
    const {client: c, seen} = await signedIn(server);
    client = c;
    client.start();
    const request = await server.until((s) => s.link?.requests[0]);
    server.message(GENERAL, 6);
    server.answer(server.link, request, {session: "s", cursors: {[GENERAL]: "1000-5"}, ping_s: 30, expires_in: 900});
    await reached(client, "live");
    server.message(GENERAL, 6);
    assert.deepEqual(seen, [6]);
});

test("resync forgets the place and is passed on", async () => {
    const {seen} = await live();
    server.message(GENERAL, 9);
    server.event("resync", {target: GENERAL});
    server.message(GENERAL, 2);
    server.event("resync", {});
    assert.equal(client.cursors.size, 0);
    assert.deepEqual(seen, [9, `resync ${GENERAL}`, 2, "resync "]);
});

test("a draining worker is left at once, without back-off", async () => {
    await live({backoff: {firstMs: 60000}});
    server.close(CLOSE.draining);
    const {reason, retryAt} = await reached(client, "waiting");
    assert.equal(reason, "draining");
    assert.ok(retryAt - Date.now() < 1000);
    await reached(client, "live");
});

test("waits longer and longer, says until when, and tries at once when woken", async () => {
    await live({backoff: {firstMs: 30000, mostMs: 60000}});
    server.close(1006);
    const first = client.status;
    assert.equal(first.state, "waiting");
    assert.ok(first.retryAt - Date.now() > 14000);
    client.wake();
    assert.equal(client.status.state, "connecting");
    await reached(client, "live");
    server.close(1006);
    assert.ok(client.status.retryAt - Date.now() > 29000);
});

test("an expired token is replaced, and the session resumed", async () => {
    await live();
    server.message(GENERAL, 3);
    server.close(CLOSE.expired);
    await server.until((s) => s.links.length === 2);
    await reached(client, "live");
    assert.equal(server.link.token, "access-2");
    assert.deepEqual(opensOf(server)[1].cursors, {[GENERAL]: "1000-3"});
});

test("revoked and not renewable: signed out, and no more attempts", async () => {
    const {tokens} = await live();
    let out = 0;
    tokens.on("signedout", () => out++);
    server.refusing = "unauthenticated";
    server.close(CLOSE.revoked);
    await reached(client, "stopped");
    assert.equal(out, 1);
    assert.equal(tokens.user, null);
    assert.equal(server.links.length, 1);
});

test("when the server is away, a refused token is no reason to sign out", async () => {
    const {tokens} = await live();
    server.refusing = "offline";
    server.close(CLOSE.expired);
    assert.equal((await reached(client, "waiting")).reason, "unreachable");
    assert.equal(tokens.user, "alice");
    server.refusing = null;
    await reached(client, "live");
});

test("the token is renewed on the open session before it ends", async () => {
    server = new FakeServer();
    server.answers["session.open"] = () => ({session: "s", cursors: {}, ping_s: 30, expires_in: 0.02});
    server.answers["session.auth"] = () => ({expires_in: 900});
    ({client} = await signedIn(server));
    client.start();
    const request = await server.until((s) => s.link?.requests.find((r) => r.op === "session.auth"));
    assert.equal(request.access_token, "access-2");
    assert.equal(server.links.length, 1);
});

test("a peer that doesn't answer any more is noticed and left", async () => {
    await live();
    delete server.answers["session.ping"];
    const dead = server.link;
    client.wake();
    await server.until((s) => s.links.length === 2);
    assert.ok(dead.over);
    await reached(client, "live");
});

test("a refused ping is an answer, too", async () => {
    await live();
    server.answers["session.ping"] = () => ({error: {code: "bad_request"}});
    client.wake();
    await server.until((s) => s.link.requests.some((r) => r.op === "session.ping"));
    await client.send("session.ping").catch(() => {});
    assert.equal(server.links.length, 1);
    assert.ok(client.live);
});

test("a connection that never opens is given up", async () => {
    server = new FakeServer();
    server.accepting = false;
    ({client} = await signedIn(server, {timeoutMs: 10}));
    client.start();
    await server.until((s) => s.links.length === 2);
    assert.ok(server.links[0].over);
});

test("stopped while a token is on its way: nothing is opened with it", async () => {
    const {tokens} = await live();
    server.close(CLOSE.expired);
    client.stop();
    await tokens.refresh(); // the one that is under way
    await Promise.resolve();
    assert.equal(server.links.length, 1);
    assert.equal(client.status.state, "stopped");
});

test("stopped means stopped: what a link says later is void", async () => {
    const {seen} = await live();
    const {link} = server;
    client.stop();
    server.message(GENERAL, 1, "late", link);
    link.handlers.closed(1006, "");
    assert.deepEqual(seen, []);
    assert.equal(client.status.state, "stopped");
    assert.equal(server.links.length, 1);
});
