// All workers are replaced one by one while people talk: nothing is lost, doubled or out of order.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { eventually } from '../lib/eventually.mjs';
import { connectUser } from '../lib/nats.mjs';
import { tempFolder } from '../lib/process.mjs';
import { openEvents } from '../lib/sse.mjs';
import { connectTelnet } from '../lib/telnet.mjs';
import { Member } from '../nats/people.mjs';
import { Returning, patience, stored, webSocket } from './returning.mjs';
import { readEnv, script, startUp } from './up.mjs';

const USERS = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'];
const EACH = 200; // sessions of a channel
const PACE_MS = 300; // of each of those who write: each message is delivered to all sessions
const NATS_PING_MS = 3000;

const stream = (url, token) => new Returning(async (before) => {
    const sse = await openEvents(`${url}/v1/events`, { token, lastEventId: before?.sse.lastEventId });
    await sse.waitFor(() => sse.lastEventId !== '' || sse.ended);
    return {
        sse,
        seqs: () => sse.events.map(({ event }) => event).filter(stored).map((event) => event.data.seq),
        resyncs: () => sse.events.filter(({ event }) => event.type.endsWith('.resync')).length,
        gone: () => sse.waitFor(() => sse.ended, { timeout: 200000 }),
        close: () => sse.cut(),
    };
});

