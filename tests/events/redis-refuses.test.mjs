// Redis is there and refuses: no memory, a replica, another password; or one direction of the network is cut. Requests are
// answered in time, nothing acknowledged is lost, and all goes on by itself.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Wire } from '../lib/cut.mjs';
import { eventually } from '../lib/eventually.mjs';
import { startSite } from '../lib/site.mjs';
import { allKept, keepPosting, listen, makeRoom, metric, people, post, roomKey, sawExactly, subscribed, truth } from './watch.mjs';

const KEY = roomKey('dev');
const LEASE_MS = 3000; // longer than the back-off of one who connects again
const ARGS = ['--post-rate', '0', '--heartbeat', '300ms', '--redis-command-timeout', '1500ms'];

async function stage(t, wires = false) {
    const site = await startSite({ workers: 0, args: ARGS, redis: { appendonly: true } });
    t.after(() => site.stop());
    // The second renews its lease more seldom: after a trouble the first will find it lapsed.
    for (let i = 0; !wires && i < 2; i++)
        await site.addWorker({ args: ['--lease', `${LEASE_MS * (1 + i / 2)}ms`] });
    const wire = [];
    for (let i = 0; wires && i < 2; i++) {
        wire.push(await Wire.to(site.redis.port));
        t.after(() => wire[i].stop());
        await site.addWorker({ args: ['--lease', `${LEASE_MS}ms`], redis: `redis://127.0.0.1:${wire[i].port}` });
    }
    const { alice, bob } = await people(site, 'alice', 'bob');
    await makeRoom(alice, 'dev', { members: [bob] });
    const ears = [await listen(site, alice, 0), await listen(site, bob, 1)];
    return { site, wire, alice, bob, ears };
}

/** A post is refused: 503 with Retry-After, within `most` milliseconds. */
async function refused(account, worker = 0, most = 8000) {
    await eventually(async () => {
        const begun = Date.now();
        const answer = await account.api(worker).post('/v1/rooms/dev/messages', { text: 'refused', client_id: 'refused' });
        assert.ok(Date.now() - begun < most, `answered after ${Date.now() - begun} ms`);
        if (answer.status !== 503)
            return false;
        assert.equal(answer.body.code, 'unavailable');
        assert.match(answer.headers['retry-after'], /^\d+$/);
        return true;
    }, { what: 'posts to be refused' });
}

/** Posts before, during and after a trouble; then all is there, once, and was shown. */
async function through({ site, alice, bob, ears }, trouble) {
    const ids = async () => (await site.redis.command('ZRANGE', 'wcc:workers', 0, -1)).sort();
    const before = await ids();
    let going = true;
    const more = () => going;
    const writers = [keepPosting(alice, 'dev', more, { worker: 0, name: 'a' }), keepPosting(bob, 'dev', more, { worker: 1, name: 'b' })];
    await eventually(async () => (await truth(site, KEY)).length > 10, { what: 'some posts' });
    await trouble();
    const { length } = await truth(site, KEY);
    await eventually(async () => (await truth(site, KEY)).length > length + 10, { timeout: 30000, what: 'posts to be taken again' });
    going = false;
    const acknowledged = (await Promise.all(writers)).flat();
    await subscribed(site);
    await eventually(() => post(alice, 'dev', 'the end', { client_id: 'the end' }));
    const log = await truth(site, KEY);
    allKept(acknowledged, log);
    for (const ear of ears)
        await sawExactly(ear, 'dev', log);
    return { before, after: await ids() };
}

/** Waits until all leases have. */
async function lapsed(site) {
    await eventually(async () => await site.redis.command('ZCOUNT', 'wcc:workers', Date.now(), '+inf') === 0,
        { timeout: 15000, what: 'the leases to lapse' });
}

async function nobodyReaped(site) {
    for (const worker of site.workers) {
        assert.equal(await metric(worker, 'wcchat_workers_reaped_total'), 0);
        assert.equal(await metric(worker, 'wcchat_declared_dead_total'), 0);
    }
}

test('full memory for longer than a lease: refused, read all the same, nobody is reaped', async (t) => {
    const all = await stage(t);
    const { site, alice, bob } = all;
    const { before, after } = await through(all, async () => {
        await site.redis.command('CONFIG', 'SET', 'maxmemory', '1mb');
        await Promise.all([refused(alice, 0), refused(bob, 1)]);
        const history = await bob.api(1).get('/v1/rooms/dev/messages');
        assert.equal(history.status, 200);
        assert.ok(history.body.items.length > 5);
        await lapsed(site);
        await eventually(() => site.workers.every((worker) => /level=warn .*redis is nearly out of memory/.test(worker.log)),
            { timeout: 30000, what: 'the warning' });
        assert.ok(await metric(site.workers[0], 'wcchat_redis_memory_used_percent') > 85);
        await site.redis.command('CONFIG', 'SET', 'maxmemory', '0');
    });
    assert.deepEqual(after, before);
    await nobodyReaped(site);
});

test('a replica that takes no writes, for longer than a lease', async (t) => {
    const all = await stage(t);
    const { site, alice, bob } = all;
    const { before, after } = await through(all, async () => {
        await site.redis.command('REPLICAOF', '127.0.0.1', '1');
        await Promise.all([refused(alice, 0), refused(bob, 1)]);
        assert.equal((await site.api().get('/readyz')).status, 200, 'it is away for all: no worker\'s own cause');
        await lapsed(site);
        await site.redis.command('REPLICAOF', 'NO', 'ONE');
    });
    assert.deepEqual(after, before);
    await nobodyReaped(site);
});

test('another password: said in the log, refused, and taken again by itself', async (t) => {
    const all = await stage(t);
    const { site, alice, bob } = all;
    await through(all, async () => {
        await site.redis.command('CONFIG', 'SET', 'requirepass', 'changed');
        for (const type of ['normal', 'pubsub'])
            await site.redis.command('CLIENT', 'KILL', 'TYPE', type);
        await Promise.all([refused(alice, 0), refused(bob, 1)]);
        for (const worker of site.workers) {
            await eventually(async () => {
                const { status, problem } = (await worker.api.get('/readyz')).body.checks.redis;
                return status === 'down' && /NOAUTH/i.test(problem);
            }, { what: 'the reason to be told' });
            assert.doesNotMatch(worker.log, /changed/);
        }
        await site.redis.command('CONFIG', 'SET', 'requirepass', '');
    });
    await nobodyReaped(site);
});

test('scripts are flushed again and again', async (t) => {
    const all = await stage(t);
    await through(all, async () => {
        for (let i = 0; i < 10; i++) {
            const { length } = await truth(all.site, KEY);
            await all.site.redis.command('SCRIPT', 'FLUSH');
            await eventually(async () => (await truth(all.site, KEY)).length > length + 3, { what: 'posts to go on' });
        }
    });
    await nobodyReaped(all.site);
});

for (const [name, ...ways] of [['nothing reaches Redis', 'toServer'], ['nothing comes back from Redis', 'toClient'], ['nothing passes', 'toServer', 'toClient']]) {
    test(`the network of one worker is cut, ${name}: it is refused there, the other goes on, and it catches up`, async (t) => {
        const all = await stage(t, true);
        const { site, wire, alice, bob } = all;
        await through(all, async () => {
            wire[0].cut(...ways);
            await refused(alice, 0);
            await post(bob, 'dev', 'meanwhile', { worker: 1, client_id: 'meanwhile' });
            await eventually(async () => (await site.workers[0].api.get('/readyz')).body.checks.redis.status === 'down');
            wire[0].mend();
        });
    });
}
