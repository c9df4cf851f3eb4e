// Starts servers for tests so that none outlives them: a child dies with the test process however that ends (the
// kernel sees to it), its output is kept, and how it ended is known.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const BUILD = path.resolve(process.env.WCCHAT_BUILD ?? path.join(ROOT, 'build/debug'));

const children = new Set();
const folders = new Set();

function cleanUp() {
    for (const child of children)
        child.kill('SIGKILL');
    for (const folder of folders)
        fs.rmSync(folder, { recursive: true, force: true });
}

process.on('exit', cleanUp);
for (const [signal, number] of [['SIGINT', 2], ['SIGTERM', 15], ['SIGHUP', 1]])
    process.on(signal, () => process.exit(128 + number));

/** A folder that is gone when the test process ends. */
export function tempFolder(name = 'wcchat') {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), `${name}-`));
    folders.add(folder);
    return folder;
}

const given = new Set();

/**
 * A TCP port on 127.0.0.1 that was free a moment ago, outside the range that outgoing connections use. No port is
 * given twice: what one was given for may not listen yet, or be about to listen again.
 */
export async function freePort() {
    for (let i = 0; i < 1000; i++) {
        const port = 10240 + Math.floor(Math.random() * 22000);
        if (given.has(port))
            continue;
        given.add(port);
        if (await canListen(port))
            return port;
    }
    throw new Error('no free port found');
}

function canListen(port) {
    return new Promise((resolve) => {
        const server = net.createServer();
        server.once('error', () => resolve(false));
        server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
    });
}

/** A running child: `pid`, `log` (all it wrote), `ended` (null, or {code, signal}). */
export class Child {
    constructor(command, args, { name = path.basename(command), env = {}, cwd } = {}) {
        this.name = name;
        this.log = '';
        this.ended = null;
        this.process = spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], {
            cwd,
            env: { ...process.env, ...env },
            stdio: ['ignore', 'pipe', 'pipe'],
        });
        this.pid = this.process.pid;
        children.add(this.process);
        for (const stream of [this.process.stdout, this.process.stderr]) {
            stream.setEncoding('utf8');
            stream.on('data', (text) => { this.log += text; });
        }
        this.exited = new Promise((resolve) => {
            this.process.on('error', (error) => {
                this.log += `${error}\n`;
                this.#end(resolve, null, null);
            });
            // 'close' comes after the last byte of output, unlike 'exit'.
            this.process.on('close', (code, signal) => this.#end(resolve, code, signal));
        });
    }

    #end(resolve, code, signal) {
        children.delete(this.process);
        this.ended ??= { code, signal };
        resolve(this.ended);
    }

    signal(name) {
        if (this.ended === null)
            this.process.kill(name);
    }

    /** Asks it to end with `signal`, kills it after `timeout`. Returns {code, signal, killed}. */
    async end(signal = 'SIGTERM', timeout = 15000) {
        this.signal(signal);
        let killed = false;
        const timer = setTimeout(() => {
            killed = true;
            this.signal('SIGKILL');
        }, timeout);
        const how = await this.exited;
        clearTimeout(timer);
        return { ...how, killed };
    }

    /** The end of its output, for error messages. */
    tail(lines = 40) {
        return this.log.split('\n').slice(-lines).join('\n');
    }
}
