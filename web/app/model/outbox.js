const AGAIN_MS = 3000;
const MOST_AGAIN_MS = 15000;

function newClientId() {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    return `web-${Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("")}`;
}

/**
 * What is on its way to one conversation, in order: the next is sent when the one before it was answered. Each keeps its
 * client id through all attempts, so that it is posted once however often it is sent.
 *
 * Entries: {client_id, text, action, reply_to, time, state: sending | waiting | failed, error}
 */
export class Outbox {
    #running = false;
    #timer = null;

    constructor(client, target, {changed, posted}) {
        Object.assign(this, {client, target, changed, posted});
        this.entries = [];
    }

    add(text, action, reply_to) {
        this.#put({client_id: newClientId(), text, action, reply_to, time: new Date().toISOString(), state: "waiting", tries: 0});
        this.run();
    }

    retry(client_id) {
        this.#change(client_id, {state: "waiting", tries: 0, error: null});
        this.run();
    }

    remove(client_id) {
        this.entries = this.entries.filter((e) => e.client_id !== client_id);
        this.changed();
    }

    /** To be called when a session is open. */
    async run() {
        clearTimeout(this.#timer);
        if (this.#running)
            return;
        this.#running = true;
        for (let entry; (entry = this.entries.find((e) => e.state === "waiting")) && this.client.live;)
            if (!(await this.#send(entry)))
                break;
        this.#running = false;
    }

    async #send({client_id, text, action, reply_to, tries}) {
        this.#change(client_id, {state: "sending", tries: tries + 1});
        try {
            const args = {target: this.target, text, client_id, ...(action && {action: true}), ...(reply_to && {reply_to})};
            const sent = await this.client.send("message.send", args);
            this.posted({...args, ...sent});
            this.remove(client_id);
            return true;
        } catch (error) {
            return this.#refused(client_id, tries, error);
        }
    }

    /** True: go on with the next. What may have been posted is tried until that is known. */
    #refused(client_id, tries, error) {
        const lost = error.code === "offline" || error.code === "disconnected";
        this.#change(client_id, {state: error.temporary ? "waiting" : "failed", error, tries: lost ? tries : tries + 1});
        if (error.temporary && !lost)
            this.#timer = setTimeout(() => this.run(), error.retryAfter * 1000 || Math.min(AGAIN_MS * (tries + 1), MOST_AGAIN_MS));
        return !error.temporary;
    }

    #put(entry) {
        this.entries = [...this.entries, entry];
        this.changed();
    }

    #change(client_id, to) {
        this.entries = this.entries.map((e) => (e.client_id === client_id ? {...e, ...to} : e));
        this.changed();
    }
}
