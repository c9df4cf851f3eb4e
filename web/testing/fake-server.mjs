import {Client, Rest, Tokens, memoryStorage} from "../client/index.js";

/** A server's side of links, and of the two HTTP requests that tokens need, for tests. */
export class FakeServer {
    links = [];
    refreshes = 0;
    refused = 0;
    refusing = null; // "unauthenticated": refresh tokens are; "offline": nothing answers
    answers = {
        "session.open": () => ({session: "s1", cursor: "c", cursors: {}, ping_s: 30, expires_in: 900}),
        "session.ping": () => ({cursors: {}}),
    };
    #waiting = [];

    transport = (token, handlers) => {
        const link = {
            token, handlers, requests: [], over: false,
            send: (text) => this.#request(link, JSON.parse(text)),
            close: (code) => {
                link.over = true;
                link.closedWith ??= code;
            },
        };
        this.links.push(link);
        if (this.accepting !== false)
            queueMicrotask(() => handlers.opened());
        this.#look();
        return link;
    };

    fetch = async (url, {body}) => {
        if (this.refusing === "offline")
            throw new TypeError("fetch failed");
        const path = new URL(url).pathname;
        if (path === "/v1/auth/refresh" || path === "/v1/auth/token")
            return this.#tokens(path, JSON.parse(body));
        return new Response("{}", {status: 200});
    };

    #tokens(path, {refresh_token}) {
        if (path.endsWith("refresh") && (this.refusing || refresh_token !== `refresh-${this.refreshes}`)) {
            this.refused++;
            return new Response('{"code":"unauthenticated"}', {status: 401});
        }
        this.refreshes++;
        const answer = {access_token: `access-${this.refreshes}`, refresh_token: `refresh-${this.refreshes}`, expires_in: this.expiresIn ?? 900};
        return new Response(JSON.stringify(answer), {status: 200});
    }

    get link() {
        return this.links.at(-1);
    }

    #request(link, request) {
        link.requests.push(request);
        const answer = this.answers[request.op];
        if (answer)
            queueMicrotask(() => this.answer(link, request, answer(request)));
        this.#look();
    }

    /** `result`, or {error: {code, …}} */
    answer(link, request, result) {
        const message = result?.error ? {re: request.id, ok: false, error: result.error} : {re: request.id, ok: true, result};
        link.over || link.handlers.received(JSON.stringify(message));
    }

    event(type, data, id = `t-${Math.random()}`, link = this.link) {
        link.handlers.received(JSON.stringify({specversion: "1.0", id, type: `com.wasmcloud.chat.events.${type}`, data}));
    }

    message(target, seq, text = `m${seq}`, link = this.link) {
        this.event("messagepublished", {target, seq, from: "bob", text}, `1000-${seq}`, link);
    }

    /** Ends the newest link as a server would. */
    close(code) {
        this.link.over = true;
        this.link.handlers.closed(code, "");
    }

    /** Resolves with what `condition(server)` gives, when it gives something. */
    until(condition) {
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => reject(new Error(`never: ${condition}`)), 3000);
            this.#waiting.push({condition, resolve: (value) => {
                clearTimeout(timer);
                resolve(value);
            }});
            this.#look();
        });
    }

    #look() {
        this.#waiting = this.#waiting.filter(({condition, resolve}) => {
            const value = condition(this);
            if (value)
                resolve(value);
            return !value;
        });
    }
}

/** A client of it, signed in as alice; nothing takes longer than some milliseconds. */
export async function signedIn(server, options = {}) {
    const rest = new Rest("http://chat.test", {fetch: server.fetch});
    const tokens = new Tokens(rest, {storage: memoryStorage()});
    await tokens.signIn("alice", "secret");
    const client = new Client({rest, tokens, transport: server.transport, backoff: {firstMs: 4, mostMs: 20}, pingTimeoutMs: 20,
        timeoutMs: 200, random: () => 0.01, ...options});
    const seen = [];
    client.on("event", (event) => seen.push(event.data.seq ?? event.type));
    client.on("resync", ({target}) => seen.push(`resync ${target ?? ""}`));
    return {client, tokens, seen};
}

/** Resolves when the client is in that state. */
export function reached(client, state) {
    return new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`not ${state} but ${client.status.state}`)), 3000);
        const look = () => {
            if (client.status.state !== state)
                return;
            clearTimeout(timer);
            off();
            resolve(client.status);
        };
        const off = client.on("state", look);
        look();
    });
}
