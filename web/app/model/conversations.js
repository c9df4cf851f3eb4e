import {seqOf} from "../../client/cursors.js";
import {isDirect, labelOf} from "../names.js";
import {itemOf, typeOf} from "./item.js";

/** The conversations one is in, with what is unread in each: a list from the server, kept up by events. */
export class Conversations {
    #meanwhile = null; // events that came while a list was on its way
    #again = null;

    constructor(client, changed) {
        Object.assign(this, {client, changed});
        this.all = new Map();
        this.loaded = false;
        this.error = null;
    }

    get(target) {
        return this.all.get(target);
    }

    get rooms() {
        return [...this.all.values()].filter((c) => !isDirect(c.target))
            .sort((a, b) => labelOf(a.target).localeCompare(labelOf(b.target)));
    }

    get directs() {
        return [...this.all.values()].filter((c) => isDirect(c.target))
            .sort((a, b) => Date.parse(b.last?.time || 0) - Date.parse(a.last?.time || 0));
    }

    get unread() {
        return [...this.all.values()].reduce((sum, c) => sum + (isDirect(c.target) ? c.unread : c.mentions), 0);
    }

    async load() {
        if (this.#meanwhile)
            return this.reload();
        this.#meanwhile = [];
        try {
            const rows = await this.#fetch();
            this.#take(rows);
            this.loaded = true;
            this.error = null;
        } catch (error) {
            this.error = error;
            if (error.temporary)
                this.reload(Math.max(5, error.retryAfter) * 1000);
        }
        this.#meanwhile = null;
        this.changed();
    }

    /** Soon: several reasons for it make one request. */
    reload(ms = 250) {
        this.#again ||= setTimeout(() => {
            this.#again = null;
            this.load();
        }, ms);
    }

    async #fetch() {
        const rows = [];
        let cursor = null;
        do {
            const page = await this.client.call("conversation.list", {limit: 200, cursor});
            rows.push(...page.items);
            cursor = page.next;
        } while (cursor);
        return rows;
    }

    #take(rows) {
        this.all = new Map(rows.map((row) => [row.target, {...row}]));
        for (const row of rows)
            this.client.cursors.place(row.target, row.head);
        const events = this.#meanwhile;
        for (const [event, me] of events)
            this.#apply(event, me);
    }

    event(event, me) {
        this.#meanwhile?.push([event, me]);
        this.#apply(event, me);
    }

    #apply(event, me) {
        const type = typeOf(event), {target} = event.data, c = this.all.get(target);
        if (type === "conversationadded" || (!c && event.data.seq && !this.#meanwhile))
            this.reload();
        else if (type === "conversationremoved" || type === "roomdeleted" || (type === "userleft" && event.data.user === me))
            this.all.delete(target);
        else if (type === "messageread" && event.data.from === me && c)
            this.#read(c, event.data.id);
        else if (c && event.data.seq > seqOf(c.head))
            this.#stored(c, event, type, me);
    }

    #stored(c, event, type, me) {
        c.head = event.id;
        if (type !== "messagepublished")
            return;
        c.last = itemOf(event);
        if (event.data.from === me) {
            this.#read(c, event.id);
            return;
        }
        c.unread++;
        if (event.data.mentions?.includes(me))
            c.mentions++;
    }

    /** Read up to `id`, here or in another session; when something is left, only the server knows how much. */
    #read(c, id) {
        if (seqOf(id) > seqOf(c.read))
            c.read = id;
        if (seqOf(c.read) >= seqOf(c.last?.id))
            c.unread = c.mentions = 0;
        else if (c.unread > 0)
            this.reload();
    }

    /** Everything there is was seen; the server is told. */
    markRead(target) {
        const c = this.all.get(target);
        if (!c || c.unread === 0 || !c.last)
            return;
        this.#read(c, c.last.id);
        this.changed();
        this.client.call("read.mark", {target, id: c.last.id}).catch(() => this.reload(3000));
    }
}
