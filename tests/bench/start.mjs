// How long a worker takes from exec to ready.
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { startWcchat } from './wcchat.mjs';

const STARTS = 5;
const LONGEST_MS = 10000;

/** Resolves with true when /readyz says 200. */
function ready(port) {
    return new Promise((resolve) => {
        const socket = net.connect({ port, host: '127.0.0.1' }, () => {
            socket.write('GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n');
        });
        socket.setTimeout(1000, () => socket.destroy());
        socket.once('data', (data) => {
            resolve(data.toString('latin1').startsWith('HTTP/1.1 200'));
            socket.destroy();
        });
        socket.once('error', () => resolve(false));
        socket.once('close', () => resolve(false));
    });
}

/** Starts one more worker of `site`; milliseconds until it was ready. */
async function startOne(site) {
    const from = performance.now();
    const worker = await site.addWorker({ ready: false });
    while (!(await ready(worker.httpPort))) {
        if (performance.now() - from > LONGEST_MS)
            throw new Error(`a worker was not ready after ${LONGEST_MS} ms\n${worker.log}`);
        await sleep(0.5);
    }
    const ms = performance.now() - from;
    await worker.stop();
    site.workers.splice(site.workers.indexOf(worker), 1);
    return ms;
}

/** The median of some starts, one after the other. The time to fork and exec is in it. */
export async function measureStart() {
    const server = await startWcchat({ members: 1 });
    try {
        const all = [];
        for (let i = 0; i < STARTS; i++)
            all.push(await startOne(server.site));
        all.sort((a, b) => a - b);
        return { ready_ms: all[Math.floor(STARTS / 2)], fastest_ms: all[0], slowest_ms: all[STARTS - 1] };
    } finally {
        await server.stop();
    }
}
