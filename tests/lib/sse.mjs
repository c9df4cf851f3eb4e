// A client of event streams for tests (HTML standard, section 9.2).
import http from 'node:http';

import { within } from './eventually.mjs';

/** Opens one. `lastEventId`: where to resume. Rejects with {status, text} when the answer is not 200. */
export async function openEvents(url, { token, lastEventId, headers = {} } = {}) {
    const all = { accept: 'text/event-stream', authorization: `Bearer ${token}`, ...headers };
    if (lastEventId)
        all['last-event-id'] = lastEventId;
    const request = http.request(url, { headers: all, agent: false });
    request.end();
    const response = await within(15000, new Promise((resolve, reject) => {
        request.once('response', resolve);
        request.once('error', reject);
    }), 'the event stream to open');
    response.setEncoding('utf8');
    if (response.statusCode !== 200) {
        let text = '';
        for await (const chunk of response)
            text += chunk;
        throw Object.assign(new Error(`${response.statusCode}: ${text}`), { status: response.statusCode, text });
    }
    return new EventStream(request, response, lastEventId);
}

export class EventStream {
    #rest = '';
    #block = { id: null, data: [] };
    #waiters = new Set();

    constructor(request, response, lastEventId) {
        this.request = request;
        this.headers = response.headers;
        this.lastEventId = lastEventId ?? '';
        this.events = []; // {id, event}: id is the stream's last one once it was given
        this.comments = [];
        this.ids = [];
        this.retry = null;
        this.ended = false;
        this.limit = Infinity; // events that are taken; what comes behind is not read
        response.on('data', (text) => this.#receive(text));
        response.on('error', () => {});
        request.on('error', () => {});
        response.on('close', () => {
            this.ended = true;
            this.#wake();
        });
    }

    #wake() {
        for (const check of [...this.#waiters])
            check();
    }

    #receive(text) {
        const lines = (this.#rest + text).split('\n');
        this.#rest = lines.pop();
        for (const line of lines)
            this.#line(line);
        this.#wake();
    }

    #line(line) {
        if (this.events.length >= this.limit)
            return;
        if (line === '') {
            this.#dispatch();
        } else if (line.startsWith(':')) {
            this.comments.push(line.slice(1).trim());
        } else {
            const [, name, value] = /^([^:]*):? ?(.*)$/s.exec(line);
            if (name === 'id')
                this.#block.id = value;
            else if (name === 'data')
                this.#block.data.push(value);
            else if (name === 'retry')
                this.retry = Number(value);
            else
                throw new Error(`an unexpected line: ${line}`);
        }
    }

    #dispatch() {
        const { id, data } = this.#block;
        this.#block = { id: null, data: [] };
        if (id !== null) {
            this.lastEventId = id;
            this.ids.push(id);
        }
        if (data.length > 0)
            this.events.push({ id, text: data.join('\n'), event: JSON.parse(data.join('\n')) });
    }

    async waitFor(probe, { timeout = 20000, what = 'the condition' } = {}) {
        let check;
        const seen = new Promise((resolve) => {
            check = () => {
                const value = probe();
                if (value)
                    resolve(value);
            };
            this.#waiters.add(check);
            check();
        });
        try {
            return await within(timeout, seen, what);
        } finally {
            this.#waiters.delete(check);
        }
    }

    /** The messages of a target so far. */
    messages(target) {
        return this.events.map(({ event }) => event)
            .filter((event) => event.type.endsWith('.messagepublished') && event.data.target === target);
    }

    /** The cut that a network makes. */
    cut() {
        this.request.destroy();
    }
}
