import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { ALICE, BOB, Bench } from './scripts.mjs';

const bench = new Bench();
const HOUR = 3600000;
const now = () => Math.floor(Date.now() / 1000);

const claim = (name, worker, expected = '', key = ALICE, keep = HOUR) =>
    bench.run('nats_claim', key, name, worker, `at-${worker}`, keep, expected);
const ping = (name, generation, { cursor = '', go = '0', keep = HOUR } = {}) =>
    bench.run('nats_ping', ALICE, name, generation, cursor, keep, go);
const find = (name, key = ALICE) => bench.run('nats_session', key, name);

test('a session has one holder at a time; each claim is a generation', async () => {
    assert.deepEqual(await find('s'), ['not_found']);
    assert.deepEqual(await claim('s', 'w-1'), ['ok', '1', '', '', '0']);
    assert.deepEqual(await find('s'), ['ok', 'w-1', 'at-w-1', '1']);
    assert.deepEqual(await claim('s', 'w-2'), ['ok', '2', 'at-w-1', '', '0']);
    assert.deepEqual(await find('s'), ['ok', 'w-2', 'at-w-2', '2']);
    assert.deepEqual(await find('s', BOB), ['not_found']);
});

test('a claim says when the user\'s credentials that last longest expire', async () => {
    const later = now() + 900;
    for (const [key, expires] of [['U1', later - 300], ['U2', later], ['U3', later - 600]])
        await bench.run('nats_grant', ALICE, key, 'family', '1', expires, 250);
    assert.equal((await claim('s', 'w-1'))[4], String(later));
});

test('who expects another generation claims nothing', async () => {
    await claim('s', 'w-1');
    await claim('s', 'w-2');
    assert.deepEqual(await claim('s', 'w-3', '1'), ['moved', '2']);
    assert.deepEqual(await find('s'), ['ok', 'w-2', 'at-w-2', '2']);
    assert.equal((await claim('s', 'w-3', '2'))[1], '3');
    assert.deepEqual(await claim('gone', 'w-3', '7'), ['moved', '0']);
    assert.deepEqual(await find('gone'), ['not_found']);
});

test('the former holder finds its generation old, and changes nothing', async () => {
    await claim('s', 'w-1');
    const [ok, at] = await ping('s', '1', { cursor: 'AQ' });
    assert.equal(ok, 'ok');
    assert.ok(Math.abs(Number(at) - Date.now()) < 60000);
    assert.deepEqual(await claim('s', 'w-2'), ['ok', '2', 'at-w-1', 'AQ', '0']);
    const before = await bench.command('HGETALL', `${ALICE}:nats:s`);
    assert.deepEqual(await ping('s', '1', { cursor: 'BQ', go: '1' }), ['moved', '2']);
    assert.deepEqual(await bench.command('HGETALL', `${ALICE}:nats:s`), before);
});

test('a ping without a cursor keeps the old one; letting go keeps the session', async () => {
    await claim('s', 'w-1');
    await ping('s', '1', { cursor: 'AQ' });
    await ping('s', '1');
    await ping('s', '1', { go: '1' });
    assert.deepEqual(await find('s'), ['ok', '', '', '1']);
    assert.deepEqual(await claim('s', 'w-2', '1'), ['ok', '2', '', 'AQ', '0']);
});

test('without pings it is forgotten; a ping of what is forgotten makes nothing', async () => {
    await claim('s', 'w-1', '', ALICE, 50);
    await eventually(async () => (await bench.command('EXISTS', `${ALICE}:nats:s`)) === 0);
    assert.deepEqual(await ping('s', '1'), ['moved', '0']);
    assert.equal(await bench.command('EXISTS', `${ALICE}:nats:s`), 0);
    await claim('s', 'w-1', '', ALICE, 1000);
    await ping('s', '1');
    assert.ok(await bench.command('PTTL', `${ALICE}:nats:s`) > HOUR / 2);
});

const grant = (key, { family = '', generation = '1', expires = now() + 900 } = {}) =>
    bench.ok('nats_grant', ALICE, key, family, generation, expires, 250);
const voided = () => bench.run('nats_void', ALICE);

test('keys are void with their login, generation or account', async () => {
    await bench.command('HSET', ALICE, 'generation', '1', 'created', '1', 'version', '1');
    await bench.command('HSET', `${ALICE}:refresh`, 'fam', 'x');
    const expires = now() + 900;
    await grant('UA', { family: 'fam', expires });
    await grant('UB', { expires });
    assert.deepEqual(await voided(), ['ok']);
    await bench.command('HDEL', `${ALICE}:refresh`, 'fam');
    assert.deepEqual(await voided(), ['ok', 'UA', String(expires)]);
    await bench.command('HSET', ALICE, 'generation', '2');
    assert.deepEqual((await voided()).sort(), ['UA', 'UB', 'ok', String(expires), String(expires)].sort());
});

test('a locked account has no good keys', async () => {
    await bench.command('HSET', ALICE, 'generation', '1', 'created', '1', 'version', '1', 'disabled', '5');
    await grant('UA');
    assert.equal((await voided())[1], 'UA');
});

test('keys that have expired are dropped, and never void', async () => {
    await grant('UA', { expires: now() - 5 }).catch(() => {});
    await grant('UB');
    assert.deepEqual(await bench.command('HKEYS', `${ALICE}:nats`), ['UB']);
    assert.ok(await bench.command('TTL', `${ALICE}:nats`) > 800);
});

test('a user has so many keys at a time', async () => {
    const ask = (key, expires) => bench.run('nats_grant', ALICE, key, 'fam', '1', expires, 2);
    const soon = now() + 100;
    assert.deepEqual(await ask('UA', soon), ['ok']);
    assert.deepEqual(await ask('UB', soon + 100), ['ok']);
    assert.deepEqual(await ask('UB', soon + 100), ['ok'], 'the same request again');
    const [code, ms] = await ask('UC', soon + 100);
    assert.equal(code, 'rate_limited');
    assert.ok(ms > 99000 && ms <= 102000, ms);
    await bench.command('HSET', `${ALICE}:nats`, 'UA', `${now() - 1} 1 fam`);
    assert.deepEqual(await ask('UC', soon + 100), ['ok']);
});

test('what is revoked is kept until it has expired', async () => {
    const revoke = (...args) => bench.run('nats_revoke', 'wcc:nats:revoked', ...args);
    assert.deepEqual(await revoke(), ['ok']);
    assert.deepEqual(await revoke('UA', now() + 100, 'UB', now() - 1), ['ok', 'UA']);
    assert.deepEqual(await revoke('UA', now() + 100, 'UC', now() + 50), ['ok', 'UC', 'UA']);
});

test('however many are revoked, they are all told', async () => {
    const keys = Array.from({ length: 10000 }, (_, i) => `U${i}`);
    const [ok, ...all] = await bench.run('nats_revoke', 'wcc:nats:revoked', ...keys.flatMap((key) => [key, now() + 100]));
    assert.equal(ok, 'ok');
    assert.deepEqual(all.sort(), keys.sort());
});
