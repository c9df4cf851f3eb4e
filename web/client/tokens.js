import {Emitter} from "./emitter.js";
import {ChatError} from "./errors.js";

/** Keeps what must outlive a page nowhere but in memory: the default, and for tests. */
export function memoryStorage(value = null) {
    return {load: async () => value, save: async (next) => void (value = next), clear: async () => void (value = null)};
}

/**
 * Who one is, and a token that is good for a while. The refresh token lives in `storage` ({load, save, clear} of
 * {user, refresh_token}, each a promise), the access token in memory only.
 *
 * A refresh token is worth one use, and several pages share it: each use happens inside `lock(work)`, which runs one
 * `work` at a time across all of them.
 *
 * Emits `signedout` {refused} when the server refuses the refresh token, and after signOut.
 */
export class Tokens extends Emitter {
    #user = null;
    #access = null;
    #expires = 0;
    #refreshing = null;

    constructor(rest, {storage = memoryStorage(), lock = (work) => work(), now = Date.now} = {}) {
        super();
        Object.assign(this, {rest, storage, lock, now});
    }

    get user() {
        return this.#user;
    }

    /** Who is signed in as far as the storage knows. To be called once before all else, and when it may have changed. */
    async restore() {
        const user = (await this.storage.load())?.user || null;
        if (user !== this.#user)
            this.#access = null;
        return (this.#user = user);
    }

    /** How long the access token is good for. */
    get leftMs() {
        return Math.max(0, this.#expires - this.now());
    }

    async signIn(user, password) {
        const answer = await this.rest.request("POST", "/v1/auth/token", {body: {user, password}});
        await this.#keep(user, answer);
    }

    async register(user, password) {
        await this.rest.request("POST", "/v1/users", {body: {user, password}});
        await this.signIn(user, password);
    }

    /** A token that is good for `leftMs` more. */
    async access(leftMs = 20000) {
        if (this.#access && this.#expires - this.now() > leftMs)
            return this.#access;
        return this.refresh();
    }

    /** A new access token; calls at the same time share one refresh. */
    refresh() {
        this.#refreshing ||= Promise.resolve(this.lock(() => this.#refresh())).finally(() => (this.#refreshing = null));
        return this.#refreshing;
    }

    async #refresh() {
        const kept = await this.storage.load();
        if (!kept)
            throw await this.#signedOut();
        try {
            const body = {refresh_token: kept.refresh_token};
            await this.#keep(kept.user, await this.rest.request("POST", "/v1/auth/refresh", {body}));
            return this.#access;
        } catch (error) {
            if (error.code !== "unauthenticated" && error.code !== "bad_request")
                throw error;
            const other = await this.storage.load();
            if (other && other.refresh_token !== kept.refresh_token)
                return this.#refresh(); // another page was faster, without a lock
            throw await this.#signedOut(true);
        }
    }

    /** Revokes what there is; the answer isn't needed for being signed out here. */
    async signOut() {
        const kept = await this.storage.load();
        await this.#signedOut();
        if (kept)
            await this.rest.request("POST", "/v1/auth/logout", {body: {refresh_token: kept.refresh_token}}).catch(() => {});
    }

    async #keep(user, answer) {
        this.#user = user;
        this.#access = answer.access_token;
        this.#expires = this.now() + answer.expires_in * 1000;
        await this.storage.save({user, refresh_token: answer.refresh_token});
    }

    async #signedOut(refused = false) {
        this.#user = this.#access = null;
        await this.storage.clear();
        this.emit("signedout", {refused});
        return new ChatError("signed_out", "Please sign in again.");
    }
}
