import {Backoff} from "./backoff.js";
import {Cursors} from "./cursors.js";
import {Emitter} from "./emitter.js";
import {ChatError} from "./errors.js";
import {routeOf} from "./routes.js";
import {CLOSE, Session} from "./session.js";

const defaults = {
    timeoutMs: 15000, // of a request, and of opening a session
    pingTimeoutMs: 6000,
    renewBeforeMs: 60000, // a session gets a new token this long before the old one ends
    steadyMs: 5000, // a session that held so long was no failed attempt
    random: Math.random,
    now: Date.now,
};

/** After so many failures in a row the token is checked: a browser doesn't say why a connection was refused. */
const FAILURES_BEFORE_CHECK = 3;

/**
 * A session that is kept up: it connects, resumes where the last one ended, renews its token, and connects again when
 * it must. No DOM; the carrier is a transport (websocket.js).
 *
 * Emits
 *   state   {state, retryAt, reason} whenever it changes; states: idle, connecting, live, waiting (until retryAt),
 *           stopped; reasons: "", lost, draining, unreachable, token
 *   open    {fresh} a session is open; fresh: it starts after the heads, else it goes on where the last one ended
 *   event   one CloudEvent; stored ones in order of seq and each once
 *   resync  {target?} events were missed: fetch that conversation again, or all of them
 */
export class Client extends Emitter {
    #session = null;
    #timer = null; // the next attempt
    #liveSince = 0;
    #refusals = 0; // tokens refused in a row
    #run = 0; // counts attempts: what an earlier one still awaits is void

    constructor({rest, tokens, transport, backoff, ...options}) {
        super();
        this.rest = rest;
        this.tokens = tokens;
        this.transport = transport;
        this.options = {...defaults, ...options};
        this.cursors = new Cursors();
        this.backoff = new Backoff({random: this.options.random, ...backoff});
        this.status = {state: "idle", retryAt: 0, reason: ""};
        tokens.on("signedout", () => this.stop());
    }

    get live() {
        return this.status.state === "live";
    }

    start() {
        if (["idle", "stopped"].includes(this.status.state))
            this.#connect();
    }

    /** Ends the session; `start` begins a new one. */
    stop() {
        this.#drop();
        this.cursors.forget();
        this.backoff.reset();
        this.#refusals = 0;
        this.#become("stopped");
    }

    /** Something changed outside (network back, page shown): try at once, or see whether the session still lives. */
    wake() {
        if (this.status.state === "waiting")
            this.#connect();
        else if (this.live)
            this.#session.check(Math.min(4000, this.options.pingTimeoutMs));
    }

    /** One operation on the session's connection. Rejects with `offline` when there is none. */
    send(op, args, timeoutMs) {
        if (!this.live)
            return Promise.reject(new ChatError("offline", "There is no connection."));
        return this.#session.request(op, args, timeoutMs);
    }

    /** One operation over HTTP. A token that turns out to be no good is replaced once. */
    async call(op, args = {}) {
        const {method, path, query, body} = routeOf(op, args, this.tokens.user);
        const token = await this.tokens.access();
        try {
            return await this.rest.request(method, path, {query, body, token});
        } catch (error) {
            if (error.code !== "unauthenticated")
                throw error;
            return this.rest.request(method, path, {query, body, token: await this.tokens.refresh()});
        }
    }

    #become(state, {retryAt = 0, reason = ""} = {}) {
        this.status = {state, retryAt, reason};
        this.emit("state", this.status);
    }

    async #connect() {
        this.#drop();
        this.#become("connecting", {reason: this.status.reason});
        await this.#withToken(() => this.tokens.access(), (token) => this.#open(token));
    }

    /** The token was refused, or may be the reason: a new one decides whether one is still signed in. */
    async #renewAndConnect() {
        this.#drop();
        this.#become("connecting", {reason: "token"});
        const pauseMs = this.#refusals++ > 0 ? this.backoff.next() : 0;
        await this.#withToken(async () => {
            await new Promise((resolve) => setTimeout(resolve, pauseMs));
            return this.tokens.refresh();
        }, (token) => this.#open(token));
    }

    async #withToken(get, use) {
        const run = this.#run;
        try {
            const token = await get();
            if (run === this.#run)
                use(token);
        } catch (error) {
            if (run === this.#run && error.code !== "signed_out")
                this.#wait("unreachable", {atLeastMs: error.retryAfter * 1000});
        }
    }

    #open(token) {
        const {transport, tokens, cursors, options} = this;
        this.#session = new Session({transport, token, tokens, cursors, options, handlers: {
            opened: (fresh) => this.#opened(fresh),
            event: (event) => this.emit("event", event),
            resync: (target) => this.emit("resync", {target}),
            closed: (code, retryMs) => this.#closed(code, retryMs),
        }});
    }

    #opened(fresh) {
        this.#liveSince = this.options.now();
        this.#refusals = 0;
        this.#become("live");
        this.emit("open", {fresh});
    }

    #closed(code, retryMs) {
        if (this.live && this.options.now() - this.#liveSince >= this.options.steadyMs)
            this.backoff.reset();
        this.#session = null;
        if (code === CLOSE.expired || code === CLOSE.revoked)
            this.#renewAndConnect();
        else if (code === CLOSE.draining && this.backoff.attempt === 0)
            this.#wait("draining", {soon: true});
        else
            this.#wait(code === CLOSE.draining ? "draining" : "lost", {atLeastMs: retryMs});
    }

    /** `soon`: within a second, spread so that a worker's clients don't all come at once. */
    #wait(reason, {atLeastMs = 0, soon = false}) {
        const step = this.backoff.next();
        const ms = soon ? Math.round(this.options.random() * 1000) : Math.max(step, atLeastMs || 0);
        const check = this.backoff.attempt % (FAILURES_BEFORE_CHECK + 1) === FAILURES_BEFORE_CHECK;
        this.#timer = setTimeout(() => (check ? this.#renewAndConnect() : this.#connect()), ms);
        this.#become("waiting", {retryAt: this.options.now() + ms, reason});
    }

    /** Lets go of session and timer; whatever an earlier attempt still awaits is void. */
    #drop() {
        this.#run++;
        clearTimeout(this.#timer);
        this.#session?.close();
        this.#session = null;
    }
}
