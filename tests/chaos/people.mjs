// People who chat whatever happens: listeners that come back by themselves and note what they are shown, and writers
// that repeat what was not acknowledged.
import { setTimeout as sleep } from 'node:timers/promises';

import { openEvents } from '../lib/sse.mjs';
import { connectTelnet } from '../lib/telnet.mjs';
import { connectWebSocket } from '../lib/websocket.mjs';

const PAUSE_MS = 50; // between two attempts to connect
const NATS_PING_MS = 300;
const NATS_PATIENCE_MS = 6000; // without an answer, longer than a lease: the connection is made anew
const LINE = /^\[([^\]]+)\] #(\d+) \d\d:\d\d [a-z0-9_-]+: (.*)$/;

const short = (type) => type.replace(/^.*\./, '');

/** Where a segment that was cut has ended, by conversation. */
function lastOf(segment) {
    const last = {};
    for (const { conversation, seq } of segment.seen)
        last[conversation] = seq;
    return last;
}

/** What all listeners share. `plant(view, event)` may return events to note instead of this one: a planted bug. */
class Listener {
    segments = [];
    types = ['messagepublished', 'userjoined', 'userleft'];
    going = true;

    constructor(fleet, account, name, { plant } = {}) {
        Object.assign(this, { fleet, account, name, user: account.user, plant });
        this.done = this.#run();
    }

    async #run() {
        while (this.going) {
            try {
                await this.listen(this.fleet.someWorker());
            } catch {
                // the connection was refused or cut: that is what happens here
            }
            this.connected = false;
            await sleep(PAUSE_MS);
        }
    }

    begin(start = {}) {
        if (this.segments.length > 0)
            this.segment.last = lastOf(this.segment);
        this.segments.push({ start, seen: [], resyncs: 0 });
    }

    get segment() {
        return this.segments.at(-1);
    }

    note(event) {
        event.at = Date.now();
        this.segment.seen.push(...this.plant?.(this, event) ?? [event]);
    }

    take(event) {
        if (short(event.type) === 'resync')
            this.segment.resyncs++;
        else if (event.data.seq !== undefined && event.source.startsWith('/rooms/'))
            this.note({ conversation: event.source.slice(7), seq: event.data.seq, id: event.id, text: event.data.text });
    }

    /** Has it been shown this message? */
    saw(conversation, seq) {
        return this.segment?.seen.some((event) => event.conversation === conversation && event.seq === seq);
    }

    stop() {
        this.going = false;
        this.cut();
    }
}

/** Several reconnections are one view: its cursors carry it over. */
export class WebSocketListener extends Listener {
    channel = 'web';
    #cursors = null;

    take(event) {
        super.take(event);
        if (event.data?.seq !== undefined)
            this.#cursors[event.data.target] = event.id;
    }

    async listen(worker) {
        const ws = await connectWebSocket(`${worker.httpUrl}/v1/ws`, { token: this.account.token });
        this.ws = ws;
        try {
            const opened = await ws.must('session.open', this.#cursors === null ? {} : { cursors: this.#cursors });
            if (this.#cursors === null) {
                this.#cursors = opened.cursors;
                this.begin(startOf(opened.cursors));
            }
            this.connected = true;
            for (let read = 0; !(ws.gone && read === ws.events.length);) {
                await ws.waitFor(() => ws.events.length > read || ws.gone, { timeout: 600000 });
                while (read < ws.events.length)
                    this.take(ws.events[read++]);
            }
        } finally {
            ws.destroy();
        }
    }

    cut() {
        this.ws?.destroy();
    }
}

function startOf(cursors) {
    const rooms = Object.entries(cursors).filter(([target]) => target.startsWith('wcchat://rooms/'));
    return Object.fromEntries(rooms.map(([target, id]) => [target.slice(15), Number(id.split('-')[1])]));
}

export class EventListener extends Listener {
    channel = 'web';
    #last = undefined;

