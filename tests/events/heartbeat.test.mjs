// A subscription that is dead without anybody being told: the connection stays open, nothing comes any more.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { BUILD } from '../lib/process.mjs';
import { startSite } from '../lib/site.mjs';
import { listen, makeRoom, metric, people, post, roomKey, sawExactly, truth } from './watch.mjs';

/** Between a worker and Redis. `mute`: whatever Redis says to subscribers, old and new, is lost. */
class Proxy {
    mute = false;
    swallow = null; // a text: what Redis tells subscribers in one go with it is lost
    swallowed = 0;
    held = null; // an array: answers to commands wait here, in order
    gate = null; // a promise: new connections wait for it
    holdAfter = null; // a text: when a worker sends it, answers begin to be held
    forwarded = ''; // the last that subscribers were told
    muted = new Set();
    sockets = new Set();

    static async to(port) {
        const proxy = new Proxy();
        const through = (client) => proxy.#accept(client, net.connect({ port, host: '127.0.0.1' }));
        proxy.server = net.createServer((client) => (proxy.gate === null ? through(client) : proxy.gate.then(() => through(client))));
        await new Promise((resolve) => proxy.server.listen({ port: 0, host: '127.0.0.1' }, resolve));
        return proxy;
    }

    get url() {
        return `redis://127.0.0.1:${this.server.address().port}`;
    }

    #accept(client, redis) {
        let subscriber = false;
        let commands = false;
        for (const socket of [client, redis]) {
            this.sockets.add(socket);
            socket.on('error', () => {});
            socket.on('close', () => {
                this.sockets.delete(socket);
                client.destroy();
                redis.destroy();
            });
        }
        client.on('data', (data) => {
            subscriber ||= data.includes('SUBSCRIBE');
            commands ||= data.includes('EVALSHA');
            if (subscriber)
                this.subscriber = client;
            if (this.holdAfter !== null && data.includes(this.holdAfter)) {
                this.holdAfter = null;
                this.held = [];
            }
            redis.write(data);
        });
        redis.on('data', (data) => {
            if (this.mute && subscriber)
                this.muted.add(client);
            const lost = subscriber && this.swallow !== null && data.includes(this.swallow);
            this.swallowed += lost ? 1 : 0;
            if (lost || client.destroyed || this.muted.has(client))
                return;
            if (subscriber)
                this.forwarded = (this.forwarded + data).slice(-10000);
            if (commands && this.held !== null)
                this.held.push([client, data]);
            else
                client.write(data);
        });
    }

    release() {
        for (const [client, data] of this.held.splice(0))
            client.write(data);
        this.held = null;
    }

    close() {
        for (const socket of this.sockets)
            socket.destroy();
        this.server.close();
    }
}

/** Worker 1 of two reaches Redis through a proxy; bob listens there. */
async function stage(t) {
    const args = ['--lease', '3s', '--heartbeat', '500ms', '--redis-connect-timeout', '1s'];
    const site = await startSite({ workers: 1, args });
    const proxy = await Proxy.to(site.redis.port);
    t.after(async () => {
        await site.stop().finally(() => proxy.close());
    });
    const worker = await site.addWorker({ redis: proxy.url });
    const { alice, bob } = await people(site, 'alice', 'bob');
    await makeRoom(alice, 'dev', { members: [bob] });
    const ear = await listen(site, bob, 1);
    await post(alice, 'dev', 'before');
    await ear.hears('before');
    return { site, proxy, worker, alice, bob, ear };
}

test('an event that got lost on the way is read from the log when the next one does not follow', async (t) => {
    const { site, proxy, worker, alice, ear } = await stage(t);
    for (let i = 1; i <= 5; i++) {
        proxy.swallow = `lost ${i}`;
        await post(alice, 'dev', `lost ${i}`);
        await eventually(() => proxy.swallowed === i, { what: 'the event to get lost' });
        await post(alice, 'dev', `found ${i}`);
        await ear.hears(`found ${i}`);
    }
    await sawExactly(ear, 'dev', await truth(site, roomKey('dev')));
    assert.equal(await metric(worker, 'wcchat_event_gaps_total'), 5);
    assert.equal(await metric(worker, 'wcchat_resyncs_total'), 0);
});

