import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { ALICE, Bench } from './scripts.mjs';

const bench = new Bench();
const REFRESH = `${ALICE}:refresh`;
const NONE = 'wcc:user:{none}';
const HOUR = 3600000;

async function account() {
    await bench.ok('account_create', ALICE, 'Alice', '$phc$1', 'user');
    await bench.listen(ALICE);
}

const begin = (family = 'fam', digest = 'd1', most = 5) =>
    bench.ok('refresh_begin', ALICE, family, digest, HOUR, '10.0.0.1', 'curl 7 (x)', most);
const rotate = (family, from, to) => bench.run('refresh_rotate', ALICE, family, from, to, HOUR);
const families = async () => (await bench.ok('user_read', ALICE))[6].sort();
const field = async (name) => (await bench.hash(ALICE))[name];

/** The workers were told to look again, `times` times. */
async function told(times = 1, keep = '') {
    const heard = await bench.published(ALICE);
    assert.deepEqual(heard.map(({ fields }) => fields), Array(times).fill({ type: 'accountchanged', keep }));
}

test('account_create: a handle is given out once', async () => {
    await account();
    const hash = await bench.hash(ALICE);
    assert.deepEqual(hash, { display_name: 'Alice', password: '$phc$1', role: 'user', created: hash.created,
        version: '1',
        generation: '1' });
    assert(Math.abs(Number(hash.created) - await bench.ms()) < 60000);
    assert.deepEqual(await bench.refuses('conflict', 'account_create', ALICE, 'Eve', '$phc$2', 'user'),
        ['this handle is taken']);
    await bench.ok('account_state', ALICE, 'delete');
    await bench.refuses('conflict', 'account_create', ALICE, 'Eve', '$phc$2', 'user');
});

test('account_password: ends all but what asked for it', async () => {
    await account();
    await begin('one');
    await begin('two');
    const version = Number(await field('version'));
    assert.deepEqual(await bench.ok('account_password', ALICE, '$phc$2', 'two', 'w/rest/1'), ['2']);
    assert.deepEqual([await field('password'), await families()], ['$phc$2', ['two']]);
    assert.equal(Number(await field('version')), version + 1);
    await told(1, 'w/rest/1');
    assert.deepEqual(await bench.ok('account_password', ALICE, '$phc$3', '', ''), ['3']);
    assert.deepEqual(await families(), []);
    await bench.refuses('not_found', 'account_password', NONE, 'x', '', '');
});

test('account_update, account_state', async () => {
    await account();
    await bench.ok('account_update', ALICE, 'display_name', 'A.');
    assert.equal(await field('display_name'), 'A.');
    await begin();
    await bench.ok('account_state', ALICE, 'disable');
    await told();
    assert.deepEqual([(await bench.ok('user_read', ALICE))[2], await families(), await field('generation')], ['0', [],
        '2']);
    await bench.refuses('unauthenticated', 'refresh_begin', ALICE, 'f', 'd', HOUR, '-', '', 5);
    await bench.ok('account_state', ALICE, 'enable');
    assert.equal((await bench.ok('user_read', ALICE))[2], '1');
    await bench.ok('account_state', ALICE, 'admin');
    assert.equal((await begin())[1], 'admin');
    for (const name of ['account_state', 'account_update'])
        await bench.refuses('not_found', name, NONE, 'disable', 'x');
});

test('a deleted account', async () => {
    await account();
    await begin();
    await bench.ok('index_add', ALICE, 'room/r');
    await bench.ok('index_add', ALICE, 'dm/alice:bob');
    const [entries] = await bench.ok('account_state', ALICE, 'delete');
    assert.deepEqual(entries.sort(), ['dm/alice:bob', 'room/r']);
    const hash = await bench.hash(ALICE);
    assert.deepEqual([hash.password, hash.display_name], [undefined, undefined]);
    await bench.refuses('not_found', 'user_get', ALICE);
    await bench.refuses('not_found', 'account_state', ALICE, 'enable');
    await bench.refuses('not_found', 'account_password', ALICE, 'x', '', '');
    await bench.refuses('not_found', 'index_add', ALICE, 'room/x');
    await bench.refuses('unauthenticated', 'refresh_end', ALICE, '*', '');
    assert.equal((await bench.ok('user_read', ALICE))[2], '0', 'workers learn that it is not usable');
});

test('user_get, user_read', async () => {
    await account();
    await begin();
    await bench.ok('index_add', ALICE, 'room/r');
    await bench.ok('session_begin', ALICE, 'w1/telnet/1', '10.0.0.1', 'w1');
    const [name, role, created, disabled, sessions, refresh] = await bench.ok('user_get', ALICE);
    assert.deepEqual([name, role, created, disabled], ['Alice', 'user', await field('created'), '0']);
    assert.equal(sessions[0], 'w1/telnet/1');
    assert.match(sessions[1], /^\d+ 10\.0\.0\.1$/);
    assert.equal(refresh[0], 'fam');
    assert.deepEqual(await bench.ok('user_read', ALICE),
        [await field('version'), '1', '1', 'user', 'Alice', '$phc$1', ['fam'], ['room/r']]);
    await bench.refuses('not_found', 'user_get', NONE);
    await bench.refuses('not_found', 'user_read', NONE);
});

