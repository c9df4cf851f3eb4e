import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { ALICE, Bench, ROOM, room } from './scripts.mjs';

const bench = new Bench();
const NONE = 'wcc:user:{none}';
const WORKERS = 'wcc:workers';
const DEAD = 'wcc:worker:{w1}';

const account = () => bench.ok('account_create', ALICE, 'Alice', '$phc$1', 'user');
const begin = (session, live = 'w1 w2') => bench.ok('session_begin', ALICE, session, '10.0.0.1', live);
const end = (session, live = 'w1 w2') => bench.ok('session_end', ALICE, session, live);
const presence = async (live = 'w1 w2') => {
    const [status, text, channels, ago, version] = await bench.ok('presence_get', ALICE, live);
    return { status, text, channels, ago, version };
};
const later = async (ms) => {
    const now = await bench.ms();
    await eventually(async () => await bench.ms() > now + ms);
};

test('sessions come and go: a channel changes with its first and its last', async () => {
    await account();
    assert.deepEqual(await begin('w1/telnet/1'), ['1', '1', 'telnet', 'online', '']);
    assert.deepEqual(await begin('w2/telnet/1'), ['0', '1', 'telnet', 'online', '']);
    assert.deepEqual(await begin('w1/rest/7'), ['1', '2', 'rest,telnet', 'online', '']);
    assert.match((await bench.hash(`${ALICE}:sessions`))['w1/telnet/1'], /^\d{13} 10\.0\.0\.1$/);
    assert.deepEqual(await end('w1/telnet/1'), ['0', '2', 'rest,telnet', 'online', '']);
    assert.deepEqual(await end('w2/telnet/1'), ['1', '3', 'rest', 'online', '']);
    assert.deepEqual(await end('w1/rest/7'), ['1', '4', '', 'online', '']);
    assert.equal(await bench.command('EXISTS', `${ALICE}:sessions`), 0);
    assert(Number((await bench.hash(ALICE)).last_seen) > 0);
    await bench.refuses('not_found', 'session_begin', NONE, 'w1/telnet/1', '', 'w1');
});

test('sessions of a worker without a lease do not count', async () => {
    await account();
    await begin('w1/telnet/1');
    assert.deepEqual(await begin('w2/telnet/1', 'w2'), ['1', '2', 'telnet', 'online', '']);
    await begin('w1/rest/1');
    assert.equal((await presence()).channels, 'rest,telnet');
    assert.equal((await presence('w2')).channels, 'telnet');
    assert.deepEqual(await end('w1/telnet/1', 'w2'), ['0', '3', 'telnet', 'online', ''],
        'reaping one that is on elsewhere');
    assert.deepEqual(await end('w1/rest/1', 'w2'), ['1', '4', 'telnet', 'online', '']);
});

test('presence_set and presence_get', async () => {
    await account();
    assert.deepEqual(await presence(), { status: 'online', text: '', channels: '', ago: '', version: '0' });
    await begin('w1/telnet/1');
    assert.deepEqual((await bench.ok('presence_set', ALICE, 'away', 'lunch', 'w1')).map(String), ['2', 'telnet', '1']);
    assert.deepEqual((await bench.ok('presence_set', ALICE, 'away', 'lunch', 'w1')).map(String), ['2', 'telnet', '0']);
    assert.deepEqual(await presence(), { status: 'away', text: 'lunch', channels: 'telnet', ago: '', version: '2' });
    await end('w1/telnet/1');
    const { ago, ...rest } = await presence();
    assert.deepEqual(rest, { status: 'away', text: 'lunch', channels: '', version: '3' });
    assert(Number(ago) >= 0 && Number(ago) < 60000 && ago !== '');
    await begin('w1/telnet/2');
    await bench.ok('presence_set', ALICE, 'offline', '', 'w1');
    assert.match((await presence()).ago, /^\d+$/, 'who hides was seen last when they did');
    await bench.command('HSET', ALICE, 'last_seen', await bench.ms() - 600000);
    const hidden = async () => Number((await presence()).ago) >= 600000;
    assert(await hidden());
    await end('w1/telnet/2');
    assert(await hidden(), 'the end of a hidden session shows');
    await bench.refuses('not_found', 'presence_get', NONE, '');
    await bench.refuses('not_found', 'presence_set', NONE, 'away', '', '');
    await bench.ok('account_state', ALICE, 'delete');
    await bench.refuses('not_found', 'presence_get', ALICE, '');
});

test('presence_set: so many changes at once and no more', async () => {
    await account();
    for (let i = 0; i < 20; i++)
        await bench.ok('presence_set', ALICE, 'away', `text ${i}`, '');
    const [ms] = await bench.refuses('rate_limited', 'presence_set', ALICE, 'away', 'one more', '');
    assert(ms > 0 && ms <= 1000, ms);
    assert.equal((await presence()).text, 'text 19');
    await bench.ok('presence_set', ALICE, 'away', 'text 19', ''); // no change
});

