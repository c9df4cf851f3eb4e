// What a post and a delivery cost in instructions and in system calls: counts that hardly differ from run to run, where times
// do. The same texts go to a room in which few members are there, then to the same with many: the difference is what
// deliveries cost, the rest is what posts do.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { eventually } from '../lib/eventually.mjs';
import { tempFolder } from '../lib/process.mjs';
import { connectTelnet } from '../lib/telnet.mjs';
import { figure } from './measure.mjs';
import { roomName, userName } from './seed.mjs';
import { startWcchat, tokenOf } from './wcchat.mjs';

export const BASELINE = path.join(path.dirname(fileURLToPath(import.meta.url)), 'baseline.json');
const BOUND = 1.15; // of the baseline: more fails
const [FEW, MANY] = [10, 60];
const TEXTS = 300;
// What happens by the clock, and not for a text, is kept out as far as it can be.
// And each delivery is a system call of its own, as it is where the kernel has no io_uring.
const CALM = ['--heartbeat', '60s', '--lease', '120s', '--redis-command-timeout', '30s', '--no-io-uring'];

const call = promisify(execFile);

/** A way to count: the command that runs the worker, and the count since the last time it was asked. */
class Instructions {
    name = 'instructions';
    #dir = tempFolder('wcchat-callgrind');
    #dumps = 0;

    get under() {
        return ['valgrind', '--quiet', '--tool=callgrind', `--callgrind-out-file=${this.#dir}/out`];
    }

    /** A dump also sets the counters to zero. */
    async take(pid) {
        await call('callgrind_control', ['--dump', String(pid)]);
        const text = fs.readFileSync(`${this.#dir}/out.${++this.#dumps}`, 'utf8');
        return Number(/^totals: (\d+)/m.exec(text)[1]);
    }
}

class SystemCalls {
    name = 'syscalls';
    #file = path.join(tempFolder('wcchat-strace'), 'trace');
    #seen = 0;

    /** With -D strace is the worker's grandchild, and not the one that is started and ended. */
    get under() {
        return ['strace', '-D', '-f', '-qq', '-e', 'signal=none', '-o', this.#file];
    }

    /** Complete when nothing more comes: the worker waits. */
    async take() {
        let all = -1;
        await eventually(() => all === (all = this.#count()), { interval: 100, what: 'the worker to be at rest' });
        const count = all - this.#seen;
        this.#seen = all;
        return count;
    }

    /** Without what the worker does by the clock: the end of a wait in which nothing came, and looking at its own load. */
    #count() {
        const lines = fs.readFileSync(this.#file, 'latin1').split('\n');
        return lines.filter((line) => line !== '' && !/ resumed>|epoll_wait\(.*= 0$|clock_gettime\(/.test(line)).length;
    }
}

async function login(site, user) {
    const telnet = await connectTelnet({ port: site.portsFor('telnet')[0] });
    await telnet.expect('login: ', { timeout: 30000 });
    telnet.send(userName(user));
    await telnet.expect('password: ');
    telnet.send(tokenOf(user));
    await telnet.expect(`welcome ${userName(user)}`, { timeout: 30000 });
    return telnet;
}

/** One text at a time: the next one when everybody has this one. */
async function say(sessions, texts, mark) {
    for (let i = 0; i < texts; i++) {
        const text = `${mark}-${i} and some words behind it.`;
        sessions[0].send(text);
        await Promise.all(sessions.map((session) => session.expect(text, { timeout: 30000 })));
    }
}

/** Logs in until there are `count`, then counts what TEXTS texts take. */
async function phase(counter, site, sessions, count) {
    while (sessions.length < count)
        sessions.push(await login(site, sessions.length));
    sessions[0].send(`/switch ${roomName(0)}`);
    await say(sessions, 5, `before-${count}`);
    await counter.take(site.pids[0]);
    await say(sessions, TEXTS, `text-${count}`);
    return await counter.take(site.pids[0]) / TEXTS;
}

/** {<name>_per_delivery, <name>_per_post} */
async function count(counter) {
    const site = await startWcchat({ members: MANY, args: CALM, under: counter.under });
    const sessions = [];
    try {
        const few = await phase(counter, site, sessions, FEW);
        const many = await phase(counter, site, sessions, MANY);
        const delivery = (many - few) / (MANY - FEW);
        return { [`${counter.name}_per_delivery`]: delivery, [`${counter.name}_per_post`]: few - FEW * delivery };
    } finally {
        sessions.forEach((session) => session.close());
        await site.stop();
    }
}

/** Counts, and compares with the baseline, or writes it. Resolves with the status to exit with. */
export async function quick({ save, say: tell }) {
    const [instructions, calls] = await Promise.all([count(new Instructions()), count(new SystemCalls())]);
    const counts = { ...instructions, ...calls };
    if (save) {
        const rounded = Object.entries(counts).map(([name, value]) => [name, Number(value.toFixed(2))]);
        fs.writeFileSync(BASELINE, `${JSON.stringify(Object.fromEntries(rounded), null, 4)}\n`);
    }
    const baseline = JSON.parse(fs.readFileSync(BASELINE, 'utf8'));
    let beyond = 0;
    for (const [name, value] of Object.entries(counts)) {
        const ratio = value / baseline[name];
        const bad = !(ratio <= BOUND);
        beyond += bad ? 1 : 0;
        tell(`${name.padEnd(26)} ${figure(value).padStart(9)}  baseline ${figure(baseline[name]).padStart(9)}  × ${ratio.toFixed(3)}${bad ? '  TOO MUCH' : ''}`);
    }
    return beyond === 0 ? 0 : 1;
}
