import {seqOf} from "../../client/cursors.js";
import {isDirect} from "../names.js";
import {itemOf, reacted, SHOWN} from "./item.js";
import {Outbox} from "./outbox.js";

const PAGE = 60;
const ENOUGH = 25; // messages of a first page; people who come and go don't count
const MARKER_PAGES = 25; // of 200, to go back to what is new
const KEPT = 300; // items, of many more, when nobody looks at them

/** One conversation as it is shown: what is loaded of its history, what is new, what is being sent, and the room. */
export class Timeline {
    #loading = null;
    #roomSeq = 0; // what is known of the room holds from here on

    constructor(client, target, changed) {
        Object.assign(this, {client, target, changed});
        this.items = []; // stored events, ascending
        this.next = null; // where older ones go on
        this.state = "new"; // loading, ready, failed
        this.error = null;
        this.older = {busy: false, error: null};
        this.room = null;
        this.readId = null; // what was read when it was opened; null: no marker
        this.unreadThen = 0;
        this.seen = null; // of a direct conversation: the peer has read up to here
        this.delivered = null;
        this.about = null; // what is being written: {kind: reply or edit, item}; null: something new
        this.outbox = new Outbox(client, target, {
            changed,
            posted: (sent) => this.add({type: "messagepublished", from: client.tokens.user, via: "web", ...sent}),
        });
    }

    /** The newest page, in place of what there is but for what is newer still. */
    load() {
        this.#loading ||= this.#load().finally(() => (this.#loading = null));
        return this.#loading;
    }

    async #load() {
        this.state = this.state === "ready" ? "ready" : "loading";
        this.changed();
        try {
            const [page, room] = await Promise.all([this.#newest(), this.#details()]);
            const last = page.items.at(-1)?.seq || 0;
            this.items = [...page.items, ...this.items.filter((i) => i.seq > last)];
            this.next = page.next;
            this.room = room;
            this.#roomSeq = Math.max(this.#roomSeq, last);
            this.state = "ready";
            this.error = null;
        } catch (error) {
            this.error = error;
            this.state = this.items.length > 0 && error.temporary ? "ready" : "failed";
        }
        this.changed();
    }

    async #newest() {
        let page = await this.#history({}), all = page.items;
        for (let i = 0; i < 3 && page.next && all.filter((x) => x.type === "messagepublished").length < ENOUGH; i++) {
            page = await this.#history({before: page.next});
            all = [...page.items, ...all];
        }
        return {items: all, next: page.next};
    }

    #history(args) {
        return this.client.call("message.history", {target: this.target, limit: PAGE, types: SHOWN.join(","), ...args});
    }

    #details() {
        return isDirect(this.target) ? null : this.client.call("room.get", {target: this.target});
    }

    /** Topic, description and one's own role anew; a room that one can't look into any more is not shown any more. */
    async loadRoom() {
        if (this.state === "failed")
            return this.load();
        try {
            this.room = await this.#details();
        } catch (error) {
            if (!["not_found", "banned"].includes(error.code))
                return; // what is known stays
            Object.assign(this, {state: "failed", error, items: [], room: null});
        }
        this.changed();
    }

    /** Does the mark of what is new lie further back than what is loaded? */
    get markerBefore() {
        return this.readId !== null && this.next !== null && this.items[0]?.seq > seqOf(this.readId);
    }

    async loadToMarker() {
        for (let i = 0; i < MARKER_PAGES && this.markerBefore && !this.older.error; i++)
            await this.loadOlder(200);
    }

    async loadOlder(limit = PAGE) {
        if (!this.next || this.older.busy)
            return;
        const before = this.next;
        this.older = {busy: true, error: null};
        this.changed();
        try {
            const page = await this.#history({before, limit});
            if (this.next === before) { // else what they would stand above was let go of meanwhile
                const first = this.items[0]?.seq ?? Infinity;
                this.items = [...page.items.filter((i) => i.seq < first), ...this.items];
                this.next = page.next;
            }
            this.older = {busy: false, error: null};
        } catch (error) {
            this.older = {busy: false, error};
        }
        this.changed();
    }

    event(event) {
        const item = itemOf(event);
        if (item.type === "messageedited")
            this.#replace(event.data.id, (i) => ({...i, text: event.data.text, mentions: event.data.mentions, edited: event.time}));
        else if (item.type === "messagedeleted")
            this.items = this.items.filter((i) => i.id !== event.data.id);
        else if (item.type === "reactionchanged")
            this.#replace(event.data.id, (i) => ({...i, reactions: reacted(i.reactions, event.data)}));
        else if (SHOWN.includes(item.type))
            this.add(item);
        if (this.room)
            this.#roomEvent(item);
    }

    #roomEvent({type, seq, room, user, role}) {
        const by = {userjoined: 1, userleft: -1}[type];
        if (type === "roomupdated")
            this.room = {...this.room, ...room, ...(role && user === this.client.tokens.user && {role})};
        else if (by && seq > this.#roomSeq)
            this.room = {...this.room, members: this.room.members + by};
        this.#roomSeq = Math.max(this.#roomSeq, seq);
    }

    /** One item in its place; one that was there before gives way, as an echo knows less than the event. */
    add(item) {
        if (item.client_id && item.from === this.client.tokens.user)
            this.outbox.remove(item.client_id);
        if (this.state === "new")
            return;
        let at = this.items.length;
        while (at > 0 && this.items[at - 1].seq > item.seq)
            at--;
        const there = at > 0 && this.items[at - 1].seq === item.seq;
        this.items = [...this.items.slice(0, there ? at - 1 : at), item, ...this.items.slice(at)];
        this.changed();
    }

    #replace(id, change) {
        this.items = this.items.map((i) => (i.id === id ? change(i) : i));
    }

    /** What is written from now on is a reply to a message, or its new text. */
    write(about) {
        this.about = about;
        this.changed();
    }

    /** A receipt in a direct conversation. */
    receipt(kind, id) {
        if (seqOf(id) > seqOf(this[kind]))
            this[kind] = id;
    }

    /** Nobody looks at it any more. */
    leave() {
        this.readId = null;
        this.trim();
    }

    /** Lets go of what is far back: it can be fetched again. */
    trim() {
        if (this.items.length <= 2 * KEPT)
            return;
        this.items = this.items.slice(-KEPT);
        this.next = this.items[0].id;
    }
}
