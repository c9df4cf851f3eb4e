// Requests over keep-alive connections, driven by wrk.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { Child } from '../lib/process.mjs';
import { request } from '../lib/http.mjs';
import { cpuSeconds } from './load.mjs';
import { startPeer } from './peers.mjs';
import { roomName } from './seed.mjs';
import { startWcchat, tokenOf, usersFile } from './wcchat.mjs';

const CONNECTIONS = 64;
const POST_SCRIPT = path.join(path.dirname(fileURLToPath(import.meta.url)), 'wrk/post.lua');
const MESSAGES = `/v1/rooms/${roomName(0)}/messages`;
const HISTORY = `${MESSAGES}?limit=50`;

/** Drives one URL; the CPU time of `server` and `redis` (pids) is that of the run alone. */
async function wrk(url, seconds, { server, redis = [], args = [], script = [] }) {
    const before = [cpuSeconds(server), cpuSeconds(redis)];
    const child = new Child('wrk', ['-t', '1', '-c', CONNECTIONS, '-d', `${seconds}s`, '--latency', ...args, url, ...script].map(String));
    const { code } = await child.exited;
    const [server_cpu_s, redis_cpu_s] = [cpuSeconds(server) - before[0], cpuSeconds(redis) - before[1]];
    const perSecond = /Requests\/sec:\s+([\d.]+)/.exec(child.log);
    const total = /(\d+) requests in/.exec(child.log);
    if (code !== 0 || perSecond === null || /Non-2xx|Socket errors/.test(child.log))
        throw new Error(`wrk ${url} (${code}): ${child.tail()}`);
    return {
        requests_per_s: Number(perSecond[1]),
        requests_per_cpu_s: Number(total[1]) / (server_cpu_s + redis_cpu_s),
        server_cpu_s,
        redis_cpu_s,
    };
}

/** Starts a server, drives it with `run`, stops it. */
async function during(starting, run) {
    const server = await starting;
    try {
        return await run(server);
    } finally {
        await server.stop();
    }
}

let posts = 0;

export function measurePosts(durability) {
    return ({ seconds }) => during(startWcchat({ members: CONNECTIONS, durability }), (site) =>
        wrk(site.httpUrl, seconds, {
            server: site.pids,
            redis: site.redisPids,
            args: ['-s', POST_SCRIPT],
            script: ['--', usersFile(CONNECTIONS), MESSAGES, `p${++posts}-`],
        }));
}

export function measureNothing({ seconds }) {
    return during(startPeer('nginx'), (nginx) => wrk(`http://127.0.0.1:${nginx.ports[0]}/nothing`, seconds, { server: nginx.pids }));
}

async function withHistory() {
    const site = await startWcchat({ members: 1 });
    for (let i = 0; i < 60; i++) {
        const body = { text: `message ${i}: a text of some length, as people write them`, client_id: `h-${i}` };
        const answer = await request('POST', site.httpUrl + MESSAGES, { token: tokenOf(0), body });
        if (answer.status !== 201)
            throw new Error(`${answer.status} ${answer.text}`);
    }
    return site;
}

export function measureHistory({ seconds }) {
    return during(withHistory(), (site) => wrk(site.httpUrl + HISTORY, seconds, {
        server: site.pids,
        redis: site.redisPids,
        args: ['-H', `Authorization: Bearer ${tokenOf(0)}`],
    }));
}

/** nginx serving from a file what a worker answers. */
export async function measureFile({ seconds }) {
    const bytes = await during(withHistory(), async (site) => {
        const answer = await request('GET', site.httpUrl + HISTORY, { token: tokenOf(0) });
        if (answer.body.items?.length !== 50)
            throw new Error(`no 50 messages: ${answer.status} ${answer.text.slice(0, 200)}`);
        return answer.text;
    });
    return during(startPeer('nginx'), (nginx) => {
        fs.mkdirSync(path.join(nginx.dir, 'www'));
        fs.writeFileSync(path.join(nginx.dir, 'www/messages.json'), bytes);
        return wrk(`http://127.0.0.1:${nginx.ports[0]}/messages.json`, seconds, { server: nginx.pids });
    });
}