test('an event that comes while the log is being read, and is not in what was read, is not forgotten', async (t) => {
    const { site, proxy, alice, ear } = await stage(t);
    for (let i = 1; i <= 3; i++) {
        proxy.swallow = `lost ${i}`;
        await post(alice, 'dev', `lost ${i}`);
        await eventually(() => proxy.swallowed === i, { what: 'the event to get lost' });
        proxy.held = [];
        await post(alice, 'dev', `next ${i}`);
        await eventually(() => proxy.held.some(([, data]) => data.includes(`lost ${i}`)), { interval: 1, what: 'the log to be read' });
        await post(alice, 'dev', `meanwhile ${i}`);
        await eventually(() => proxy.forwarded.includes(`meanwhile ${i}`), { interval: 1, what: 'the event to be on its way' });
        proxy.release();
        await ear.hears(`meanwhile ${i}`);
    }
    await sawExactly(ear, 'dev', await truth(site, roomKey('dev')));
});

test('a subscription lost while a session attaches: what came in between is shown at once', async (t) => {
    const { site, proxy, alice } = await stage(t);
    await makeRoom(alice, 'ops');
    const attach = fs.readFileSync(path.join(BUILD, 'lua/attach.lua'));
    proxy.holdAfter = crypto.createHash('sha1').update(attach).digest('hex');
    const telnet = await site.connect(1);
    const entering = telnet.login('alice', alice.token);
    entering.catch(() => {}); // awaited below
    // the head is read, and its answer on the way: from here on everything is to be shown
    await eventually(() => proxy.held !== null && proxy.held.length > 0, { interval: 1, what: 'the head to be read' });
    let open;
    proxy.gate = new Promise((resolve) => { open = resolve; });
    proxy.forwarded = '';
    proxy.subscriber.destroy();
    await post(alice, 'ops', 'in between');
    open();
    await eventually(() => proxy.forwarded.includes('wcc:room:{ops}'), { interval: 1, what: 'the new subscription' });
    assert.equal(proxy.forwarded.includes('in between'), false);
    proxy.release();
    await entering;
    await telnet.waitFor(() => telnet.text.includes('in between'), { what: 'the message in between' });
    await post(alice, 'ops', 'afterwards');
    await telnet.waitFor(() => telnet.text.includes('afterwards'), { what: 'the next message' });
    assert.equal(telnet.text.split('in between').length, 2);
});

test('a subscription that is silently dead is replaced, and what was missed is delivered', async (t) => {
    const { site, proxy, worker, alice, bob, ear } = await stage(t);
    assert.equal(await metric(worker, 'wcchat_heartbeats_missed_total'), 0);

    proxy.mute = true;
    for (let i = 1; i <= 3; i++)
        await post(alice, 'dev', `missed ${i}`);
    const ready = await eventually(async () => {
        const answer = await worker.api.get('/readyz');
        return answer.status === 503 ? answer.body : null;
    }, { what: 'the worker to say that it is not ready' });
    assert.equal(ready.reason, 'subscription lost');
    assert.equal(ready.checks.subscription.status, 'down');
    assert.equal(ready.checks.redis.status, 'up');
    assert.ok(await metric(worker, 'wcchat_heartbeats_missed_total') >= 1);
    assert.equal(ear.texts('dev').includes('missed 1'), false);
    assert.equal((await site.workers[0].api.get('/readyz')).status, 200);

    proxy.mute = false;
    await ear.hears('missed 3', { timeout: 20000 });
    await sawExactly(ear, 'dev', await truth(site, roomKey('dev')));
    await eventually(async () => (await worker.api.get('/readyz')).status === 200, { what: 'the worker to be ready again' });
    await post(bob, 'dev', 'after', { worker: 1 });
    await ear.hears('after');
    await sawExactly(ear, 'dev', await truth(site, roomKey('dev')));
    assert.equal(await metric(worker, 'wcchat_resyncs_total'), 0);
});
