// As many sessions as one machine holds: no process may have that many files open, so both the workers and the generators are
// several. A text to all of them.
import { eventually } from '../lib/eventually.mjs';
import { runLoad, startLoad } from './load.mjs';
import { startWcchat, usersFile } from './wcchat.mjs';

const SESSIONS = 100000;
const WORKERS = 6;
const TEXTS = 5;
const EVERY_S = 4;

/** Which accounts generator `i` logs in. */
function share(i) {
    const [from, to] = [i, i + 1].map((n) => Math.floor((SESSIONS * n) / WORKERS));
    return { first: from, members: to - from };
}

/** One generator for each worker; what all of them saw, put together. */
export async function measureMany() {
    const site = await startWcchat({ members: SESSIONS + 1, workers: WORKERS, args: ['--telnet-max-connections', 19000] });
    const loads = [];
    try {
        const [pids, ports] = [site.pids, site.portsFor('telnet')];
        for (let i = 0; i < WORKERS; i++) {
            const { first, members } = share(i);
            loads.push(startLoad({ proto: 'telnet', ports: [ports[i]], pids: [pids[i]] }, {
                members, listen: TEXTS, seconds: 120, cohort: 32, 'src-per': 4000, users: usersFile(members, first) }));
        }
        const begun = Date.now();
        for (const load of loads)
            await eventually(() => load.log.includes('ready') || load.ended !== null, { timeout: 170000, interval: 50, what: 'all sessions to be there' });
        const setup_s = (Date.now() - begun) / 1000;
        await runLoad({ proto: 'telnet', ports: [ports[0]], pids, redisPids: site.redisPids }, {
            members: 1, rate: 1 / EVERY_S, warmup: 0, seconds: TEXTS * EVERY_S - 1, drain: 30, users: usersFile(1, SESSIONS) });
        const seen = await Promise.all(loads.map((load) => load.result()));
        const sum = (of) => seen.reduce((all, one) => all + of(one), 0);
        return {
            sessions: sum((one) => one.connections),
            setup_s,
            lost: sum((one) => one.lost),
            // of the worker whose sessions waited longest
            p50_ms: Math.max(...seen.map((one) => one.latency_ms.p50)),
            p99_ms: Math.max(...seen.map((one) => one.latency_ms.p99)),
            max_ms: Math.max(...seen.map((one) => one.latency_ms.max)),
            kib_per_connection: sum((one) => one.kib_per_connection * one.connections) / SESSIONS,
        };
    } finally {
        loads.forEach((load) => load.signal('SIGKILL'));
        await site.stop();
    }
}
