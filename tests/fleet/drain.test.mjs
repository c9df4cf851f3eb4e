// SIGTERM: balancers first, then programs, then people, and an end in time whatever happens.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { request } from '../lib/http.mjs';
import { startSite } from '../lib/site.mjs';
import { events, people, room, session } from '../realtime/people.mjs';

const ready = (worker) => request('GET', `${worker.httpUrl}/readyz`, { keepAlive: false, timeout: 2000 });

function refused(port) {
    return new Promise((resolve) => {
        const socket = net.connect({ port, host: '127.0.0.1' });
        socket.once('connect', () => resolve(false)).once('error', (error) => resolve(error.code === 'ECONNREFUSED'));
        socket.once('close', () => socket.destroy());
    });
}

async function onlyWorker(site) {
    const [name] = await site.redis.command('ZRANGE', 'wcc:workers', 0, -1);
    return name;
}

test('announced, then WebSockets and streams, then telnet, then the lease', async (t) => {
    const site = await startSite({ args: ['--drain-delay', '1500ms', '--drain', '2s'] });
    t.after(() => site.stop());
    const [worker] = site.workers;
    const { alice } = await people(site, 'alice');
    const name = await onlyWorker(site);
    const ws = await session(site, alice);
    const stream = await events(site, alice);
    const telnet = await site.telnet(alice);
    const order = [];
    ws.closing().then(() => order.push('websocket'));
    stream.waitFor(() => stream.ended).then(() => order.push('events'));
    telnet.untilClosed({ timeout: 20000 }).then(() => order.push('telnet'));

    worker.child.signal('SIGTERM');
    const answer = await eventually(async () => {
        const it = await ready(worker);
        return it.status === 503 && it;
    });
    assert.equal(answer.body.reason, 'draining');
    await eventually(async () => await site.redis.command('HGET', `wcc:worker:{${name}}`, 'draining') === '1');
    assert.match((await site.api().get('/metrics')).text, /^wcchat_draining 1$/m);
    // who comes meanwhile is served
    const late = await site.telnet(alice);
    await alice.api().must(201, 'POST', '/v1/rooms/general/messages', { text: 'while it is announced' });
    for (const one of [ws, stream])
        await one.waitFor(() => one.messages(room('general')).length === 1);
    assert.deepEqual(order, []);

    await eventually(async () => await refused(worker.telnetPort) && await refused(worker.httpPort), { what: 'no new connections' });
    for (const person of [telnet, late])
        await person.expect('* this worker is restarting; please reconnect\r\n');
    const { code } = await worker.child.exited;
    assert.equal(code, 0);
    assert.equal(order.at(-1), 'telnet');
    assert.equal(order.length, 3);
    assert.equal(ws.closed.code, 1012);
    assert.match(stream.comments.at(-1), /restarting/);
    assert.deepEqual(await site.redis.command('ZRANGE', 'wcc:workers', 0, -1), []);
    assert.equal(await site.redis.command('EXISTS', `wcc:worker:{${name}}`), 0);
});

test('a request under way is answered', async (t) => {
    const site = await startSite({ args: ['--drain-max', '20s'] });
    t.after(() => site.stop());
    const { alice } = await people(site, 'alice');
    site.redis.pause();
    const posted = alice.api().post('/v1/rooms/general/messages', { text: 'under way', client_id: 'c-1' });
    await eventually(async () => /^wcchat_http_requests_under_way 2$/m.test((await site.api().get('/metrics')).text),
        { what: 'the post to wait' });
    site.workers[0].child.signal('SIGTERM');
    await eventually(() => refused(site.workers[0].httpPort), { what: 'the end of new connections' });
    site.redis.resume();
    assert.equal((await posted).status, 201);
    assert.equal((await site.workers[0].child.exited).code, 0);
});

test('it ends in time though somebody takes nothing and Redis is away', async (t) => {
    const site = await startSite({ args: ['--drain', '200ms', '--drain-max', '1s'] });
    t.after(() => site.stop());
    const { alice } = await people(site, 'alice');
    const deaf = await site.telnet(alice);
    deaf.pause();
    const text = 'x'.repeat(8000);
    for (let i = 0; i < 40; i++)
        await Promise.all(Array.from({ length: 25 }, () => alice.api().post('/v1/rooms/general/messages', { text })));
    site.redis.pause();
    const begun = Date.now();
    site.workers[0].child.signal('SIGTERM');
    assert.equal((await site.workers[0].child.exited).code, 0);
    // a second to drain and two for Redis; the rest is the machine's
    assert.ok(Date.now() - begun < 15000, `${Date.now() - begun} ms`);
    assert.match(site.workers[0].log, /msg=drained cut_off=1/);
});
