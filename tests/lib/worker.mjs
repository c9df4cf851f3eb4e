// A wcchat-worker of the sanitizer build on free ports.
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import path from 'node:path';

import { eventually } from './eventually.mjs';
import { Api } from './http.mjs';
import { BUILD, Child, freePort } from './process.mjs';

const SANITIZER = /(ERROR: AddressSanitizer|ERROR: LeakSanitizer|runtime error:|UndefinedBehaviorSanitizer)/;

/**
 * Starts a worker and waits until it is ready. `redis`: the URL; `key`: the token key's file; `args`: more options;
 * `under`: the words of a command that runs it; `ready: false` returns at once.
 */
export async function startWorker({ redis, key, args = [], env = {}, under = [], name = 'worker', ready = true }) {
    for (let attempt = 1; ; attempt++) {
        const worker = new Worker(await freePort(), await freePort(), { redis, key, args, env, under, name });
        if (!ready)
            return worker;
        try {
            const over = () => worker.child.ended !== null;
            await eventually(() => over() || worker.isReady(), { timeout: 20000, interval: 20, what: `${name} to be ready` });
            if (!over())
                return worker;
            throw new Error(`${name} ended with ${JSON.stringify(worker.child.ended)}`);
        } catch (error) {
            await worker.child.end('SIGKILL');
            const taken = /address already in use|EADDRINUSE/i.test(worker.log);
            if (!taken || attempt === 3)
                throw new Error(`${error.message}\n${worker.child.tail()}`);
        }
    }
}

export class Worker {
    constructor(telnetPort, httpPort, { redis, key, args, env, under, name }) {
        this.name = name;
        this.telnetPort = telnetPort;
        this.httpPort = httpPort;
        this.httpUrl = `http://127.0.0.1:${httpPort}`;
        this.api = new Api(this.httpUrl);
        const [command, ...words] = [...under, path.join(BUILD, 'wcchat-worker')];
        this.child = new Child(command, [
            ...words, '--telnet', `127.0.0.1:${telnetPort}`, '--http', `127.0.0.1:${httpPort}`,
            '--redis', redis, '--token-key', key, '--log-format', 'logfmt', ...args,
        ], {
            name,
            env: {
                ASAN_OPTIONS: 'detect_leaks=1:exitcode=99:strict_string_checks=1',
                UBSAN_OPTIONS: 'print_stacktrace=1',
                ...env,
            },
        });
    }

    get pid() {
        return this.child.pid;
    }

    /** Everything it has written. */
    get log() {
        return this.child.log;
    }

    async isReady() {
        const answer = await this.api.get('/readyz', { timeout: 2000, keepAlive: false });
        return answer.status === 200;
    }

    /** Resident memory in bytes. */
    async memory() {
        const status = await fs.readFile(`/proc/${this.pid}/status`, 'utf8');
        return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)[1]) * 1024;
    }

    /** Freezes it: sockets stay open, nothing is done. */
    pause() {
        this.child.signal('SIGSTOP');
    }

    resume() {
        this.child.signal('SIGCONT');
    }

    /** Ends it as a crash would. */
    async crash() {
        await this.child.end('SIGKILL');
    }

    /** Fails when the sanitizers had something to say. */
    assertClean() {
        assert.ok(!SANITIZER.test(this.log), `${this.name}: sanitizer report\n${this.child.tail(120)}`);
    }

    /** Ends it in good order, and fails unless it did so: status 0, nothing from the sanitizers. */
    async stop() {
        const already = this.child.ended;
        this.resume();
        const { code, signal, killed } = await this.child.end('SIGTERM', 20000);
        this.assertClean();
        assert.ok(!killed, `${this.name} did not end in time\n${this.child.tail()}`);
        if (signal !== 'SIGKILL')
            assert.equal(code, 0, `${this.name} ended${already ? ' by itself' : ''} with ${code ?? signal}\n${this.child.tail()}`);
    }
}