    async listen(worker) {
        const stream = await openEvents(`${worker.httpUrl}/v1/events`, { token: this.account.token, lastEventId: this.#last });
        this.stream = stream;
        if (this.#last === undefined)
            await stream.waitFor(() => stream.lastEventId !== '', { timeout: 10000 });
        if (this.segments.length === 0)
            this.begin();
        this.connected = true;
        try {
            for (let read = 0; !(stream.ended && read === stream.events.length);) {
                await stream.waitFor(() => stream.events.length > read || stream.ended, { timeout: 600000 });
                while (read < stream.events.length)
                    this.take(stream.events[read++].event);
                this.#last = stream.lastEventId || this.#last;
            }
        } finally {
            stream.cut();
        }
    }

    cut() {
        this.stream?.cut();
    }
}

/**
 * One session of one name, whoever holds it: pings keep it, and move it when its holder has gone. When the connection is lost it is
 * made anew, and the session opened again with the cursors.
 */
export class NatsListener extends Listener {
    channel = 'nats';
    #cursors = null;
    #generation = 0;
    #early = null; // what came before the session was open: [generation, event]

    async listen(worker) {
        const { jwt } = await worker.api.as(this.account.token).must(200, 'POST', '/v1/auth/nats', {});
        const nats = await this.fleet.site.nats.connect(this.user, jwt, { reconnect: false, timeout: 5000 });
        this.nats = nats;
        try {
            this.#early = [];
            nats.subscribe(`wcc.frontend.events.user.${this.user}.chaos`, { callback: (error, message) => error || this.#came(message) });
            await this.#open();
            this.connected = true;
            await this.#keep();
        } finally {
            await nats.close();
        }
    }

    async #ask(op, args) {
        const message = await this.nats.request(`wcc.frontend.requests.${this.user}`, JSON.stringify({ id: '1', op, session: 'chaos', ...args }),
            { timeout: 1500 });
        return message.json();
    }

    async #open() {
        const { ok, error, result } = await this.#ask('session.open', this.#cursors === null ? {} : { cursors: this.#cursors });
        if (!ok)
            throw new Error(`session.open: ${error.code}`);
        if (this.#cursors === null) {
            this.#cursors = result.cursors;
            this.begin(startOf(result.cursors));
        }
        this.#generation = result.generation;
        const early = this.#early;
        this.#early = null;
        for (const [generation, event] of early)
            this.#hear(generation, event);
    }

    async #keep() {
        for (let answered = Date.now(); this.going && !this.nats.isClosed();) {
            await sleep(NATS_PING_MS);
            const { ok, error } = await this.#ask('session.ping', { cursors: this.#cursors }).catch(() => ({ ok: false }));
            if (ok)
                answered = Date.now();
            else if (error?.code === 'not_found' || Date.now() > answered + NATS_PATIENCE_MS)
                return;
        }
    }

    #came(message) {
        const of = [Number(message.headers.get('Wcc-Generation')), message.json()];
        if (this.#early !== null)
            this.#early.push(of);
        else
            this.#hear(...of);
    }

    // What a former holder sent on comes after a hole: it is for the present one to fill. What it sent twice is dropped.
    #hear(generation, event) {
        if (generation < this.#generation)
            return;
        this.#generation = generation;
        const { target, seq } = event.data;
        if (seq !== undefined) {
            if (seq <= Number((this.#cursors[target] ?? '0-0').split('-')[1]))
                return;
            this.#cursors[target] = event.id;
        }
        this.take(event);
    }

    cut() {
        this.nats?.close();
    }
}

/** Has no cursors: each connection is a view of its own, from where it began. It also writes. */
export class TelnetListener extends Listener {
    channel = 'telnet';
    types = ['messagepublished'];

    async listen(worker) {
        const telnet = await connectTelnet({ port: worker.telnetPort });
        this.telnet = telnet;
        try {
            await telnet.login(this.account.user, this.account.token);
            telnet.send('/numbers on');
            await telnet.waitFor(() => telnet.closed || telnet.lines.some((line) => /numbers/.test(line)));
            this.begin();
            this.connected = true;
            for (let read = telnet.lines.length; !(telnet.closed && read === telnet.lines.length);) {
                await telnet.waitFor(() => telnet.lines.length > read || telnet.closed, { timeout: 600000 });
                for (; read < telnet.lines.length; read++)
                    this.line(telnet.lines[read]);
            }
        } finally {
            telnet.socket.destroy();
        }
    }

    line(line) {
        const match = LINE.exec(line);
        if (match !== null)
            this.note({ conversation: match[1], seq: Number(match[2]), text: match[3] });
    }

    cut() {
        this.telnet?.socket.destroy();
    }
}

/** Posts by REST as long as the fleet is going, each message until it is acknowledged. Resolves with the acknowledged. */
export async function keepPosting(fleet, account, room, { every = 15 } = {}) {
    const acks = [];
    for (let i = 1; fleet.going; i++) {
        const text = `${account.user} ${room} ${i}`;
        for (;;) {
            const answer = await fleet.someWorker().api.as(account.token)
                .post(`/v1/rooms/${room}/messages`, { text, client_id: text.replaceAll(' ', '-') }, { keepAlive: false, timeout: 10000 })
                .catch(() => null);
            if (answer?.status === 200 || answer?.status === 201) {
                acks.push({ conversation: room, id: answer.body.id, text });
                break;
            }
            if (answer !== null && ![429, 502, 503, 504].includes(answer.status))
                throw new Error(`${text}: ${answer.status} ${answer.text}`);
            await sleep(PAUSE_MS);
        }
        await sleep(every);
    }
    return acks;
}

/** The same by typing: what was shown back is acknowledged, what was cut off is not repeated. */
export async function keepTyping(fleet, listener, room, { every = 40 } = {}) {
    const acks = [];
    for (let i = 1; fleet.going; i++) {
        const text = `${listener.user} types ${room} ${i}`;
        const telnet = listener.telnet;
        if (listener.connected && telnet !== undefined && !telnet.closed) {
            telnet.send(`/switch ${room}`);
            telnet.send(text);
            const shown = () => telnet.lines.some((line) => line.endsWith(`: ${text}`));
            await telnet.waitFor(() => telnet.closed || shown(), { timeout: 5000 }).catch(() => {});
            if (shown())
                acks.push({ conversation: room, text });
        }
        await sleep(every);
    }
    return acks;
}

/** The same over NATS, on the connection of a member (tests/nats/people.mjs), which is made again by itself. */
export async function keepSending(fleet, nats, room, { every = 30 } = {}) {
    const acks = [];
    for (let i = 1; fleet.going; i++) {
        const text = `${nats.user} sends ${room} ${i}`;
        const { id } = await nats.surely('message.send', { target: `wcchat://rooms/${room}`, text, client_id: text.replaceAll(' ', '-') },
            { timeout: 60000 });
        acks.push({ conversation: room, id, text });
        await sleep(every);
    }
    return acks;
}
