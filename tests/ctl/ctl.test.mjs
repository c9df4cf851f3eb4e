// scripts/wcchatctl on a real site: what it changes bites on running workers.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { BUILD, ROOT, tempFolder } from '../lib/process.mjs';
import { startSite } from '../lib/site.mjs';

let site;

before(async () => {
    site = await startSite({ workers: 1 });
});
after(() => site?.stop());

/** Runs it; resolves to {code, out, err}. */
function ctl(args, input = '', env = {}) {
    return new Promise((resolve) => {
        const child = spawn(path.join(ROOT, 'scripts/wcchatctl'), ['--redis', site.redis.unixUrl, ...args],
            { env: { ...process.env, ...env } });
        const end = { out: '', err: '' };
        child.stdout.on('data', (data) => (end.out += data));
        child.stderr.on('data', (data) => (end.err += data));
        child.on('close', (code) => resolve({ code, ...end }));
        child.stdin.end(input);
    });
}

async function done(args, input) {
    const { code, out, err } = await ctl(args, input);
    assert.equal(code, 0, err);
    return out;
}

test('while there is no administrator an account becomes one, the next does not', async () => {
    await site.register('zoe');
    await done(['users', 'create', 'root'], 'a good password\n');
    await done(['users', 'create', 'ann'], 'ann has a password\n');
    const root = await site.login('root', { password: 'a good password' });
    const ann = await site.login('ann', { password: 'ann has a password' });
    assert.equal((await root.api().get('/v1/users/me')).body.role, 'admin');
    assert.equal((await ann.api().get('/v1/users/me')).body.role, 'user');
    const rooms = (await ann.api().get('/v1/conversations')).body.items.map((item) => item.target);
    assert.deepEqual(rooms, ['wcchat://rooms/general'], 'in general from the first login on');
});

test('among many accounts the administrator is found', async () => {
    const many = (what) => site.redis.command('EVAL', `for i = 1, 20000 do redis.call('${what}', 'wcc:user:{x' .. i .. '}'${what === 'DEL' ? '' : ", 'role', 'user'"}) end`, 0);
    await many('HSET');
    try {
        assert.match(await done(['users', 'create', 'late'], 'late has a password\n'), /role user/);
    } finally {
        await many('DEL');
    }
});

test('a disabled account is cut off at once, on telnet and on REST, and let in again', async () => {
    const bob = await site.register('bob');
    const telnet = await site.telnet(bob);
    await done(['users', 'disable', 'bob']);
    await telnet.expect(/logged out/);
    await eventually(async () => (await bob.api().get('/v1/users/me')).status === 401, { what: 'bob is refused' });
    const refused = await site.api().post('/v1/auth/token', { user: 'bob', password: bob.password });
    assert.equal(refused.body.code, 'unauthenticated');
    await done(['users', 'enable', 'bob']);
    await site.login('bob');
});

test('a reset password ends sessions and replaces the old one', async () => {
    const eve = await site.register('eve');
    await done(['users', 'password', 'eve'], 'something else entirely\n');
    await eventually(async () => (await eve.api().get('/v1/users/me')).status === 401, { what: 'eve is logged out' });
    assert.equal((await site.api().post('/v1/auth/token', { user: 'eve', password: eve.password })).status, 401);
    await site.login('eve', { password: 'something else entirely' });
});

