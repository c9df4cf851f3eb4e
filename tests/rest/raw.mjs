// Bytes as they are to an HTTP port, and the answers that come back until it is closed or `enough`.
import net from 'node:net';

import { within } from '../lib/eventually.mjs';

/** The answers in what came: [{status, headers, body}], those that are whole. `text`: with a body of text. */
function answersIn(text) {
    const answers = [];
    let rest = text;
    for (;;) {
        const end = rest.indexOf('\r\n\r\n');
        if (end < 0)
            return answers;
        const [first, ...lines] = rest.slice(0, end).split('\r\n');
        const headers = Object.fromEntries(lines.map((line) => {
            const colon = line.indexOf(':');
            return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
        }));
        const length = Number(headers['content-length'] ?? 0);
        const body = rest.slice(end + 4, end + 4 + length);
        if (body.length < length)
            return answers;
        answers.push({ status: Number(first.split(' ')[1]), headers, body });
        rest = rest.slice(end + 4 + length);
    }
}

export class Raw {
    #text = '';
    #waiters = new Set();

    constructor(url) {
        const { hostname, port } = new URL(url);
        this.closed = false;
        this.socket = net.connect({ host: hostname, port, noDelay: true });
        this.socket.setEncoding('latin1');
        this.socket.on('data', (chunk) => {
            this.#text += chunk;
            this.#wake();
        });
        this.socket.on('error', () => {});
        this.socket.on('close', () => {
            this.closed = true;
            this.#wake();
        });
    }

    #wake() {
        for (const check of this.#waiters)
            check();
    }

    get answers() {
        return answersIn(this.#text);
    }

    send(bytes) {
        this.socket.write(bytes);
    }

    /** Waits until so many answers are there, or the server has closed. */
    async until(count, { timeout = 20000 } = {}) {
        let check;
        const there = new Promise((resolve) => {
            check = () => {
                if (this.closed || this.answers.length >= count)
                    resolve();
            };
            this.#waiters.add(check);
            check();
        });
        try {
            await within(timeout, there, `${count} answers; came: ${JSON.stringify(this.#text.slice(0, 500))}`);
        } finally {
            this.#waiters.delete(check);
        }
        return this.answers;
    }

    /** Waits until the server has closed the connection. */
    async end({ timeout = 20000 } = {}) {
        await this.until(Infinity, { timeout });
        return this.answers;
    }

    destroy() {
        this.socket.destroy();
    }
}

/** Sends these bytes on a connection of their own; `count` answers, or all that come before it is closed. */
export async function exchange(url, bytes, { count = Infinity, ...options } = {}) {
    const raw = new Raw(url);
    raw.send(bytes);
    try {
        return await raw.until(count, options);
    } finally {
        raw.destroy();
    }
}
