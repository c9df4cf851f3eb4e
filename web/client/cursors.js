/** The number that a message id ends with, or 0 for what isn't stored. */
export function seqOf(id) {
    const match = /^\d+-(\d+)$/.exec(id || "");
    return match ? Number(match[1]) : 0;
}

/**
 * A session's place in each of its conversations, by target: the id of the last stored event seen. It decides what is
 * new and is what a session resumes with.
 */
export class Cursors {
    #ids = new Map();

    /** True when the event is to be shown: it isn't stored, or is above the last one seen, which it becomes. */
    take(event) {
        const target = event.data?.target;
        const seq = event.data?.seq;
        if (!target || !seq)
            return true;
        if (seq <= seqOf(this.#ids.get(target)))
            return false;
        this.#ids.set(target, event.id);
        return true;
    }

    /** Says where a conversation stands, if that isn't known. */
    place(target, id) {
        if (!this.#ids.has(target) && seqOf(id) > 0)
            this.#ids.set(target, id);
    }

    /** Forgets one conversation, or all: the next event is taken whatever its number. */
    forget(target) {
        if (target)
            this.#ids.delete(target);
        else
            this.#ids.clear();
    }

    get(target) {
        return this.#ids.get(target);
    }

    get size() {
        return this.#ids.size;
    }

    /** {target: id}, as `session.open` takes it. */
    toJSON() {
        return Object.fromEntries(this.#ids);
    }
}
