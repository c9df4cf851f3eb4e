// Chance that can be repeated: the same seed makes the same choices in the same order.
import crypto from 'node:crypto';

export class Random {
    #seed;
    #count = 0;

    constructor(seed) {
        this.#seed = seed;
    }

    /** A whole number from 0 up to but not including `n`. */
    below(n) {
        return crypto.createHash('sha256').update(`${this.#seed} ${this.#count++}`).digest().readUIntBE(0, 6) % n;
    }

    pick(list) {
        return list[this.below(list.length)];
    }

    /** The same things in another order. */
    shuffled(list) {
        const rest = [...list], out = [];
        while (rest.length > 0)
            out.push(rest.splice(this.below(rest.length), 1)[0]);
        return out;
    }
}