test('presence_publish: only in conversations of the user that are small enough', async () => {
    await room(bench, { members: ['bob'] });
    await bench.listen(ROOM);
    const payload = 't-1-1\x1ftype\x1fuserloggedin\x1ffrom\x1fbob';
    assert.deepEqual(await bench.ok('presence_publish', ROOM, 'bob', 2, payload), ['1']);
    assert.deepEqual((await bench.published()).map(({ text }) => text), [payload]);
    assert.deepEqual(await bench.ok('presence_publish', ROOM, 'bob', 1, payload), ['0']);
    assert.deepEqual(await bench.ok('presence_publish', ROOM, 'eve', 9, payload), ['0']);
    assert.deepEqual(await bench.ok('presence_publish', 'wcc:room:{none}', 'bob', 9, payload), ['0']);
    assert.deepEqual(await bench.published(), []);
});

test('session_kick tells the worker that holds it', async () => {
    await account();
    await begin('w1/telnet/1');
    await bench.listen(ALICE);
    await bench.ok('session_kick', ALICE, 'w1/telnet/1');
    assert.deepEqual((await bench.published())[0].fields, { type: 'sessionended', session: 'w1/telnet/1' });
    await bench.refuses('not_found', 'session_kick', ALICE, 'w1/telnet/2');
});

test('online_touch', async () => {
    await bench.ok('online_touch', 'wcc:online', '1', 'alice', 'bob', 'carol');
    const online = await bench.command('ZRANGE', 'wcc:online', 0, -1, 'WITHSCORES');
    assert.deepEqual(online.filter((_, i) => i % 2 === 0), ['alice', 'bob', 'carol']);
    assert(Math.abs(Number(online[1]) - await bench.ms()) < 60000);
    await bench.ok('online_touch', 'wcc:online', '0', 'alice', 'carol');
    assert.deepEqual(await bench.command('ZRANGE', 'wcc:online', 0, -1), ['bob']);
});

test('leases: renewed, lapsed, given up', async () => {
    await bench.ok('workers_lease', WORKERS, 'w1', 60000);
    await bench.ok('workers_lease', WORKERS, 'w2', 1);
    await bench.ok('workers_lease', WORKERS, 'w3', 60000);
    await later(2);
    assert.deepEqual(await bench.ok('workers_expired', WORKERS), ['1', 'w2', 'w1', 'w3']);
    await bench.ok('workers_lease', WORKERS, 'w2', 60000);
    await bench.ok('workers_lease', WORKERS, 'w1', 0);
    const [expired, ...live] = await bench.ok('workers_expired', WORKERS);
    assert.deepEqual([expired, live.sort()], ['0', ['w2', 'w3']]);
});

test('worker_renew: a worker that nobody reaps may come back after its lease', async () => {
    await bench.refuses('not_found', 'worker_renew', DEAD, 1000, '');
    await bench.ok('worker_renew', DEAD, 1, '1', 'host', 'h', 'pid', '7');
    await later(2);
    await bench.ok('worker_renew', DEAD, 60000, '', 'sessions', '3');
    const hash = await bench.hash(DEAD);
    assert.deepEqual(hash, { lease: hash.lease, host: 'h', pid: '7', sessions: '3' });
    await bench.ok('worker_renew', DEAD, 60000, '');
    await bench.refuses('conflict', 'reap_claim', DEAD, 'w2', 1000, 10);
});

test('reaping: leased, in portions, the worker last', async () => {
    await bench.ok('worker_renew', DEAD, 1, '1');
    await bench.ok('worker_session', DEAD, 'add', ...[0, 1, 2, 3, 4].map((i) => `alice/telnet/${i}`));
    await later(2);
    const some = await bench.ok('reap_claim', DEAD, 'w2', 60000, 3);
    assert.equal(new Set(some).size, 3);
    await bench.refuses('not_found', 'worker_renew', DEAD, 60000, '');
    await bench.refuses('conflict', 'reap_claim', DEAD, 'w3', 60000, 3);
    assert.deepEqual(await bench.ok('reap_done', DEAD), ['0']);
    await bench.ok('worker_session', DEAD, 'remove', ...some);
    const rest = await bench.ok('reap_claim', DEAD, 'w2', 1, 3);
    assert.deepEqual([...some, ...rest].sort(), [0, 1, 2, 3, 4].map((i) => `alice/telnet/${i}`));
    await later(2);
    assert.deepEqual((await bench.ok('reap_claim', DEAD, 'w3', 60000, 3)).sort(), rest.sort(), 'another takes over');
    await bench.refuses('not_found', 'worker_renew', DEAD, 60000, '');
    for (const session of rest)
        await bench.ok('worker_session', DEAD, 'remove', session);
    assert.deepEqual(await bench.ok('reap_claim', DEAD, 'w3', 60000, 3), []);
    assert.deepEqual(await bench.ok('reap_done', DEAD), ['1']);
    assert.deepEqual(await bench.keys(), []);
    await bench.refuses('not_found', 'worker_renew', DEAD, 60000, '');
});
