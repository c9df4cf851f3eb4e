/** Waiting times between attempts: doubling up to a limit, each with a random part so that clients don't come in step. */
export class Backoff {
    #attempt = 0;

    constructor({firstMs = 1000, mostMs = 30000, random = Math.random} = {}) {
        Object.assign(this, {firstMs, mostMs, random});
    }

    get attempt() {
        return this.#attempt;
    }

    /** Milliseconds until the next attempt: between half and all of the step. */
    next() {
        const step = Math.min(this.mostMs, this.firstMs * 2 ** Math.min(this.#attempt++, 16));
        return Math.round(step / 2 + (this.random() * step) / 2);
    }

    reset() {
        this.#attempt = 0;
    }
}
