// Who is online, across workers that come, freeze and die. A worker leases its life; its sessions live as long.
import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { eventually } from '../lib/eventually.mjs';
import { startSite } from '../lib/site.mjs';
import { listen, makeRoom, metric, people, post, roomKey, subscribed, tap, userKey } from './watch.mjs';

const LEASE_MS = 2500;
const ARGS = ['--lease', `${LEASE_MS}ms`, '--heartbeat', '500ms', '--grace', '700ms', '--drain', '100ms', '--drain-max', '2s'];

async function stage(t, options = {}) {
    const site = await startSite({ workers: 2, args: ARGS, ...options });
    t.after(() => site.stop());
    const cast = await people(site, 'alice', 'bob');
    await makeRoom(cast.alice, 'dev', { members: [cast.bob] });
    const see = async (worker = 1) => cast.alice.api(worker).must(200, 'GET', '/v1/presence/bob');
    const becomes = (channels, worker = 1) => eventually(async () => {
        const presence = await see(worker);
        return JSON.stringify(presence.channels) === JSON.stringify(channels) ? presence : null;
    }, { what: `bob to be online on [${channels}]` });
    return { site, ...cast, see, becomes };
}

const sessions = (site, user) => site.redis.command('HKEYS', `${userKey(user)}:sessions`);
const workers = (site) => site.redis.command('ZRANGE', 'wcc:workers', 0, -1);
const idOf = async (worker) => (await worker.api.get('/healthz')).body.worker;

test('online where the session is, offline after the last one and the grace, told once each', async (t) => {
    const { site, bob, becomes } = await stage(t);
    const watch = await tap(site, roomKey('dev'));
    await becomes([]);
    const first = await listen(site, bob, 0);
    assert.equal((await becomes(['telnet'])).status, 'online');
    const second = await listen(site, bob, 1);
    assert.equal((await sessions(site, 'bob')).length, 2);
    first.telnet.close();
    await eventually(async () => (await sessions(site, 'bob')).length === 1, { what: 'the first session to be forgotten' });
    await becomes(['telnet']);
    second.telnet.close();
    const gone = await becomes([]);
    assert.equal(gone.status, 'offline');
    assert.equal(gone.last_seen_mins, 0);
    await eventually(() => watch.of('userloggedout').length > 0, { what: 'the logout to be told' });
    assert.deepEqual(watch.heard.filter((e) => e.user === 'bob').map((e) => [e.type, e.channels]),
        [['userloggedin', 'telnet'], ['userloggedout', '']]);
    const [came, went] = watch.heard.filter((e) => e.user === 'bob').map((e) => Number(e.version));
    assert.ok(went > came, `${went} is not above ${came}`);
});

test('a reconnect to another worker within the grace does not show', async (t) => {
    const { site, bob, becomes } = await stage(t, { args: [...ARGS, '--grace', '6s'] });
    const ear = await listen(site, bob, 0);
    await becomes(['telnet']);
    const watch = await tap(site, roomKey('dev'));
    const [before] = await sessions(site, 'bob');
    ear.telnet.close();
    await sleep(600); // gone for a while: that is what is tested
    await listen(site, bob, 1);
    await eventually(async () => {
        const now = await sessions(site, 'bob');
        return now.length === 1 && now[0] !== before;
    }, { what: 'only the new session to be left' });
    await becomes(['telnet'], 0);
    await site.redis.command('PUBLISH', roomKey('dev'), 't-1\x1ftype\x1fend');
    await eventually(() => watch.of('end').length > 0, { what: 'what was told up to now' });
    assert.deepEqual(watch.heard.map((e) => e.type), ['end']);
});

test('a worker is killed: its users are offline soon, told once, and nothing of it is left', async (t) => {
    const { site, bob, becomes } = await stage(t, { workers: 3 });
    const dead = await idOf(site.workers[0]);
    await listen(site, bob, 0);
    await becomes(['telnet']);
    const watch = await tap(site, roomKey('dev'));
    await site.workers[0].crash();
    await becomes([]);
    await eventually(async () => !(await workers(site)).includes(dead), { what: 'the dead worker to be removed' });
    assert.deepEqual(await site.redis.command('KEYS', `wcc:worker:{${dead}}*`), []);
    assert.deepEqual(await sessions(site, 'bob'), []);
    const reaped = () => Promise.all(site.workers.slice(1).map((worker) => metric(worker, 'wcchat_workers_reaped_total')));
    await eventually(async () => (await reaped()).some((n) => n > 0), { what: 'the reaping to be counted' });
    assert.deepEqual((await reaped()).sort(), [0, 1]);
    assert.deepEqual(watch.heard.filter((e) => e.user === 'bob').map((e) => e.type), ['userloggedout']);
});