test('rooms, workers and messages can be looked at, and a message be removed', async () => {
    const dan = await site.register('dan');
    await dan.api().must(201, 'POST', '/v1/rooms', { id: 'lab', description: 'Tests' });
    const first = await dan.api().must(201, 'POST', '/v1/rooms/lab/messages', { text: 'a secret' });
    await dan.api().must(201, 'POST', '/v1/rooms/lab/messages', { text: 'no secret' });
    assert.match(await done(['rooms', 'list']), /^lab$/m);
    assert.match(await done(['rooms', 'show', 'lab']), /dan/);
    assert.match(await done(['workers']), /^w-\w+ +lease \+\d+s/);
    assert.match(await done(['messages', 'show', 'room/lab']), /a secret/);
    await done(['messages', 'remove', 'room/lab', first.id]);
    const texts = (await dan.api().get('/v1/rooms/lab/messages')).body.items.map((item) => item.text);
    assert.deepEqual(texts, ['no secret']);
    const eli = await site.register('eli');
    await eli.api().must(201, 'POST', '/v1/users/dan/messages', { text: 'between us' });
    for (const pair of ['dm/dan:eli', 'dm/eli:dan'])
        assert.match(await done(['messages', 'show', pair]), /between us/);
    await done(['rooms', 'delete', 'lab']);
    assert.equal((await dan.api().get('/v1/rooms/lab')).status, 404);
});

test('a room that is made again while it is deleted is there', async () => {
    const [ida, zed] = await Promise.all([site.register('ida'), site.register('zed')]);
    await ida.api().must(201, 'POST', '/v1/rooms', { id: 'phoenix' });
    for (let i = 0; i < 40; i++)
        await site.redis.script('room_join', ['wcc:room:{phoenix}'], [`m${i}`, 'ida', 'rest', '', '']);
    await zed.api().must(201, 'PUT', '/v1/rooms/phoenix/members/zed', {});
    const deleting = done(['rooms', 'delete', 'phoenix']);
    await eventually(() => site.redis.command('HEXISTS', 'wcc:room:{phoenix}', 'deleted'), { interval: 5, what: 'it to be deleted' });
    await ida.api().must(201, 'POST', '/v1/rooms', { id: 'phoenix' });
    await zed.api().must(201, 'PUT', '/v1/rooms/phoenix/members/zed', {});
    await deleting;
    const listed = (await zed.api().get('/v1/rooms?q=phoenix')).body.items.map((item) => item.id);
    const own = (await zed.api().get('/v1/conversations')).body.items.map((item) => item.target);
    assert.deepEqual([listed, own.sort()], [['phoenix'], ['wcchat://rooms/general', 'wcchat://rooms/phoenix']]);
});

test('what is wrong is said, and nothing is changed', async () => {
    for (const [args, words] of [
        [['users', 'disable', 'nobody'], /no such user/],
        [['users', 'disable', 'Not A Name'], /not the name of a user/],
        [['users', 'show', 'nobody'], /no such user: nobody/],
        [['rooms', 'show', 'nowhere'], /no such room: nowhere/],
        [['rooms', 'delete', 'nowhere'], /no such room: nowhere/],
        [['messages', 'show', 'room/nowhere'], /no such conversation: room\/nowhere/],
        [['messages', 'show', 'dm/nobody:nowhere'], /no such conversation/],
        [['messages', 'show', 'room/general', 'x'], /a number/],
        [['messages', 'remove', 'room/general'], /an id is/],
        [['messages', 'remove', 'room/general', 'x'], /an id is/],
        [['messages', 'remove', 'room/general', '1-1'], /not_found/],
        [['messages', 'show', 'general'], /a conversation is/],
        [['messages', 'show', 'dm/alice:bob:eve'], /not the name of a user: 'bob:eve'/],
        [['users'], /users: list, show, create, /],
        [['users', 'dance', 'nobody'], /users: list, show, create, /],
        [['rooms'], /rooms: list, show, delete/],
        [['messages'], /messages: show, remove/],
        [['nats'], /nats: bridge, operator/],
        [['dance'], /no such command/],
        [['users', 'create', 'mallory', '--adnim'], /no such option: --adnim/],
        [['users', 'list', '--dir'], /--dir needs a value/],
        [['users', 'disable', 'alice', 'bob'], /one argument too many: bob/],
        [['rooms', 'list', 'dev'], /one argument too many: dev/],
        [['messages', 'show', 'room/general', '1', '2'], /one argument too many: 2/],
        [['workers', 'all'], /one argument too many: all/],
    ]) {
        const { code, err } = await ctl(args);
        assert.notEqual(code, 0, args.join(' '));
        assert.match(err, words);
    }
    assert.match((await ctl(['users', 'create', 'shorty'], 'short\n')).err, /at least 8/);
    assert.match((await ctl(['users', 'create', 'shorty'], '')).err, /no password/);
    assert.deepEqual(await ctl(['users', 'list', 'nobody']), { code: 0, out: '', err: '' });
});

