import {Client, Rest, Tokens, webSocketTransport, webSocketUrl} from "../../client/index.js";
import {isDirect, nameOf} from "../names.js";
import {loginStorage, oneAtATime, onLoginElsewhere} from "../storage.js";
import {Changes} from "./changes.js";
import {Conversations} from "./conversations.js";
import {typeOf} from "./item.js";
import {Members} from "./members.js";
import {Presence} from "./presence.js";
import {Timeline} from "./timeline.js";
import {Typing} from "./typing.js";

/** All that the pages show, for one user; `drawn` is called when something of it changed. */
export class Chat {
    #timelines = new Map();
    #members = new Map();

    constructor(drawn, base = location.origin) {
        this.changed = new Changes(drawn).changed;
        this.rest = new Rest(base);
        this.tokens = new Tokens(this.rest, {storage: loginStorage, lock: oneAtATime});
        this.client = new Client({
            rest: this.rest,
            tokens: this.tokens,
            transport: webSocketTransport(webSocketUrl(base)),
        });
        this.ready = false; // is it known who is signed in?
        this.ended = false; // did the login end, other than by signing out?
        this.current = null; // the target that is looked at
        this.notice = null; // {text, bad}
        this.client.on("state", this.changed);
        this.client.on("open", ({fresh}) => this.#opened(fresh));
        this.client.on("event", (event) => this.#event(event));
        this.client.on("resync", ({target}) => this.#resync(target));
        this.tokens.on("signedout", ({refused}) => {
            this.ended = refused;
            this.#reset();
        });
        onLoginElsewhere((user) => user === this.me || this.begin());
        this.#reset();
    }

    get me() {
        return this.tokens.user;
    }

    #reset() {
        this.#timelines.clear();
        this.#members.clear();
        this.conversations = new Conversations(this.client, this.changed);
        this.presence = new Presence(this.client, this.changed);
        this.typing = new Typing(this.client, this.changed);
        this.current = null;
        this.changed();
    }

    async signIn(user, password, fresh) {
        await (fresh ? this.tokens.register(user, password) : this.tokens.signIn(user, password));
        this.#work();
    }

    signOut() {
        return this.tokens.signOut();
    }

    /** Goes to work for whom the browser knows, if for anybody; also when another page signed in or out. */
    async begin() {
        this.client.stop();
        await this.tokens.restore();
        this.ready = true;
        this.#reset();
        if (this.me)
            await this.#work();
    }

    /** The list comes first: a session then starts exactly where it ends. */
    async #work() {
        const user = this.me;
        this.changed();
        this.presence.load();
        await this.conversations.load();
        if (this.me === user)
            this.client.start();
        this.changed();
    }

    #opened(fresh) {
        if (fresh || !this.conversations.loaded)
            this.conversations.load();
        this.presence.load();
        for (const timeline of this.#timelines.values()) {
            if (fresh || timeline.state === "failed")
                this.#refresh(timeline);
            timeline.outbox.run();
        }
        this.#members.forEach((members) => members.load());
    }

    /** What isn't looked at is only forgotten, and fetched when it is. */
    #refresh(timeline) {
        if (timeline.target === this.current)
            timeline.load();
        else
            timeline.state = "new";
    }

    #resync(target) {
        this.conversations.load();
        for (const timeline of this.#timelines.values())
            if (!target || timeline.target === target)
                this.#refresh(timeline);
    }

    #event(event) {
        const {target, from} = event.data || {}, type = typeOf(event);
        const timeline = this.#timelines.get(target);
        this.conversations.event(event, this.me);
        if (type === "messagepublished")
            this.typing.stopped(target, from);
        if (type === "typing" && from !== this.me)
            this.typing.heard(target, from);
        else if (["userloggedin", "userloggedout", "presencechanged"].includes(type))
            this.presence.event(event.data);
        else if (type === "messageread" && from !== this.me)
            timeline?.receipt("seen", event.data.id);
        else if (type === "messagedelivered")
            timeline?.receipt("delivered", event.data.id);
        else
            timeline?.event(event);
        this.#members.get(target)?.event(type, event.data);
        if (type === "conversationadded" || type === "conversationremoved" || type === "roomdeleted")
            timeline?.loadRoom();
        this.changed();
    }

    /** Is anything written that is not posted? */
    get unsent() {
        return [...this.#timelines.values()].some((timeline) => timeline.outbox.entries.length > 0);
    }

    timeline(target) {
        if (!this.#timelines.has(target))
            this.#timelines.set(target, new Timeline(this.client, target, this.changed));
        return this.#timelines.get(target);
    }

    members(target) {
        if (!this.#members.has(target))
            this.#members.set(target, new Members(this.client, this.presence, target, this.changed));
        return this.#members.get(target);
    }

    /** A conversation is looked at: loaded if it must be, and marked where the new begins. */
    show(target) {
        if (this.current === target)
            return;
        if (this.current)
            this.timeline(this.current).leave();
        this.current = target;
        if (!target)
            return;
        const timeline = this.timeline(target), c = this.conversations.get(target);
        timeline.readId = c?.unread > 0 ? c.read || "0-0" : null;
        timeline.unreadThen = c?.unread || 0;
        if (timeline.state === "new" || timeline.state === "failed")
            timeline.load();
        else if (!c && !isDirect(target))
            timeline.loadRoom();
    }

    /** What one does to rooms; a refusal is shown unless the caller wants it. */
    async act(op, args) {
        const answer = await this.client.call(op, args);
        if (["room.join", "room.leave", "room.create", "room.update"].includes(op)) {
            await this.conversations.load();
            if (args.target)
                this.timeline(args.target).loadRoom();
        }
        return answer;
    }

    say(text, bad = false) {
        clearTimeout(this.quiet);
        this.notice = {text, bad};
        this.quiet = setTimeout(() => {
            this.notice = null;
            this.changed();
        }, 6000);
        this.changed();
    }

    canWrite(target) {
        return isDirect(target) ? nameOf(target) !== this.me : this.conversations.all.has(target);
    }
}