const person = (port, user, token) => new Returning(async () => {
    const telnet = await connectTelnet({ port });
    try {
        await telnet.login(user, token);
        await telnet.ask('/numbers on', 'numbers are on');
    } catch (error) {
        telnet.close();
        throw error;
    }
    return {
        telnet,
        seqs: () => telnet.lines.map((line) => /^\[general\] #(\d+) /.exec(line)).filter(Boolean).map((m) => Number(m[1])),
        gone: () => telnet.waitFor(() => telnet.closed, { timeout: 200000 }),
        close: () => telnet.close(),
    };
});

/** Its connection stays: NATS is not replaced. Its session goes from worker to worker. */
class NatsSession extends Member {
    async begin(name) {
        await this.open(name);
        this.end = this.keep(NATS_PING_MS);
    }

    seqs() {
        return this.events.filter(stored).map((event) => event.data.seq);
    }

    resyncs() {
        return this.events.filter((event) => event.type.endsWith('.resync')).length;
    }

    async stop() {
        await this.end?.();
        await this.connection.close();
    }
}

async function natsSessions(url, accounts, clients) {
    for (const account of accounts)
        account.jwt ??= (await account.api.must(200, 'POST', '/v1/auth/nats', {})).jwt;
    return Promise.all(accounts.map(async (account, i) => {
        const session = new NatsSession(account, await connectUser(url, account.user, account.jwt));
        clients.push(session);
        await session.begin(`session-${i}`);
        return session;
    }));
}

/** Posts until `going` ends; each text is repeated with its client id until it is acknowledged. */
async function write(account, name, going) {
    const acknowledged = [];
    for (let i = 0; going(); i++) {
        const body = { text: `${name} ${i}`, client_id: `${name}-${i}` };
        const answer = await eventually(async () => {
            const it = await account.api.post('/v1/rooms/general/messages', body, { timeout: 10000 });
            return [200, 201].includes(it.status) && it.body;
        }, { ...patience, what: 'a post to be taken' });
        acknowledged.push({ ...answer, text: body.text });
        await sleep(PACE_MS); // a pace, not a wait
    }
    return acknowledged;
}

function entries(log) {
    return log.map(([id, fields]) => ({ id, ...Object.fromEntries(fields.map((f, i) => [f, fields[i + 1]]).filter((_, i) => i % 2 === 0)) }));
}

/** All of general from the first one on, each once and in order. */
function contiguous(seqs, last) {
    assert.deepEqual(seqs, Array.from({ length: last - seqs[0] + 1 }, (_, i) => seqs[0] + i), 'each once and in order');
}

test('three workers are replaced under 200 sessions each of telnet, WebSocket, event streams and NATS, and under REST', async (t) => {
    const clients = [];
    t.after(() => Promise.allSettled(clients.map((one) => one.stop()))); // before the site ends, or they would try to come back
    const site = await startUp(t, { workers: 3, args: ['--drain', '3s'] });
    const { HTTP_URL, NATS_URL, TELNET_PORT, WORKER_PIDS } = site.env;
    const accounts = await Promise.all(USERS.map((user) => site.register(user)));
    const owners = Array.from({ length: EACH }, (_, i) => accounts[i % accounts.length]);
    const people = owners.map(({ user, token }) => person(TELNET_PORT, user, token));
    const sockets = owners.map(({ token }) => webSocket(() => HTTP_URL, token));
    const programs = [...sockets, ...owners.map(({ token }) => stream(HTTP_URL, token))];
    clients.push(...people, ...programs);
    await Promise.all(people.map((one) => one.open()));
    await Promise.all(programs.map((one) => one.open()));
    const nats = await natsSessions(NATS_URL, owners, clients);

    let going = true;
    const writers = accounts.slice(0, 3).map((account) => write(account, account.user, () => going));
    await eventually(() => [...programs, ...nats].every((one) => one.seqs().length > 10), { ...patience, what: 'everybody to hear' });
    const upgraded = await script('wcchatctl', '--dir', site.dir, 'upgrade');
    assert.equal(upgraded.code, 0, upgraded.err);
    assert.equal(upgraded.out.match(/is replaced/g)?.length, 3, upgraded.out);
    const pids = readEnv(site.dir).WORKER_PIDS;
    assert.equal(new Set([...pids, ...WORKER_PIDS]).size, 6, 'all are others than before');
    // Telnet has no cursors: whoever was away has to be back before the last message.
    const [[head]] = await site.redis('XREVRANGE', 'wcc:room:{general}:log', '+', '-', 'COUNT', '1');
    const now = Number(head.split('-')[1]);
    await eventually(() => people.every((one) => one.seqs().at(-1) > now), { ...patience, what: 'everybody to be back' });
    going = false;
    const acknowledged = (await Promise.all(writers)).flat();

    const log = entries(await site.redis('XRANGE', 'wcc:room:{general}:log', '-', '+'));
    const last = Number(log.at(-1).id.split('-')[1]);
    for (const { id, text } of acknowledged)
        assert.deepEqual(log.filter((entry) => entry.text === text).map((entry) => entry.id), [id], `${text}: once`);
    for (const one of programs) {
        await eventually(() => one.seqs().at(-1) === last, { ...patience, what: `the end, ${last}; it is at ${one.seqs().at(-1)}` });
        contiguous(one.seqs(), last);
        assert.ok(one.parts.length >= 2, 'it had to move');
        assert.deepEqual(one.parts.map((part) => part.resyncs()), one.parts.map(() => 0));
    }
    for (const one of nats) {
        await eventually(() => one.seqs().at(-1) === last, { ...patience, what: `the end over NATS, ${last}; it is at ${one.seqs().at(-1)}` });
        contiguous(one.seqs(), last);
        assert.ok(one.generations.size >= 2, 'it had to move');
        assert.equal(one.resyncs(), 0);
    }
    t.diagnostic(`${last} events, ${people.length + programs.length + nats.length} sessions`);
    assert.ok(sockets.every((one) => one.parts.slice(0, -1).every((part) => part.code() === 1012)));
    for (const one of people) {
        await eventually(() => one.seqs().at(-1) === last, { ...patience, what: 'the end on telnet' });
        for (const part of one.parts) {
            const seqs = part.seqs();
            assert.deepEqual(seqs, seqs.map((_, i) => seqs[0] + i), 'a telnet session without a hole');
        }
        assert.deepEqual(one.seqs(), [...new Set(one.seqs())].sort((a, b) => a - b));
        assert.ok(one.parts.slice(0, -1).every(({ telnet }) => telnet.text.includes('restarting')), 'it was told');
    }
});

test('a new version that does not get ready: the old one is back, the rest untouched', async (t) => {
    const site = await startUp(t, { workers: 2 });
    const { WORKER_PIDS } = site.env;
    const broken = path.join(tempFolder('wcchat-broken'), 'wcchat-worker');
    fs.writeFileSync(broken, '#!/bin/sh\necho no such luck\nexit 1\n', { mode: 0o755 });
    const upgraded = await script('wcchatctl', '--dir', site.dir, 'upgrade', broken);
    assert.notEqual(upgraded.code, 0);
    assert.match(upgraded.err, /no such luck[^]*the old one is back/);
    const pids = readEnv(site.dir).WORKER_PIDS;
    assert.notEqual(pids[0], WORKER_PIDS[0]);
    assert.equal(pids[1], WORKER_PIDS[1]);
    for (const url of site.env.WORKER_HTTP_URLS)
        assert.equal((await fetch(`${url}/readyz`)).status, 200);
});