test('no password and no hash of one is on a command line, which all of the machine can read', async () => {
    const dir = tempFolder('wcchat-ctl'), log = path.join(dir, 'log');
    fs.writeFileSync(path.join(dir, 'redis-cli'),
        '#!/bin/bash\nprintf "%s\\n" "$@" >>"$CALLS"\nPATH=${PATH#*:} exec redis-cli "$@"\n', { mode: 0o755 });
    const secret = 'p@ss:w/rd\\%x';
    await site.redis.command('ACL', 'SETUSER', 'ops', 'on', `>${secret}`, '~*', '&*', '+@all');
    const env = { PATH: `${dir}:${process.env.PATH}`, CALLS: log };
    const run = (input, ...args) =>
        ctl(['--redis', `redis://ops:${encodeURIComponent(secret)}@127.0.0.1:${site.redis.port}`, ...args], input, env);
    assert.equal((await run('a good password\n', 'users', 'create', 'hank')).code, 0);
    assert.equal((await run('a better password\n', 'users', 'password', 'hank')).code, 0);
    const last = await run('', 'users', 'list', 'hank');
    assert.match(last.out, /^hank +user$/m, last.err);
    await site.login('hank', { password: 'a better password' });
    await site.redis.command('ACL', 'DELUSER', 'ops');
    const calls = fs.readFileSync(log, 'utf8');
    assert.match(calls, /^HMGET$/m);
    for (const [what, found] of [['hash', /argon2id/], ['password', secret], ['password', encodeURIComponent(secret)]])
        assert.ok(typeof found === 'string' ? !calls.includes(found) : !found.test(calls), `the ${what} is on a command line`);
});

test('options may stand anywhere', async () => {
    const elsewhere = ['--redis', 'redis://127.0.0.1:1'];
    assert.match((await ctl(['users', 'list', ...elsewhere])).err, /does not answer at redis:\/\/127\.0\.0\.1:1/);
    assert.match(await done(['users', 'create', '--admin', 'gwen'], 'a good password\n'), /gwen is there, role admin/);
});

test('the room that everybody is in is not deleted', async () => {
    const fay = await site.register('fay');
    const { code, err } = await ctl(['rooms', 'delete', 'general']);
    assert.equal(code, 1);
    assert.match(err, /everybody is in general/);
    await fay.api().must(201, 'POST', '/v1/rooms/general/messages', { text: 'still here' });
});

test('credentials of a bridge, from the seeds alone', async () => {
    const dir = tempFolder('wcchat-ctl');
    const keys = path.join(dir, 'nats.keys');
    execFileSync(path.join(BUILD, 'wcchat-nats'), ['setup', keys]);
    const creds = await done(['--nats-keys', keys, 'nats', 'bridge', 'phoenix', '7']);
    const jwt = /BEGIN NATS USER JWT-----\n(\S+)\n/.exec(creds)[1];
    const claims = JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));
    assert.equal(claims.name, 'phoenix');
    assert.equal(claims.exp - claims.iat, 7 * 86400);
    assert.deepEqual(claims.nats.pub, { deny: ['>'] });
    assert.match(creds, /BEGIN USER NKEY SEED-----\nSU[A-Z2-7]{56}\n/);
    for (const args of [['nats', 'bridge'], ['nats', 'king', 'x'], ['--nats-keys', '/nowhere', 'nats', 'bridge', 'x'], ['nats', 'bridge', 'A B']])
        assert.notEqual((await ctl(['--nats-keys', keys, ...args])).code, 0, args.join(' '));
});
