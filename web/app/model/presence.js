const OFFLINE = {status: "offline", channels: []};

/** Who is online, and on which channels: asked for once, then kept up by events. */
export class Presence {
    #people = new Map();
    #versions = new Map();

    constructor(client, changed) {
        Object.assign(this, {client, changed});
    }

    of(user) {
        return this.#people.get(user) || OFFLINE;
    }

    get online() {
        return [...this.#people].filter(([, p]) => p.status !== "offline").map(([user]) => user);
    }

    async load() {
        try {
            const people = new Map();
            let cursor = null;
            do {
                const page = await this.client.call("presence.query", {limit: 200, cursor});
                for (const p of page.items)
                    people.set(p.user, p);
                cursor = page.next;
            } while (cursor && people.size < 1000);
            this.#people = people;
            this.changed();
        } catch { /* what is known stays, and is asked for again with the next session */ }
    }

    /** What another answer says by the way. */
    note({user, status, channels = [], text}) {
        const before = this.of(user);
        if (status)
            this.#people.set(user, {user, status, channels, text: text ?? (before.status === status ? before.text : undefined)});
    }

    event({user, status, channels = [], text, version = 0}) {
        if (version && version <= (this.#versions.get(user) || 0))
            return;
        this.#versions.set(user, version);
        const there = channels.length > 0;
        this.#people.set(user, {user, text, channels, status: there ? status || "online" : "offline"});
    }
}
