// Runs wcchat-load, the generator of all load, and returns what it measured.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { BUILD, Child } from '../lib/process.mjs';

const PROGRAM = path.join(BUILD, 'wcchat-load');
const RUN_MS = 180000;

/** CPU seconds that the processes used until now. */
export function cpuSeconds(pids) {
    const ticks = Number(spawnSync('getconf', ['CLK_TCK']).stdout);
    let sum = 0;
    for (const pid of pids) {
        const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
        sum += Number(fields[11]) + Number(fields[12]); // utime and stime: proc(5), fields 14 and 15
    }
    return sum / ticks;
}

/**
 * The kernel's threads that finish what sockets have begun. Whoever writes to many sockets leaves them some of the work, so
 * their time counts as the server's, for all servers alike.
 */
function softirqThreads() {
    return spawnSync('pgrep', ['-x', 'ksoftirqd/[0-9]+']).stdout.toString().split('\n').filter(Boolean);
}

/** {rooms: 3, idle: true} → ['--rooms', '3', '--idle'] */
function words(options) {
    return Object.entries(options).flatMap(([name, value]) => {
        if (value === true)
            return [`--${name}`];
        return value === undefined || value === false ? [] : [`--${name}`, String(value)];
    });
}

/** Starts the generator: a Child, whose `result()` is what it measured once it has ended. */
export function startLoad({ proto, ports, pids, redisPids = [] }, options) {
    const load = new Child(PROGRAM, [
        '--proto', proto, '--port', ports.join(','), '--pids', [...pids, ...redisPids, ...softirqThreads()].join(','),
        ...(redisPids.length > 0 ? ['--redis-pids', redisPids.join(',')] : []), ...words(options),
    ], { name: 'wcchat-load' });
    load.result = async () => {
        const timer = setTimeout(() => load.signal('SIGKILL'), RUN_MS);
        const { code, signal } = await load.exited;
        clearTimeout(timer);
        if (code !== 0)
            throw new Error(`wcchat-load ended with ${code ?? signal}: ${load.process.spawnargs.slice(4).join(' ')}\n${load.tail(10)}`);
        return JSON.parse(load.log.split('\n').filter((line) => line.startsWith('{')).at(-1));
    };
    return load;
}

export function runLoad(server, options) {
    return startLoad(server, options).result();
}
