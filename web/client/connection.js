import {ChatError, errorFrom} from "./errors.js";

/**
 * Requests and events on one link. Answers may come in any order; each request is answered, times out, or is rejected
 * when the link ends.
 */
export class Connection {
    #link;
    #pending = new Map();
    #number = 0;
    #over = false;

    /** `handlers`: event(cloudEvent), closed(code, reason). */
    constructor(handlers, {timeoutMs = 15000, now = Date.now} = {}) {
        Object.assign(this, {handlers, timeoutMs, now});
        /** When something last came. */
        this.heardAt = now();
    }

    attach(link) {
        this.#link = link;
    }

    request(op, args = {}, timeoutMs = this.timeoutMs) {
        if (this.#over || !this.#link)
            return Promise.reject(new ChatError("offline", "There is no connection."));
        const id = String(++this.#number);
        return new Promise((resolve, reject) => {
            const timer = setTimeout(() => {
                this.#pending.delete(id);
                reject(new ChatError("timeout", "The server did not answer in time."));
            }, timeoutMs);
            this.#pending.set(id, {resolve, reject, timer});
            try {
                this.#link.send(JSON.stringify({...args, id, op}));
            } catch {
                this.closed(1006, "");
            }
        });
    }

    /** To be called with each text that comes. */
    received(text) {
        let message;
        try {
            message = JSON.parse(text);
        } catch {
            return;
        }
        this.heardAt = this.now();
        if (message && typeof message === "object" && "re" in message)
            this.#answered(message);
        else if (message?.specversion)
            this.handlers.event(message);
    }

    #answered(message) {
        const request = this.#pending.get(String(message.re));
        if (!request)
            return;
        this.#pending.delete(String(message.re));
        clearTimeout(request.timer);
        if (message.ok)
            request.resolve(message.result ?? {});
        else
            request.reject(errorFrom(message.error));
    }

    /** To be called when the link ended. */
    closed(code, reason) {
        if (this.#over)
            return;
        this.#over = true;
        for (const {reject, timer} of this.#pending.values()) {
            clearTimeout(timer);
            reject(new ChatError("disconnected", "The connection was lost before the answer came."));
        }
        this.#pending.clear();
        this.handlers.closed(code, reason);
    }

    close(code, reason) {
        this.#link?.close(code, reason);
        this.closed(code ?? 1000, reason ?? "");
    }
}
