// A WebSocket client for tests (RFC 6455), that can also do what a client must not.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import net from 'node:net';

import { within } from './eventually.mjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
export const TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;

/** The bytes of one client's frame. `masked: false` is against the rules, as are reserved bits. */
export function frame(opcode, payload = '', { fin = true, masked = true, reserved = 0, length } = {}) {
    const bytes = Buffer.from(payload);
    const n = length ?? bytes.length;
    const head = [(fin ? 0x80 : 0) | (reserved << 4) | opcode];
    const mask = masked ? 0x80 : 0;
    if (n < 126)
        head.push(mask | n);
    else if (n < 65536)
        head.push(mask | 126, n >> 8, n & 255);
    else
        head.push(mask | 127, 0, 0, 0, 0, n >>> 24, (n >> 16) & 255, (n >> 8) & 255, n & 255);
    const key = crypto.randomBytes(4);
    return Buffer.concat([Buffer.from(head), masked ? key : Buffer.alloc(0),
        masked ? Buffer.from(bytes.map((byte, i) => byte ^ key[i & 3])) : bytes]);
}

/**
 * Opens a WebSocket. `token`: sent as Authorization, or with `asProtocol` as a subprotocol. `protocols`: offered.
 * Rejects with {status, text} when the answer is not 101.
 */
export async function connectWebSocket(url, { token, asProtocol = false, protocols = ['wcchat.v1'], headers = {}, trail } = {}) {
    const { hostname, port, pathname, search } = new URL(url);
    const socket = net.connect({ port, host: hostname, noDelay: true });
    const key = crypto.randomBytes(16).toString('base64');
    const offered = asProtocol && token ? [...protocols, `bearer.${token}`] : protocols;
    const lines = [`GET ${pathname}${search} HTTP/1.1`, `Host: ${hostname}:${port}`, 'Connection: Upgrade', 'Upgrade: websocket',
        'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${key}`];
    if (offered.length > 0)
        lines.push(`Sec-WebSocket-Protocol: ${offered.join(', ')}`);
    if (token && !asProtocol)
        lines.push(`Authorization: Bearer ${token}`);
    for (const [name, value] of Object.entries(headers))
        lines.push(`${name}: ${value}`);
    socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), trail ?? Buffer.alloc(0)]));
    const { head, rest } = await within(10000, readHead(socket), 'the handshake');
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)[1]);
    if (status !== 101) {
        const text = rest.toString('utf8');
        socket.destroy();
        throw Object.assign(new Error(`the handshake was answered with ${status}: ${text}`), { status, text, head });
    }
    const accept = crypto.createHash('sha1').update(key + GUID).digest('base64');
    assert.match(head, new RegExp(`^sec-websocket-accept: ${accept.replaceAll('+', '\\+')}\\r$`, 'im'));
    return new WebSocket(socket, head, rest);
}

function readHead(socket) {
    return new Promise((resolve, reject) => {
        let data = Buffer.alloc(0);
        const onData = (chunk) => {
            data = Buffer.concat([data, chunk]);
            const end = data.indexOf('\r\n\r\n');
            if (end < 0)
                return;
            const head = data.subarray(0, end + 2).toString('latin1');
            const length = /^content-length: (\d+)/im.exec(head);
            const rest = data.subarray(end + 4);
            if (length && rest.length < Number(length[1]))
                return;
            socket.off('data', onData);
            resolve({ head, rest });
        };
        socket.on('data', onData);
        socket.once('error', reject);
        socket.once('close', () => reject(new Error(`closed during the handshake: ${data.toString('latin1')}`)));
    });
}

export class WebSocket {
    #data = Buffer.alloc(0);
    #waiters = new Set();
    #ids = 0;

    constructor(socket, head, rest) {
        this.socket = socket;
        this.head = head;
        this.texts = []; // messages as they came
        this.events = []; // parsed, those that are no answers
        this.raw = []; // their texts
        this.replies = new Map();
        this.order = []; // 'reply' and 'event' as they came
        this.pings = 0;
        this.pongs = [];
        this.closed = null; // {code, reason} of the close frame; {code: 1006} without one
        this.answersPings = true;
        socket.on('data', (chunk) => this.#receive(chunk));
        socket.on('error', () => {});
        socket.on('close', () => {
            this.closed ??= { code: 1006, reason: '' };
            this.gone = true;
            this.#wake();
        });
        if (rest.length > 0)
            this.#receive(rest);
    }

    #wake() {
        for (const check of [...this.#waiters])
            check();
    }

    #receive(chunk) {
        this.#data = this.#data.length === 0 ? chunk : Buffer.concat([this.#data, chunk]);
        for (;;) {
            const used = this.#frame();
            if (used === 0)
                break;
            this.#data = this.#data.subarray(used);
        }
        this.#wake();
    }

    #frame() {
        const d = this.#data;
        if (d.length < 2)
            return 0;
        assert.equal(d[1] & 0x80, 0, 'a server must not mask');
        let n = d[1] & 0x7f, at = 2;
        if (n === 126) {
            if (d.length < 4)
                return 0;
            n = d.readUInt16BE(2);
            at = 4;
        } else if (n === 127) {
            if (d.length < 10)
                return 0;
            n = Number(d.readBigUInt64BE(2));
            at = 10;
        }
        if (d.length < at + n)
            return 0;
        this.#take(d[0] & 0x0f, d.subarray(at, at + n));
        return at + n;
    }

    #take(opcode, payload) {
        if (opcode === TEXT) {
            this.#text(payload.toString('utf8'));
        } else if (opcode === PING) {
            this.pings++;
            if (this.answersPings)
                this.socket.write(frame(PONG, payload));
        } else if (opcode === PONG) {
            this.pongs.push(payload.toString('latin1'));
        } else if (opcode === CLOSE) {
            this.closed = { code: payload.length < 2 ? 1005 : payload.readUInt16BE(0), reason: payload.subarray(2).toString('utf8') };
            this.socket.end(frame(CLOSE, payload.subarray(0, 2)));
        }
    }

    #text(text) {
        const message = JSON.parse(text);
        this.texts.push(text);
        if ('re' in message) {
            this.order.push('reply');
            this.replies.set(message.re, message);
        } else {
            this.order.push('event');
            this.events.push(message);
            this.raw.push(text);
        }
    }

    send(text) {
        this.socket.write(frame(TEXT, text));
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

    /** One request; resolves with its whole answer. */
    async request(op, args = {}, { timeout = 20000 } = {}) {
        const id = String(++this.#ids);
        this.send(JSON.stringify({ id, op, ...args }));
        await this.waitFor(() => this.replies.has(id) || this.gone, { timeout, what: `an answer to ${op}` });
        assert.ok(this.replies.has(id), `${op}: the connection ended: ${JSON.stringify(this.closed)}`);
        return this.replies.get(id);
    }

    /** The same, which must go well; resolves with the result. */
    async must(op, args) {
        const answer = await this.request(op, args);
        assert.ok(answer.ok, `${op}: ${JSON.stringify(answer.error)}`);
        return answer.result;
    }

    /** The messages of a target so far. */
    messages(target) {
        return this.events.filter((event) => event.type.endsWith('.messagepublished') && event.data.target === target);
    }

    async closing({ timeout = 20000 } = {}) {
        await this.waitFor(() => this.gone, { timeout, what: 'the connection to end' });
        return this.closed;
    }

    destroy() {
        this.socket.destroy();
    }
}
