import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startRedis } from '../lib/redis.mjs';
import { eventually } from '../lib/eventually.mjs';
import { startSite } from '../lib/site.mjs';
import { startWorker } from '../lib/worker.mjs';
import { refused } from './site.mjs';

const PATH = '/v1/rooms/general/messages';

test('who posts too fast is told when to come back, whatever worker is asked', async (t) => {
    const site = await startSite({ workers: 2, args: ['--post-rate', '1', '--post-burst', '3'] });
    t.after(() => site.stop());
    const alice = await site.register('alice');
    const answers = [];
    for (let i = 0; i < 5; i++)
        answers.push(await alice.api(i % 2).post(PATH, { text: `${i}` }));
    const late = answers.find((a) => a.status !== 201);
    refused(late, 429, 'rate_limited');
    assert.ok(Number(late.headers['retry-after']) >= 1);
    const bob = await site.register('bob');
    await bob.api(1).must(201, 'POST', PATH, { text: 'I am another' });
});

test('a message that too few replicas have is not acknowledged; a repeat with its client id is, once they have it', async (t) => {
    const site = await startSite({ workers: 2, args: ['--durability', 'replicas:1'] });
    t.after(() => site.stop());
    const alice = await site.register('alice');
    const body = { text: 'precious', client_id: 'c-1' };
    refused(await alice.api(0).post(PATH, body), 503, 'unavailable');
    const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(site.redis.port)] });
    t.after(() => replica.stop());
    await eventually(async () => /state=online/.test(await site.redis.command('INFO', 'replication')),
        { timeout: 20000, what: 'the replica' });
    const again = await eventually(async () => {
        const answer = await alice.api(1).post(PATH, body);
        return answer.status !== 503 && answer;
    });
    assert.equal(again.status, 200);
    const many = await Promise.all(Array.from({ length: 20 }, (_, i) => alice.api(i % 2).post(PATH, { text: `${i}` })));
    assert.deepEqual(new Set(many.map((a) => a.status)), new Set([201]));
    assert.equal((await alice.api(1).must(200, 'GET', PATH)).items.filter((m) => m.text === 'precious').length, 1);
});

test('--durability fsync refuses a Redis that would lose something in a crash, and is served by one that would not', async (t) => {
    const site = await startSite({ workers: 0 });
    t.after(() => site.stop());
    const start = async (durability) => {
        const worker = await startWorker({ redis: site.redis.unixUrl, key: site.key, args: ['--durability', durability], ready: false });
        const { code } = await worker.child.exited;
        return { code, log: worker.log };
    };
    const turnedAway = await start('fsync');
    assert.equal(turnedAway.code, 1);
    assert.match(turnedAway.log, /redis can't be used.*appendonly is no, must be yes/);
    for (const wrong of ['always', 'replicas', 'replicas:0', 'replicas:101', 'replicas:one', ''])
        assert.match((await start(wrong)).log, /--durability: '.*' is not none, fsync or replicas:N/, wrong);
    await site.redis.command('CONFIG', 'SET', 'appendonly', 'yes');
    await site.addWorker({ args: ['--durability', 'fsync'] });
    const alice = await site.register('alice');
    await alice.api(0).must(201, 'POST', PATH, { text: 'on the disk' });
});

test('while Redis hangs every call is answered unavailable; what was asked is done once when it is repeated', async (t) => {
    const site = await startSite({ workers: 2, args: ['--redis-command-timeout', '1500ms'] });
    t.after(() => site.stop());
    const alice = await site.register('alice');
    await alice.api(0).must(200, 'GET', '/v1/users/me');
    site.redis.pause();
    const body = { text: 'through the storm', client_id: 'c-1' };
    const asked = await Promise.all([alice.api(0).post(PATH, body), alice.api(0).get('/v1/conversations'),
        alice.api(0).get('/v1/users/me'), alice.api(0).get('/v1/presence'), alice.api(0).put(`/v1/rooms/general/members/alice`),
        site.api(1).post('/v1/auth/token', { user: 'alice', password: alice.password })]);
    for (const answer of asked) {
        refused(answer, 503, 'unavailable');
        assert.ok(Number(answer.headers['retry-after']) >= 1);
    }
    site.redis.resume();
    const again = await eventually(async () => {
        const answer = await alice.api(1).post(PATH, body);
        return answer.status !== 503 && answer;
    });
    assert.ok([200, 201].includes(again.status), again.text);
    const { items } = await alice.api(0).must(200, 'GET', PATH);
    assert.equal(items.filter((m) => m.client_id === 'c-1').length, 1);
});
