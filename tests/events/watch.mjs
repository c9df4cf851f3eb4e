// What the tests of the event path share: sessions that note what they are shown, writers that repeat what was not
// acknowledged, and the comparison of both with the log in Redis, which is the truth.
import assert from 'node:assert/strict';

import { eventually } from '../lib/eventually.mjs';
import { postPast } from '../lib/post.mjs';
import { PASSWORD } from '../lib/site.mjs';

const US = '\x1f';
const LINE = /^\[([^\]]+)\] #(\d+) \d\d:\d\d ([a-z0-9_-]+): (.*)$/;

export const roomKey = (room) => `wcc:room:{${room}}`;
export const userKey = (user) => `wcc:user:{${user}}`;

/** A telnet session that shows numbers, with the messages it was shown: {place, seq, from, text}, in order. */
export class Ear {
    #read = 0;
    #messages = [];

    constructor(telnet, user) {
        this.telnet = telnet;
        this.user = user;
    }

    get messages() {
        const lines = this.telnet.lines;
        for (; this.#read < lines.length; this.#read++) {
            const match = LINE.exec(lines[this.#read]);
            if (match !== null)
                this.#messages.push({ place: match[1], seq: Number(match[2]), from: match[3], text: match[4] });
        }
        return this.#messages;
    }

    in(place) {
        return this.messages.filter((message) => message.place === place);
    }

    texts(place) {
        return this.in(place).map((message) => message.text);
    }

    seqs(place) {
        return this.in(place).map((message) => message.seq);
    }

    /** Waits until a message with this text was shown. */
    async hears(text, { timeout = 20000 } = {}) {
        return this.sees((message) => message.text === text, { timeout, what: JSON.stringify(text) });
    }

    /** Waits until a message was shown that is `wanted`; each is looked at once. */
    async sees(wanted, { timeout = 20000, what }) {
        let at = 0;
        return this.telnet.waitFor(() => {
            const messages = this.messages;
            for (; at < messages.length; at++) {
                if (wanted(messages[at]))
                    return messages[at];
            }
            return null;
        }, { timeout, what: `${this.user} to see ${what}` });
    }

    /** The connection works and everything that was written before this has been read. */
    async alive({ timeout = 20000 } = {}) {
        const at = this.telnet.lines.length;
        this.telnet.send('/whoami');
        await this.telnet.waitFor(() => this.telnet.lines.slice(at).some((line) => line.includes(this.user)),
            { timeout, what: `${this.user} to be told who they are` });
    }
}

/** A telnet session of an account on a worker. It logs in with the token: no password is hashed. */
export async function listen(site, account, worker = 0) {
    const telnet = await site.telnet({ user: account.user, password: account.token }, worker);
    const ear = new Ear(telnet, account.user);
    telnet.send('/numbers on');
    await ear.alive();
    return ear;
}

/** Accounts by name. */
export async function people(site, ...names) {
    const accounts = await Promise.all(names.map((name) => site.register(name, { password: PASSWORD })));
    return Object.fromEntries(accounts.map((account) => [account.user, account]));
}

/** A room of `owner` with `members`. */
export async function makeRoom(owner, room, { visibility = 'public', members = [] } = {}) {
    await owner.api(0).must(201, 'POST', '/v1/rooms', { id: room, description: 'a room', visibility });
    for (const member of members) {
        const by = visibility === 'public' ? member : owner;
        await by.api(0).must([200, 201], 'PUT', `/v1/rooms/${room}/members/${member.user}`, {});
    }
}

export async function post(account, room, text, { worker = 0, ...more } = {}) {
    return account.api(worker).must([200, 201], 'POST', `/v1/rooms/${room}/messages`, { text, ...more });
}

/**
 * Posts as long as `more()` by REST, one after the other, each repeated with the same client id until it is
 * acknowledged. Returns [{id, seq, text}].
 */
export async function keepPosting(account, room, more, { worker = 0, name = account.user } = {}) {
    const acknowledged = [];
    for (let i = 1; more(i); i++) {
        const text = `${name} ${i}`;
        const answer = await eventually(async () => {
            const reply = await account.api(worker).post(`/v1/rooms/${room}/messages`, { text, client_id: text });
            assert.ok([200, 201, 503].includes(reply.status), `${reply.status} ${reply.text}`);
            return reply.status === 503 ? null : reply.body;
        }, { timeout: 30000, interval: 20, what: `${text} to be acknowledged` });
        acknowledged.push({ id: answer.id, seq: answer.seq, text });
    }
    return acknowledged;
}

/** The same by typing. What is refused (it may be stored all the same) is not said again. Returns what was not refused. */
export async function keepTyping(ear, room, more, { name = `${ear.user} types` } = {}) {
    await ear.telnet.ask(`/switch ${room}`, room);
    const said = [];
    for (let i = 1; more(i); i++) {
        const text = `${name} ${i}`;
        const from = ear.telnet.lines.length;
        let at = from;
        ear.telnet.send(text);
        const line = await ear.telnet.waitFor(() => {
            for (; at < ear.telnet.lines.length; at++) {
                if (ear.telnet.lines[at].endsWith(`: ${text}`) || /^error: /.test(ear.telnet.lines[at]))
                    return ear.telnet.lines[at];
            }
            return null;
        }, { timeout: 30000, what: `${text} to be answered` });
        if (!line.startsWith('error: '))
            said.push({ text });
    }
    return said;
}

/** The messages of a conversation as the log has them: [{id, seq, from, text}]. */
export async function truth(site, key) {
    const messages = [];
    for (let from = '-'; ;) {
        const page = await site.redis.command('XRANGE', `${key}:log`, from, '+', 'COUNT', 500);
        for (const [id, flat] of page) {
            const fields = {};
            for (let i = 0; i < flat.length; i += 2)
                fields[flat[i]] = flat[i + 1];
            if (fields.type === 'messagepublished')
                messages.push({ id, seq: Number(id.split('-')[1]), from: fields.from, text: fields.text });
        }
        if (page.length < 500)
            return messages;
        from = `(${page.at(-1)[0]}`;
    }
}

/** Waits until `ear` was shown the last of `expected`, then: exactly these, in this order, each once. */
export async function sawExactly(ear, place, expected, { timeout = 30000 } = {}) {
    const last = expected.at(-1);
    if (last !== undefined)
        await ear.sees((m) => m.place === place && m.seq === last.seq, { timeout, what: `#${last.seq} of ${place}` });
    const seen = ear.in(place).map(({ seq, from, text }) => `#${seq} ${from}: ${text}`);
    const wanted = expected.map(({ seq, from, text }) => `#${seq} ${from}: ${text}`);
    for (let i = 0; i < Math.max(seen.length, wanted.length); i++) {
        if (seen[i] !== wanted[i]) {
            assert.fail(`${ear.user} in ${place}: message ${i + 1} of ${wanted.length} (${seen.length} seen): saw ` +
                `${seen[i]?.slice(0, 80)}, expected ${wanted[i]?.slice(0, 80)}`);
        }
    }
}

/** Everything acknowledged is in the log, once. */
export function allKept(acknowledged, log) {
    const found = new Map();
    for (const message of log)
        found.set(message.text, [...(found.get(message.text) ?? []), message]);
    for (const { text, seq } of acknowledged) {
        const there = found.get(text) ?? [];
        assert.equal(there.length, 1, `${text} is in the log ${there.length} times`);
        if (seq !== undefined)
            assert.equal(there[0].seq, seq, `${text} has another seq in the log`);
    }
    assert.deepEqual(log.map((m) => m.seq), log.map((m) => m.seq).sort((a, b) => a - b));
}

/** The value of a metric of a worker. */
export async function metric(worker, name) {
    const { text } = await worker.api.get('/metrics');
    const match = new RegExp(`^${name} (\\S+)$`, 'm').exec(text);
    assert.ok(match, `no metric ${name}`);
    return Number(match[1]);
}

/** Waits until every worker is subscribed (again). `others`: connections of the test that subscribe too. */
export async function subscribed(site, others = 0) {
    await eventually(async () => {
        const list = await site.redis.command('CLIENT', 'LIST', 'TYPE', 'pubsub');
        return list.split('\n').filter((line) => line !== '').length === site.workers.length + others;
    }, { timeout: 15000, what: 'all workers to be subscribed' });
}

/** Hears what is published on Redis channels: `heard` is [{channel, id, type, …}]; a field `id` hides the event's own. */
export async function tap(site, ...channels) {
    const client = await site.redis.client();
    const heard = [];
    for (const channel of channels) {
        await client.subscribe(channel, (payload) => {
            const [id, ...rest] = payload.split(US);
            const event = { channel, id };
            for (let i = 0; i + 1 < rest.length; i += 2)
                event[rest[i]] = rest[i + 1];
            heard.push(event);
        });
    }
    return {
        heard,
        of: (type) => heard.filter((event) => event.type === type),
        close: () => client.close(),
    };
}

let clientIds = 0;

/**
 * Posts `count` messages of `size` bytes at once, past the workers, `together` in one call: what many senders would do.
 * Returns the texts.
 */
export async function flood(site, key, from, count, { size = 100, name = 'flood', together = 1 } = {}) {
    const texts = Array.from({ length: count }, () => `${name} ${++clientIds} `.padEnd(size, 'x'));
    for (let done = 0; done < count; done += 200) {
        const now = texts.slice(done, done + 200);
        const calls = [];
        for (let i = 0; i < now.length; i += together)
            calls.push(now.slice(i, i + together).map((text) => ({ from, text })));
        await Promise.all(calls.map((messages) => postPast(site.redis, key, ...messages)));
    }
    return texts;
}

/** Waits until the worker hands out nothing more; returns how many deliveries it has made. */
export async function settled(worker) {
    let [last, same] = [-1, 0];
    await eventually(async () => {
        const now = await metric(worker, 'wcchat_deliveries_total');
        same = now === last ? same + 1 : 0;
        last = now;
        return same === 10;
    }, { what: 'the worker to be at rest' });
    return last;
}

/**
 * Stops reading and posts until the worker gives this session nothing more: its socket is full, its queue is full, and it
 * has to catch up from the log. `others`: how many more sessions of the worker are shown the conversation.
 */
export async function makeSlow(site, ear, worker, key, from, { size = 4000, others = 0 } = {}) {
    const BATCH = 200;
    ear.telnet.pause();
    let before = await settled(worker);
    for (let posted = 0; posted < 40000; posted += BATCH) {
        const events = await metric(worker, 'wcchat_events_total');
        await flood(site, key, from, BATCH, { size });
        await eventually(async () => await metric(worker, 'wcchat_events_total') >= events + BATCH, { what: 'the events' });
        const now = await settled(worker);
        if (now - before === others * BATCH)
            return;
        before = now;
    }
    throw new Error('the session never became slow');
}
