// A private redis-server in a temporary folder.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

import { eventually } from './eventually.mjs';
import { BUILD, Child, freePort, tempFolder } from './process.mjs';
import { RedisClient, RedisError } from './resp.mjs';

export { RedisClient, RedisError };

/**
 * Starts redis-server and waits until it answers. `appendonly`: writes survive a restart or a kill. `args`: more of
 * redis-server's options, as on its command line.
 */
export async function startRedis({ appendonly = false, args = [] } = {}) {
    const redis = new Redis(tempFolder('wcchat-redis'), { appendonly, args });
    await redis.start();
    return redis;
}

export class Redis {
    #options;
    #clients = new Set();
    #main = null;
    #shas = new Map();

    constructor(dir, options) {
        this.dir = dir;
        this.socket = path.join(dir, 'redis.sock');
        this.port = 0;
        this.child = null;
        this.#options = options;
    }

    get pid() {
        return this.child.pid;
    }

    get url() {
        return `redis://127.0.0.1:${this.port}`;
    }

    get unixUrl() {
        return `unix://${this.socket}`;
    }

    /** Starts the server on its folder, with the port that it had before. */
    async start() {
        for (let attempt = 1; ; attempt++) {
            const port = this.port || await freePort();
            this.child = new Child('redis-server', this.#arguments(port), { name: 'redis-server' });
            try {
                await eventually(() => this.#answers(), { timeout: 15000, what: 'redis-server to answer' });
                this.port = port;
                return;
            } catch (error) {
                await this.child.end('SIGKILL');
                if (attempt === 3)
                    throw new Error(`${error.message}\n${this.child.tail()}`);
            }
        }
    }

    #arguments(port) {
        const { appendonly, args } = this.#options;
        return ['--bind', '127.0.0.1', '--port', port, '--unixsocket', this.socket, '--dir', this.dir,
            '--appendonly', appendonly ? 'yes' : 'no', '--appendfsync', 'always', '--save', '',
            '--maxmemory-policy', 'noeviction', ...args].map(String);
    }

    async #answers() {
        if (this.child.ended !== null)
            throw new Error(`redis-server ended: ${JSON.stringify(this.child.ended)}`);
        const client = await RedisClient.connect({ path: this.socket });
        try {
            return await client.command('PING') === 'PONG';
        } finally {
            client.close();
        }
    }

    /** A connection of its own, closed at stop. */
    async client() {
        const client = await RedisClient.connect({ path: this.socket });
        this.#clients.add(client);
        return client;
    }

    async #shared() {
        if (this.#main === null || this.#main.closed)
            this.#main = await this.client();
        return this.#main;
    }

    async command(...args) {
        return (await this.#shared()).command(...args);
    }

    async pipeline(commands) {
        return (await this.#shared()).pipeline(commands);
    }

    async hash(key) {
        return (await this.#shared()).hash(key);
    }

    async stream(key, start, end) {
        return (await this.#shared()).stream(key, start, end);
    }

    /** Runs lua/<name>.lua exactly as the worker does (includes resolved at build time). */
    async script(name, keys = [], args = []) {
        const text = fs.readFileSync(path.join(BUILD, 'lua', `${name}.lua`));
        const sha = this.#shas.get(name) ?? crypto.createHash('sha1').update(text).digest('hex');
        this.#shas.set(name, sha);
        try {
            return await this.command('EVALSHA', sha, keys.length, ...keys, ...args);
        } catch (error) {
            if (!error.message.startsWith('NOSCRIPT'))
                throw error;
            return this.command('EVAL', text, keys.length, ...keys, ...args);
        }
    }

    /** Stops answering without closing a connection, as a machine that hangs. */
    pause() {
        this.child.signal('SIGSTOP');
    }

    resume() {
        this.child.signal('SIGCONT');
    }

    /** Ends it as a crash would; `start` brings it back with what the disk has. */
    async crash() {
        await this.child.end('SIGKILL');
    }

    /** Ends and starts it again on the same data and port. */
    async restart({ signal = 'SIGTERM' } = {}) {
        this.resume();
        await this.child.end(signal);
        await this.start();
    }

    async stop() {
        for (const client of this.#clients)
            client.close();
        this.resume();
        await this.child.end('SIGTERM');
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}
