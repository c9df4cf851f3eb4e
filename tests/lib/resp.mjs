// A small Redis client for tests: RESP2, pipelined, with subscriptions. Replies are strings, numbers, null and arrays.
import net from 'node:net';

export class RedisError extends Error {}

/** Splits a byte stream into replies. An error reply is a RedisError among the values. */
export class RespParser {
    #data = Buffer.alloc(0);

    /** Returns the replies that `chunk` completes. */
    feed(chunk) {
        this.#data = this.#data.length === 0 ? chunk : Buffer.concat([this.#data, chunk]);
        const replies = [];
        let at = 0;
        for (;;) {
            const parsed = this.#parse(at);
            if (parsed === null)
                break;
            replies.push(parsed.value);
            at = parsed.next;
        }
        this.#data = this.#data.subarray(at);
        return replies;
    }

    #parse(at) {
        const end = this.#data.indexOf('\r\n', at);
        if (end < 0)
            return null;
        const line = this.#data.toString('utf8', at + 1, end);
        const next = end + 2;
        switch (this.#data[at]) {
        case 0x2b: // +
            return { value: line, next };
        case 0x2d: // -
            return { value: new RedisError(line), next };
        case 0x3a: // :
            return { value: Number(line), next };
        case 0x24: // $
            return this.#parseBulk(Number(line), next);
        case 0x2a: // *
            return this.#parseArray(Number(line), next);
        default:
            throw new Error(`not RESP2: byte ${this.#data[at]}`);
        }
    }

    #parseBulk(length, start) {
        if (length < 0)
            return { value: null, next: start };
        if (this.#data.length < start + length + 2)
            return null;
        return { value: this.#data.toString('utf8', start, start + length), next: start + length + 2 };
    }

    #parseArray(count, start) {
        if (count < 0)
            return { value: null, next: start };
        const value = [];
        let next = start;
        for (let i = 0; i < count; i++) {
            const item = this.#parse(next);
            if (item === null)
                return null;
            value.push(item.value);
            next = item.next;
        }
        return { value, next };
    }
}

function encode(args) {
    const parts = [Buffer.from(`*${args.length}\r\n`)];
    for (const arg of args) {
        const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
        parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
    }
    return Buffer.concat(parts);
}

export class RedisClient {
    #parser = new RespParser();
    #waiting = [];
    #listeners = new Map();

    /** `where` as for net.connect: {path} or {port, host}. */
    static async connect(where) {
        const client = new RedisClient(net.connect(where));
        await new Promise((resolve, reject) => {
            client.socket.once('connect', resolve);
            client.socket.once('error', reject);
        });
        return client;
    }

    constructor(socket) {
        this.socket = socket;
        this.closed = false;
        socket.on('data', (chunk) => {
            for (const reply of this.#parser.feed(chunk))
                this.#receive(reply);
        });
        socket.on('error', () => {}); // 'close' follows
        socket.on('close', () => {
            this.closed = true;
            for (const { reject } of this.#waiting.splice(0))
                reject(new Error('the connection to Redis was closed'));
        });
    }

    #receive(reply) {
        if (Array.isArray(reply) && reply[0] === 'message' && this.#listeners.has(reply[1])) {
            this.#listeners.get(reply[1])(reply[2]);
            return;
        }
        const { resolve, reject } = this.#waiting.shift();
        if (reply instanceof RedisError)
            reject(reply);
        else
            resolve(reply);
    }

    /** One command. Commands issued without waiting are pipelined. */
    command(...args) {
        if (this.closed)
            return Promise.reject(new Error('the connection to Redis is closed'));
        return new Promise((resolve, reject) => {
            this.#waiting.push({ resolve, reject });
            this.socket.write(encode(args));
        });
    }

    /** Several commands in one write; an array of their replies, with errors as values. */
    async pipeline(commands) {
        this.socket.cork();
        const replies = commands.map((args) => this.command(...args).catch((error) => error));
        this.socket.uncork();
        return Promise.all(replies);
    }

    /** A hash as an object. */
    async hash(key) {
        const flat = await this.command('HGETALL', key);
        const object = {};
        for (let i = 0; i < flat.length; i += 2)
            object[flat[i]] = flat[i + 1];
        return object;
    }

    /** A stream as [{id, fields}], oldest first. */
    async stream(key, start = '-', end = '+') {
        const entries = await this.command('XRANGE', key, start, end);
        return entries.map(([id, flat]) => {
            const fields = {};
            for (let i = 0; i < flat.length; i += 2)
                fields[flat[i]] = flat[i + 1];
            return { id, fields };
        });
    }

    /** From now on this connection only listens: `listener(text)` for each message on `channel`. */
    async subscribe(channel, listener) {
        this.#listeners.set(channel, listener);
        await this.command('SUBSCRIBE', channel);
    }

    close() {
        this.socket.destroy();
    }
}
