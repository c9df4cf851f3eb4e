// What the tests of NATS share.
import { eventually } from '../lib/eventually.mjs';
import { startNats } from '../lib/nats.mjs';
import { startSite } from '../lib/site.mjs';

export const GENERAL = 'wcchat://rooms/general';
const decoder = new TextDecoder();

/** A site whose workers serve NATS; `site.nats` is the server. */
export async function startNatsSite({ args = [], ...options } = {}) {
    const nats = await startNats();
    try {
        const site = await startSite({ args: [...nats.args, ...args], ...options });
        site.nats = nats;
        await eventually(async () => (await Promise.all(site.workers.map(served))).every(Boolean), { what: 'NATS to be served' });
        return site;
    } catch (error) {
        await nats.stop();
        throw error;
    }
}

export async function stopNatsSite(site) {
    try {
        await site.stop();
    } finally {
        await site.nats.stop();
    }
}

/** Does this worker say that it serves NATS? */
export async function served(worker) {
    const { body } = await worker.api.get('/readyz');
    return body.checks.nats.status === 'up';
}

export async function grant(account, worker = 0) {
    return account.api(worker).must(200, 'POST', '/v1/auth/nats', {});
}

/** An account's connection: requests and, once opened, an event session. */
export async function member(site, account, options = {}) {
    const { jwt } = await grant(account, options.worker ?? 0);
    return new Member(account, await site.nats.connect(account.user, options.jwt ?? jwt, options.connection));
}

export class Member {
    #number = 0;
    events = [];
    generations = new Set();

    constructor(account, connection) {
        Object.assign(this, { account, connection, user: account.user });
        this.subject = `wcc.frontend.requests.${account.user}`;
    }

    /** Sends bytes or text as they are and gives what is answered. */
    async raw(payload, { subject = this.subject, timeout = 5000 } = {}) {
        const message = await this.connection.request(subject, payload, { timeout });
        return JSON.parse(decoder.decode(message.data));
    }

    request(op, args = {}, options) {
        return this.raw(JSON.stringify({ id: String(++this.#number), op, ...args }), options);
    }

    async must(op, args, options) {
        const answer = await this.request(op, args, options);
        if (!answer.ok)
            throw new Error(`${op}: ${JSON.stringify(answer.error)}`);
        return answer.result;
    }

    /** Repeats a request until it is answered with ok: what a client does whose request was lost. */
    async surely(op, args, { timeout = 30000, each = 1000 } = {}) {
        const end = Date.now() + timeout;
        for (;;) {
            try {
                return await this.must(op, args, { timeout: each });
            } catch (error) {
                if (Date.now() > end)
                    throw error;
                await new Promise((resolve) => setTimeout(resolve, 50));
            }
        }
    }

    /** Listens, and opens a session of this name. Events are kept as a client keeps them: what is not above the last is dropped. */
    async open(session, args = {}) {
        this.session = session;
        this.last ??= new Map();
        if (!this.listening) {
            this.listening = this.connection.subscribe(`wcc.frontend.events.user.${this.user}.${session}`, {
                callback: (error, message) => error || this.#event(message),
            });
            await this.connection.flush();
        }
        this.opened = await this.surely('session.open', { session, ...args });
        for (const [target, id] of Object.entries(this.opened.cursors))
            if (!this.last.has(target))
                this.last.set(target, id);
        return this.opened;
    }

    #event(message) {
        const event = message.json();
        const { target, seq } = event.data;
        this.generations.add(Number(message.headers.get('Wcc-Generation')));
        if (seq) {
            if (seq <= Number((this.last.get(target) ?? '0-0').split('-')[1]))
                return;
            this.last.set(target, event.id);
        }
        this.events.push(event);
    }

    get cursors() {
        return Object.fromEntries(this.last);
    }

    ping(options) {
        return this.request('session.ping', { session: this.session, cursors: this.cursors }, options);
    }

    texts(target = GENERAL) {
        return this.events.filter((event) => event.data.target === target && event.type.endsWith('.messagepublished'))
            .map((event) => event.data.text);
    }

    async sees(text, { timeout = 10000, target = GENERAL } = {}) {
        await eventually(() => this.texts(target).includes(text), { timeout, what: `${this.user} to get "${text}"` });
    }

    /** Pings every `ms` and opens the session again when that is answered with nothing: what a client does all the time. */
    keep(ms = 300) {
        let over = false;
        const run = async () => {
            while (!over) {
                await new Promise((resolve) => setTimeout(resolve, ms));
                if (over)
                    return;
                try {
                    const answer = await this.ping({ timeout: 1000 });
                    if (!answer.ok)
                        await this.open(this.session, { cursors: this.cursors });
                } catch {
                    if (!over)
                        await this.open(this.session, { cursors: this.cursors }).catch(() => {});
                }
            }
        };
        const running = run();
        return async () => {
            over = true;
            await running;
        };
    }
}

/** Ends without an answer: nothing listens, it is not allowed, or nobody answers. */
export async function refusedOrSilent(promise) {
    try {
        await promise;
    } catch {
        return true;
    }
    return false;
}
