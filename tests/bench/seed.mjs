// Accounts, rooms and members by the thousand, made by wcchat's own scripts without the way through a worker: no password
// is hashed, and many commands are under way at once.
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { BUILD } from '../lib/process.mjs';
import { RedisError, RespParser } from '../lib/resp.mjs';

const FAMILY = 'bench'; // of refresh tokens: each account has logged in once
const MONTH_MS = 30 * 24 * 3600 * 1000;
const DAY_S = 24 * 3600;
const BATCH = 5000;

export const userName = (i) => `bench-${i}`;
export const roomName = (i) => `bench-${i}`;
const userKey = (i) => `wcc:user:{${userName(i)}}`;
export const roomKey = (i) => `wcc:room:{${roomName(i)}}`;

/** Mints access tokens as a login would hand them out, and keeps them: one for each user. */
export class Tokens {
    #key;
    #header;
    #made = [];

    constructor(file) {
        this.#key = crypto.createPrivateKey(fs.readFileSync(file));
        this.#header = encode({ alg: 'ES256', kid: thumbprint(this.#key).slice(0, 11), typ: 'JWT' });
    }

    of(i) {
        this.#made[i] ??= this.#sign(userName(i));
        return this.#made[i];
    }

    #sign(user) {
        const now = Math.floor(Date.now() / 1000);
        const claims = { iss: 'wcchat', aud: 'wcchat', sub: user, sid: FAMILY, gen: 1, iat: now, nbf: now, exp: now + DAY_S, role: 'user' };
        const text = `${this.#header}.${encode(claims)}`;
        const signature = crypto.sign('sha256', Buffer.from(text), { key: this.#key, dsaEncoding: 'ieee-p1363' });
        return `${text}.${signature.toString('base64url')}`;
    }
}

function encode(part) {
    return Buffer.from(JSON.stringify(part)).toString('base64url');
}

/** RFC 7638 section 3: of the members that a key needs, in order of their names. */
function thumbprint(key) {
    const { crv, kty, x, y } = crypto.createPublicKey(key).export({ format: 'jwk' });
    return crypto.createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}

/** Calls of the project's scripts over one connection to Redis, `BATCH` of them under way. */
class Bulk {
    #socket;
    #parser = new RespParser();
    #text = [];
    #waiting = 0;
    #wake = () => {};
    #failure = null;
    #shas = new Map();

    static async open(redis) {
        const socket = net.connect({ path: redis.socket });
        await new Promise((resolve, reject) => {
            socket.once('connect', resolve);
            socket.once('error', reject);
        });
        return new Bulk(redis, socket);
    }

    constructor(redis, socket) {
        this.redis = redis;
        this.#socket = socket;
        socket.on('data', (chunk) => {
            for (const reply of this.#parser.feed(chunk))
                this.#receive(reply);
            this.#wake();
        });
        socket.on('error', (error) => {
            this.#failure = error;
            this.#wake();
        });
    }

    #receive(reply) {
        this.#waiting--;
        if (reply instanceof RedisError || (Array.isArray(reply) && reply[0] !== 'ok'))
            this.#failure ??= new Error(`seeding: ${reply}`);
    }

    /** One call of lua/<name>.lua; waits only when a batch is full. */
    async script(name, key, args) {
        this.#add(['EVALSHA', await this.#sha(name), 1, key, ...args]);
        if (this.#text.length >= BATCH)
            await this.flush();
    }

    async #sha(name) {
        if (!this.#shas.has(name))
            this.#shas.set(name, await this.redis.command('SCRIPT', 'LOAD', fs.readFileSync(path.join(BUILD, 'lua', `${name}.lua`))));
        return this.#shas.get(name);
    }

    #add(words) {
        let text = `*${words.length}\r\n`;
        for (const word of words)
            text += `$${String(word).length}\r\n${word}\r\n`;
        this.#text.push(text);
    }

    async flush() {
        this.#waiting += this.#text.length;
        this.#socket.write(this.#text.join(''));
        this.#text = [];
        while (this.#waiting > 0 && this.#failure === null)
            await new Promise((resolve) => { this.#wake = resolve; });
        if (this.#failure !== null)
            throw this.#failure;
    }

    async close() {
        await this.flush();
        this.#socket.destroy();
    }
}

/**
 * Makes `rooms` rooms and the members that connections of wcchat-load need: connection i is user i mod `users`, in room
 * i / `members` rounded down. `users`: accounts, by default one for each connection. `besides`: so many rooms more, each
 * with one of the users for a member.
 */
export async function seed(redis, { rooms = 1, members, users = rooms * members, besides = 0 }) {
    const bulk = await Bulk.open(redis);
    const join = async (user, room) => {
        await bulk.script('index_add', userKey(user), [`room/${roomName(room)}`]);
        await bulk.script('room_join', roomKey(room), [userName(user), userName(user), 'bench', '0', '']);
    };
    for (let i = 0; i < users; i++) {
        await bulk.script('account_create', userKey(i), [userName(i), 'no password', 'user']);
        await bulk.script('refresh_begin', userKey(i), [FAMILY, '-', MONTH_MS, '-', 'bench', 10]);
    }
    for (let room = 0; room < rooms + besides; room++)
        await bulk.script('room_create', roomKey(room), ['', 'bench', '', '', 'public', '']);
    for (let i = 0; i < rooms * members; i++)
        await join(i % users, Math.floor(i / members));
    for (let i = 0; i < besides; i++)
        await join(i % users, rooms + i);
    await bulk.close();
}

/** The file that tells wcchat-load who to log in as: `users` accounts, from account `first` on. */
export function writeUsers(file, tokens, users, first) {
    const lines = Array.from({ length: users }, (_, i) => `${userName(first + i)} ${tokens.of(first + i)}\n`);
    fs.writeFileSync(file, lines.join(''), { mode: 0o600 });
}