test('a worker frozen past its lease goes on under a new id: sockets stay, nobody is there twice', async (t) => {
    const { site, alice, bob, becomes } = await stage(t);
    const before = await idOf(site.workers[0]);
    const ear = await listen(site, bob, 0);
    await becomes(['telnet']);
    site.workers[0].pause();
    await becomes([]);
    await eventually(async () => !(await workers(site)).includes(before), { what: 'the frozen worker to be removed' });
    await post(alice, 'dev', 'while frozen', { worker: 1 });
    site.workers[0].resume();
    await becomes(['telnet']);
    await ear.hears('while frozen');
    const after = await idOf(site.workers[0]);
    assert.notEqual(after, before);
    const [only, ...more] = await sessions(site, 'bob');
    assert.deepEqual([only.split('/')[0], more], [after, []]);
    assert.deepEqual(await site.redis.command('KEYS', `wcc:worker:{${before}}*`), []);
    assert.equal(await metric(site.workers[0], 'wcchat_declared_dead_total'), 1);
    await ear.alive();
    // the session that was registered again ends as any other
    ear.telnet.close();
    await becomes([]);
    await eventually(async () => (await site.redis.command('SMEMBERS', `wcc:worker:{${after}}:sessions`)).length === 0,
        { what: 'the worker to forget the session' });
});

/** Longer than the back-off of one who connects again: who is last to be back must not be missed by the first. */
const LONG_LEASE_MS = 5000;

for (const kind of ['gone', 'hanging']) {
    test(`Redis ${kind} for longer than a lease ends nobody`, async (t) => {
        const args = [...ARGS, '--lease', `${LONG_LEASE_MS}ms`];
        const { site, alice, bob, becomes } = await stage(t, { args, redis: { appendonly: true } });
        const ears = [await listen(site, bob, 0), await listen(site, alice, 1)];
        await becomes(['telnet']);
        const before = (await workers(site)).sort();
        // how long it is away is what is tested
        if (kind === 'gone') {
            await site.redis.crash();
            await sleep(LONG_LEASE_MS * 1.2);
            site.workers[0].pause(); // it is the last to be back
            const renewed = await metric(site.workers[1], 'wcchat_lease_renewals_total');
            await site.redis.start();
            await eventually(async () => await metric(site.workers[1], 'wcchat_lease_renewals_total') > renewed + 1,
                { what: 'the first to have looked who is there' });
            site.workers[0].resume();
        } else {
            site.redis.pause();
            await sleep(LONG_LEASE_MS * 1.2);
            site.redis.resume();
        }
        await subscribed(site);
        await eventually(async () => await site.redis.command('ZCOUNT', 'wcc:workers', Date.now(), '+inf') === 2,
            { what: 'the leases to be renewed' });
        await eventually(() => post(alice, 'dev', 'back', { client_id: 'back' }), { what: 'posts to be taken' });
        for (const ear of ears)
            await ear.hears('back');
        // time enough to be reaped in, if anybody were to be
        const renewals = await metric(site.workers[1], 'wcchat_lease_renewals_total');
        await eventually(async () => await metric(site.workers[1], 'wcchat_lease_renewals_total') > renewals + 3,
            { what: 'some more rounds' });
        assert.deepEqual((await workers(site)).sort(), before);
        await becomes(['telnet']);
        for (const worker of site.workers) {
            assert.equal(await metric(worker, 'wcchat_workers_reaped_total'), 0);
            assert.equal(await metric(worker, 'wcchat_declared_dead_total'), 0);
        }
    });
}

test('a worker that is asked to end leaves nothing behind', async (t) => {
    const { site, bob, see, becomes } = await stage(t);
    const ear = await listen(site, bob, 0);
    await becomes(['telnet']);
    const id = await idOf(site.workers[0]);
    const watch = await tap(site, roomKey('dev'));
    await site.workers[0].stop();
    await ear.telnet.untilClosed();
    assert.equal((await workers(site)).includes(id), false);
    assert.deepEqual(await site.redis.command('KEYS', `wcc:worker:{${id}}*`), []);
    assert.deepEqual(await sessions(site, 'bob'), []);
    const now = await see(1);
    assert.deepEqual([now.status, now.channels, now.last_seen_mins], ['offline', [], 0]);
    await eventually(() => watch.of('userloggedout').length > 0, { what: 'the logout to be told' });
    assert.deepEqual(watch.heard.filter((e) => e.user === 'bob').map((e) => e.type), ['userloggedout']);
    assert.equal(await metric(site.workers[1], 'wcchat_workers_reaped_total'), 0);
});

test('a worker can be ended while Redis is away', async (t) => {
    const { site, alice, bob } = await stage(t, { redis: { appendonly: true } });
    const ears = [await listen(site, alice, 0), await listen(site, bob, 0), await listen(site, bob, 1)];
    await site.redis.crash();
    ears[0].telnet.close();
    await eventually(async () => (await site.workers[0].api.get('/readyz')).body.checks.redis.status === 'down',
        { what: 'the loss to be noticed' });
    await site.workers[0].stop();
    await ears[1].telnet.untilClosed();
    await site.redis.start();
    await subscribed({ redis: site.redis, workers: [site.workers[1]] });
    await eventually(() => post(alice, 'dev', 'still here', { worker: 1, client_id: 'still here' }), { what: 'posts to be taken' });
    await ears[2].hears('still here');
});