test('the index counts its changes', async () => {
    await account();
    await bench.ok('index_add', ALICE, 'room/r');
    const since = await bench.command('ZSCORE', `${ALICE}:rooms`, 'room/r');
    assert(Math.abs(Number(since) - await bench.ms()) < 60000);
    await bench.ok('index_add', ALICE, 'room/r');
    assert.equal(await field('version'), '2');
    await bench.ok('index_remove', ALICE, 'room/r');
    await bench.ok('index_remove', ALICE, 'room/r');
    assert.equal(await field('version'), '3');
    assert.equal(await bench.command('EXISTS', `${ALICE}:rooms`), 0);
    await bench.refuses('not_found', 'index_add', NONE, 'room/r');
});

test('the directory is by name', async () => {
    for (const name of ['b', 'a', 'b'])
        await bench.ok('directory_add', 'wcc:rooms', name);
    assert.deepEqual(await bench.command('ZRANGE', 'wcc:rooms', 0, -1, 'WITHSCORES'), ['a', '0', 'b', '0']);
    await bench.ok('directory_remove', 'wcc:rooms', 'a');
    assert.deepEqual(await bench.command('ZRANGE', 'wcc:rooms', 0, -1), ['b']);
});

test('refresh tokens rotate', async () => {
    await account();
    assert.deepEqual(await begin(), ['1', 'user']);
    assert.deepEqual(await rotate('fam', 'd1', 'd2'), ['ok', '1', 'user']);
    assert.deepEqual(await rotate('fam', 'd2', 'd3'), ['ok', '1', 'user']);
    const text = await bench.command('HGET', REFRESH, 'fam');
    assert.match(text, /^d3 d2 \d{13} \d{13} \d{13} 10\.0\.0\.1 curl 7 \(x\)$/);
    await told(0);
});

test('the same refresh again is no reuse', async () => {
    await account();
    await begin();
    await rotate('fam', 'd1', 'd2');
    assert.deepEqual(await rotate('fam', 'd1', 'd2'), ['ok', '1', 'user']);
    assert.deepEqual(await rotate('fam', 'd2', 'd3'), ['ok', '1', 'user']);
    await told(0);
});

test('a refresh token used twice ends its family, and no other', async () => {
    await account();
    await begin();
    await begin('other', 'o1');
    await rotate('fam', 'd1', 'd2');
    assert.equal((await rotate('fam', 'd1', 'stolen'))[0], 'unauthenticated');
    await told();
    assert.deepEqual(await families(), ['other']);
    await bench.refuses('unauthenticated', 'refresh_rotate', ALICE, 'fam', 'd2', 'd3', HOUR);
    assert.equal((await rotate('other', 'o1', 'o2'))[0], 'ok');
    assert.equal((await rotate('other', 'guessed', 'o3'))[0], 'unauthenticated');
    assert.deepEqual(await families(), []);
});

test('refresh tokens expire', async () => {
    await account();
    await bench.ok('refresh_begin', ALICE, 'fam', 'd1', 1, '-', '', 5);
    const now = await bench.ms();
    await eventually(async () => await bench.ms() > now + 2);
    assert.deepEqual(await families(), []);
    assert.equal((await rotate('fam', 'd1', 'd2'))[0], 'unauthenticated');
    await bench.ok('refresh_begin', ALICE, 'short', 'd1', 1, '-', '', 5);
    const then = await bench.ms();
    await eventually(async () => await bench.ms() > then + 1);
    await begin();
    assert.deepEqual(await bench.command('HKEYS', REFRESH), ['fam']);
});

test('the longest unused family makes room', async () => {
    await account();
    for (let i = 1; i <= 3; i++) {
        await begin(`f${i}`, `d${i}`, 3);
        const now = await bench.ms();
        await eventually(async () => await bench.ms() > now + 1);
    }
    await rotate('f1', 'd1', 'd9');
    await told(0);
    await begin('f4', 'd4', 3);
    assert.deepEqual(await families(), ['f1', 'f3', 'f4']);
    await told();
});

test('logging out of one family needs its token, everywhere ends all', async () => {
    await account();
    await begin();
    await begin('two', 't1');
    await begin('three', 'x1');
    await bench.refuses('unauthenticated', 'refresh_end', ALICE, 'fam', 'wrong');
    assert.deepEqual(await bench.ok('refresh_end', ALICE, 'fam', 'd1'), ['1']);
    assert.deepEqual(await bench.ok('refresh_end', ALICE, 'fam', 'd1'), ['0']);
    assert.deepEqual(await bench.ok('refresh_end', ALICE, 'two', ''), ['1']);
    await told(2);
    assert.deepEqual(await families(), ['three']);
    await bench.ok('refresh_end', ALICE, '*', '');
    await told();
    assert.deepEqual([await families(), await field('generation')], [[], '2']);
    await bench.refuses('unauthenticated', 'refresh_end', NONE, '*', '');
});

test('failed logins: some for nothing, then delays that double', async () => {
    const key = 'wcc:login:{u:alice}';
    const fail = () => bench.ok('login_result', key, '0', 3, 5000);
    const wait = async () => {
        const [code, ms] = await bench.run('login_check', key);
        return code === 'ok' ? 0 : Number(ms);
    };
    const waits = [];
    for (let i = 1; i <= 7; i++) {
        assert.deepEqual(await fail(), [String(i)]);
        waits.push(Math.ceil(await wait() / 1000));
    }
    assert.deepEqual(waits, [0, 0, 0, 1, 2, 4, 5]);
    await bench.refuses('rate_limited', 'login_check', key);
    const ttl = await bench.command('PTTL', key);
    assert(ttl > 890000 && ttl <= 905000);
    await bench.ok('login_result', key, '1', 3, 5000);
    assert.equal(await wait(), 0);
    assert.deepEqual(await bench.keys(), []);
});
