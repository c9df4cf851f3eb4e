const MOST = 1000;

/** The members of one room, with their roles; who of them is online is Presence's. */
export class Members {
    #again = null;

    constructor(client, presence, target, changed) {
        Object.assign(this, {client, presence, target, changed});
        this.list = null;
        this.more = false;
        this.error = null;
    }

    async load() {
        try {
            const list = [];
            let cursor = null;
            do {
                const page = await this.client.call("room.members", {target: this.target, limit: 200, cursor});
                list.push(...page.items);
                cursor = page.next;
            } while (cursor && list.length < MOST);
            list.forEach((member) => this.presence.note(member));
            Object.assign(this, {list, more: Boolean(cursor), error: null});
        } catch (error) {
            this.error = error;
        }
        this.changed();
    }

    event(type, data) {
        if (this.list && type === "roomupdated" && data.role) {
            this.list = this.list.map((m) => (m.user === data.user ? {...m, role: data.role} : m));
            this.changed();
        }
        if (!this.list || (type !== "userjoined" && type !== "userleft"))
            return;
        const others = this.list.filter((m) => m.user !== data.user);
        this.list = type === "userleft" ? others : [...others, {user: data.user, role: "member"}];
        clearTimeout(this.#again);
        this.#again = setTimeout(() => this.load(), 1500); // roles, presence
    }

    /** [{user, role, status, channels}], who is online first. */
    get sorted() {
        const shown = (this.list || []).map((m) => ({...this.presence.of(m.user), user: m.user, role: m.role}));
        const away = (m) => (m.status === "offline" ? 1 : 0);
        return shown.sort((a, b) => away(a) - away(b) || a.user.localeCompare(b.user));
    }
}
