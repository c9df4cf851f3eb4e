import {Connection} from "./connection.js";

/** Close codes of the server (docs: WebSocket). */
export const CLOSE = {normal: 1000, away: 1001, lost: 1006, draining: 1012, expired: 4401, revoked: 4403};

/**
 * One session on one connection, from opening to its end: says where it goes on, notices a dead peer, and renews its
 * token in time.
 *
 * `handlers`: opened(fresh), event(event), resync(target), closed(code, retryMs), the last one once and not after
 * `close`.
 */
export class Session {
    #timers = new Set();
    #checking = false;
    #over = false;
    #id = null;

    constructor({transport, token, tokens, cursors, options, handlers}) {
        Object.assign(this, {tokens, cursors, options, handlers});
        this.connection = new Connection({
            event: (event) => this.#over || this.#event(event),
            closed: (code) => this.#end(code),
        }, options);
        this.#after(options.timeoutMs, () => this.#id === null && this.#end(CLOSE.away));
        this.link = transport(token, {
            opened: () => this.#over || this.#open(),
            received: (text) => this.#over || this.connection.received(text),
            closed: (code, reason) => this.connection.closed(code, reason),
        });
        this.connection.attach(this.link);
    }

    request(op, args, timeoutMs) {
        return this.connection.request(op, args, timeoutMs);
    }

    /** Is the other side there? Any answer shows it, a refusal too; none within the time ends the connection. */
    async check(timeoutMs) {
        if (this.#checking || this.#over)
            return;
        this.#checking = true;
        try {
            const cursors = this.link.acknowledged ? this.cursors.toJSON() : undefined;
            await this.request("session.ping", {session: this.#id, cursors}, timeoutMs);
        } catch (error) {
            if (error.code === "timeout" || error.code === "not_found")
                this.#end(CLOSE.away);
        } finally {
            this.#checking = false;
        }
    }

    close() {
        if (this.#over)
            return;
        if (this.#id !== null)
            this.request("session.close", {session: this.#id}).catch(() => {});
        this.handlers = null;
        this.#end(CLOSE.normal);
    }

    async #open() {
        const fresh = this.cursors.size === 0;
        try {
            const args = fresh ? {} : {cursors: this.cursors.toJSON()};
            if (this.link.session)
                args.session = this.link.session;
            this.#opened(await this.request("session.open", args), fresh);
        } catch (error) {
            this.#end(error.code === "unauthenticated" ? CLOSE.expired : CLOSE.lost, error.retryAfter * 1000);
        }
    }

    #opened(opened, fresh) {
        if (this.#over)
            return;
        this.#id = opened.session ?? "";
        // Events may have come before this answer; what they said of a place is later than what it says.
        if (fresh)
            for (const [target, id] of Object.entries(opened.cursors || {}))
                this.cursors.place(target, id);
        this.#beat(Math.max(5, opened.ping_s || 30) * 1000);
        this.#renewAfter(opened.expires_in || this.tokens.leftMs / 1000);
        this.handlers.opened(fresh);
    }

    #event(event) {
        if (String(event.type).endsWith(".resync")) {
            this.cursors.forget(event.data?.target);
            this.handlers.resync(event.data?.target);
        } else if (this.cursors.take(event)) {
            this.handlers.event(event);
        }
    }

    #beat(ms) {
        this.#after(ms, () => {
            if (this.link.acknowledged || this.options.now() - this.connection.heardAt >= ms / 2)
                this.check(this.options.pingTimeoutMs);
            this.#beat(ms);
        });
    }

    #renewAfter(seconds) {
        const ms = seconds * 1000;
        this.#after(Math.max(ms - this.options.renewBeforeMs, ms / 2), () => this.#renew());
    }

    async #renew() {
        try {
            const access_token = await this.tokens.refresh();
            const answer = await this.request("session.auth", {access_token});
            this.#renewAfter(answer.expires_in || this.tokens.leftMs / 1000);
        } catch (error) {
            if (error.temporary)
                this.#after(10000, () => this.#renew());
        }
    }

    #after(ms, work) {
        if (this.#over)
            return;
        const timer = setTimeout(() => {
            this.#timers.delete(timer);
            work();
        }, ms);
        this.#timers.add(timer);
    }

    #end(code, retryMs = 0) {
        if (this.#over)
            return;
        this.#over = true;
        this.#timers.forEach(clearTimeout);
        this.connection.close(CLOSE.normal);
        this.handlers?.closed(code, retryMs);
    }
}
