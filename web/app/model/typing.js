const TOLD_EVERY_MS = 3000;
const SHOWN_MS = 6000;

/** Who is writing where; and telling others that one is, now and then. */
export class Typing {
    #people = new Map(); // target → Map of user → timer
    #told = new Map(); // target → when
    #off = false;

    constructor(client, changed) {
        Object.assign(this, {client, changed});
    }

    in(target) {
        return [...(this.#people.get(target)?.keys() || [])].sort();
    }

    heard(target, user) {
        if (!this.#people.has(target))
            this.#people.set(target, new Map());
        const people = this.#people.get(target);
        clearTimeout(people.get(user));
        people.set(user, setTimeout(() => this.stopped(target, user), SHOWN_MS));
    }

    stopped(target, user) {
        const people = this.#people.get(target);
        if (!people?.has(user))
            return;
        clearTimeout(people.get(user));
        people.delete(user);
        this.changed();
    }

    /** To be called with every key; a server that doesn't know of it isn't told any more. */
    tell(target) {
        const now = Date.now();
        if (this.#off || !this.client.live || now - (this.#told.get(target) || 0) < TOLD_EVERY_MS)
            return;
        this.#told.set(target, now);
        this.client.send("typing", {target}).catch((error) => {
            this.#off ||= !error.temporary && !["forbidden", "not_a_member", "banned", "not_found"].includes(error.code);
        });
    }

    /** The message went off: the next key tells again. */
    sent(target) {
        this.#told.delete(target);
    }
}
