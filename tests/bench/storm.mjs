// All sessions of a worker that died come back at once, on another one.
import http from 'node:http';

import { eventually } from '../lib/eventually.mjs';
import { startLoad } from './load.mjs';
import { startWcchat, tokenOf, usersFile } from './wcchat.mjs';

const SESSIONS = 10000;
const LOAD = { rooms: SESSIONS / 10, members: 10 };
const CALLERS = 32;

/** The worker has seen all tokens: after a death that is so where clients used both workers before. */
async function warm(worker) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: CALLERS });
    const ask = (user) => new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${tokenOf(user)}` };
        const request = http.get(`${worker.httpUrl}/v1/users/me`, { agent, headers }, (response) => {
            response.resume();
            response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`${response.statusCode}`))));
        });
        request.on('error', reject);
    });
    let next = 0;
    const caller = async () => {
        while (next < SESSIONS)
            await ask(next++);
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    agent.destroy();
}

export async function measureStorm() {
    const server = await startWcchat({ ...LOAD, workers: 2 });
    try {
        const [dying, other] = server.site.workers;
        await warm(other);
        const load = startLoad(
            { proto: 'ws', ports: [dying.httpPort, other.httpPort], pids: [other.pid], redisPids: server.redisPids },
            { ...LOAD, storm: true, 'src-per': 4000, users: usersFile(SESSIONS) });
        await eventually(() => load.log.includes('ready') || load.ended !== null, { timeout: 120000, interval: 50, what: 'all sessions to be there' });
        await dying.crash();
        return await load.result();
    } finally {
        await server.stop();
    }
}
