// A worker sends a command again when the connection broke before its answer came. So every script must be one that may
// run twice with the same arguments: the same answer but for what is listed here, and nothing done or said twice.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ALICE, Bench, ROOM, names, postArgs, posted, room } from './scripts.mjs';

const bench = new Bench();
const W1 = 'wcc:worker:{w1}';
const DM = 'wcc:dm:{alice:bob}';
const HOUR = 3600000;
const LOGIN = 'wcc:login:{u:alice}';

const account = () => bench.ok('account_create', ALICE, 'Alice', '$phc$1', 'user');
const family = () => bench.ok('refresh_begin', ALICE, 'fam', 'd1', HOUR, '-', 'agent', 5);
const session = async () => {
    await account();
    await bench.ok('session_begin', ALICE, 'w1/telnet/1', '-', 'w1');
};
const talk = async () => {
    await room(bench, { members: ['bob'] });
    return posted(bench, ROOM, 'alice', 'text', { client: 'c-0', mentions: 'bob' });
};
const expired = async () => {
    await bench.command('HSET', W1, 'lease', 1);
    await bench.command('SADD', `${W1}:sessions`, 'alice/telnet/1');
};
const same = (answer) => answer;
const post = (key, client, peer) => ['post', key,
    ...postArgs([{ from: 'alice', text: 'text', client, mentions: 'bob' }, { from: 'alice', text: 'without' }], { rate: 5, burst: 5, peer })];

/** [script, what is there before, the call, how the second answer may differ from the first]. */
const LATER = Math.floor(Date.now() / 1000) + 3600;
const held = () => bench.ok('nats_claim', ALICE, 's', 'w1', 'at-w1', HOUR, '');

const calls = [
    ['account_create', null, () => ['account_create', ALICE, 'Alice', '$phc$1', 'user']],
    ['account_password', async () => { await account(); await family(); }, () => ['account_password', ALICE, '$phc$2',
        'fam', 's']],
    // Told twice to look again, the workers see the same.
    ['account_state', account, () => ['account_state', ALICE, 'disable'], same, { says: 1 }],
    ['account_state', async () => { await account(); await bench.ok('index_add', ALICE, 'room/r'); },
        () => ['account_state', ALICE, 'delete']],
    ['account_update', account, () => ['account_update', ALICE, 'display_name', 'A']],
    ['attach', talk, () => ['attach', ROOM, 'bob']],
    ['cursor_read', () => bench.ok('cursor_write', ALICE, 'c-1', 'room/dev 1-1\n', HOUR, 9, ''),
        () => ['cursor_read', ALICE, 'c-1', HOUR]],
    ['cursor_write', account, () => ['cursor_write', ALICE, 'c-2', 'room/dev 1-1\n', HOUR, 9, 'c-1']],
    ['directory_add', null, () => ['directory_add', 'wcc:rooms', 'r']],
    ['directory_remove', null, () => ['directory_remove', 'wcc:rooms', 'r']],
    ['dm_close', () => bench.run(...post(DM, 'c-1', 'bob')), () => ['dm_close', DM, 'alice']],
    ['history', talk, () => ['history', ROOM, 'bob', '', 'latest', '', 9, 'messagepublished']],
    ['index_add', account, () => ['index_add', ALICE, 'room/r']],
    ['index_remove', async () => { await account(); await bench.ok('index_add', ALICE, 'room/r'); },
        () => ['index_remove', ALICE, 'room/r']],
    ['log_read', talk, () => ['log_read', ROOM, '0-0', 9, 'bob']],
    ['login_check', null, () => ['login_check', LOGIN]],
    // A failure more: a slightly longer delay.
    ['login_result', null, () => ['login_result', LOGIN, '0', 3, 5000], ([ok]) => [ok, '2']],
    ['login_result', null, () => ['login_result', LOGIN, '1', 3, 5000]],
    ['message_delete', talk, (id) => ['message_delete', ROOM, 'alice', 'rest', '', id, 'req-1']],
    ['message_edit', talk, (id) => ['message_edit', ROOM, 'alice', 'rest', id, 'again', 'bob', 5, 9, 'req-1']],
    ['message_remove', talk, (id) => ['message_remove', ROOM, id]],
    ['online_touch', null, () => ['online_touch', 'wcc:online', '1', 'alice']],
    ['post', talk, () => post(ROOM, 'c-1', '')],
    ['post', null, () => post(DM, 'c-1', 'bob')],
    // The next generation: whoever asked twice holds it with that one.
    ['nats_claim', null, () => ['nats_claim', ALICE, 's', 'w1', 'at-w1', HOUR, ''], ([ok]) => [ok, '2', 'at-w1', '', '0']],
    ['nats_grant', account, () => ['nats_grant', ALICE, 'UKEY', 'fam', '0', LATER, 1]],
    // With another time.
    ['nats_ping', held, () => ['nats_ping', ALICE, 's', '1', 'AQ', HOUR, '0'], ([ok], again) => [ok, again[1]]],
    ['nats_revoke', null, () => ['nats_revoke', 'wcc:nats:revoked', 'UKEY', LATER]],
    ['nats_session', held, () => ['nats_session', ALICE, 's']],
    ['nats_void', account, () => ['nats_void', ALICE]],
    ['presence_get', session, () => ['presence_get', ALICE, 'w1']],
    // The same event, with the same version.
    ['presence_publish', talk, () => ['presence_publish', ROOM, 'bob', 9, 't-1-1\x1ftype\x1fuserloggedin'], same,
        { says: 1 }],
    ['presence_set', session, () => ['presence_set', ALICE, 'away', '', 'w1', 'req-1']],
    // The marker is where it should be and was announced.
    ['read_mark', talk, (id) => ['read_mark', ROOM, 'bob', 'rest', id, 'T'], ([ok, n]) => [ok, n, '0']],
    ['reaction', talk, (id) => ['reaction', ROOM, 'bob', 'rest', id, 'x', '1', 5, 9, 'req-1']],
    ['reap_claim', expired, () => ['reap_claim', W1, 'w2', 60000, 10]],
    ['reap_done', () => bench.command('HSET', W1, 'lease', 1), () => ['reap_done', W1]],
    ['refresh_begin', account, () => ['refresh_begin', ALICE, 'fam', 'd1', HOUR, '-', 'agent', 5]],
    ['refresh_end', async () => { await account(); await family(); }, () => ['refresh_end', ALICE, 'fam', 'd1'], () =>
        ['ok', '0']],
    // Told twice.
    ['refresh_end', async () => { await account(); await family(); }, () => ['refresh_end', ALICE, '*', ''], same,
        { says: 1 }],
    ['refresh_rotate', async () => { await account(); await family(); }, () => ['refresh_rotate', ALICE, 'fam', 'd1',
        'd2', HOUR]],
    ['room_ban', talk, () => ['room_ban', ROOM, 'bob', 'alice', 'rest', '', 'spam', '0', 'req-1']],
    ['room_bans', talk, () => ['room_bans', ROOM, 'alice', '', '', 9]],
    ['room_create', null, () => ['room_create', ROOM, 'alice', 'rest', 'd', 't', 'public', 'req-1']],
    ['room_delete', talk, () => ['room_delete', ROOM, 'alice', 'rest', '', 'req-1']],
    ['room_get', talk, () => ['room_get', ROOM, 'bob', '']],
    ['room_join', talk, () => ['room_join', ROOM, 'eve', 'eve', 'rest', '', 'req-1']],
    ['room_leave', talk, () => ['room_leave', ROOM, 'bob', 'bob', 'rest', '', '', 'req-1']],
    ['room_leave', talk, () => ['room_leave', ROOM, 'bob', 'alice', 'rest', '', 'spam', 'req-1']],
    ['room_members', talk, () => ['room_members', ROOM, 'bob', '', '', 9]],
    ['room_role', talk, () => ['room_role', ROOM, 'bob', 'alice', 'rest', '', 'moderator', 'req-1']],
    ['room_unban', async () => { await talk(); await bench.ok('room_ban', ROOM, 'bob', 'alice', 'rest', '', '', '0', ''); },
        () => ['room_unban', ROOM, 'bob', 'alice', '', 'req-1']],
    ['room_update', talk, () => ['room_update', ROOM, 'alice', 'rest', '', 'visibility', 'private', 'req-1']],
    ['session_begin', account, () => ['session_begin', ALICE, 'w1/telnet/1', '-', 'w1']],
    ['session_end', session, () => ['session_end', ALICE, 'w1/telnet/1', 'w1']],
    // A session that is asked twice to end.
    ['session_kick', session, () => ['session_kick', ALICE, 'w1/telnet/1'], same, { says: 1 }],
    ['summary', talk, () => ['summary', ROOM, 'bob']],
    ['typing', talk, () => ['typing', ROOM, 'bob', 'web', 1000], () => ['ok', '0']],
    ['user_get', session, () => ['user_get', ALICE]],
    ['user_read', session, () => ['user_read', ALICE]],
    ['worker_renew', null, () => ['worker_renew', W1, HOUR, '1', 'pid', '7']],
    ['worker_renew', () => bench.command('HSET', W1, 'lease', 1), () => ['worker_renew', W1, HOUR, '']],
    ['worker_session', null, () => ['worker_session', W1, 'add', 'alice/telnet/1']],
    ['worker_session', expired, () => ['worker_session', W1, 'remove', 'alice/telnet/1']],
    ['workers_expired', () => bench.command('ZADD', 'wcc:workers', 1, 'w1', HOUR * 1e6, 'w2'), () =>
        ['workers_expired', 'wcc:workers']],
    ['workers_lease', null, () => ['workers_lease', 'wcc:workers', 'w1', 0]],
];

test('every script is here', () => {
    assert.deepEqual([...new Set(calls.map(([name]) => name))].sort(), names);
});

calls.forEach(([name, setUp, call, expected = same, { says = 0 } = {}], i) => {
    test(`${i + 1}. ${name} may run twice`, async () => {
        const id = await setUp?.();
        const [script, key, ...args] = call(id);
        const channels = [ALICE, 'wcc:user:{bob}', ROOM, DM];
        await bench.listen(...channels);
        const first = await bench.run(script, key, ...args);
        assert.match(String(first), /^(\d+\x1e)?ok/);
        await bench.published();
        const log = await bench.log(key);
        const again = await bench.run(script, key, ...args);
        assert.deepEqual(again, expected(first, again));
        assert.deepEqual(await bench.log(key), log);
        assert.equal((await bench.published()).length, says, 'said again');
    });
});

test('an answer is kept for the one request only, and not for long', async () => {
    await bench.ok('room_create', ROOM, 'alice', 'rest', '', '', 'public', 'req-1');
    assert.equal((await bench.run('room_create', ROOM, 'alice', 'rest', '', '', 'public', 'req-2'))[0], 'conflict');
    const ttl = await bench.command('PTTL', `${ROOM}:once:req-1`);
    assert(ttl > 0 && ttl <= 60000, `${ttl}`);
    assert.deepEqual((await bench.keys()).filter((key) => key.includes(':once:')), [`${ROOM}:once:req-1`]);
});

test('a deletion that is sent again does not delete the room that was made since', async () => {
    await room(bench);
    const first = await bench.run('room_delete', ROOM, 'alice', 'rest', '', 'req-1');
    await room(bench);
    assert.deepEqual(await bench.run('room_delete', ROOM, 'alice', 'rest', '', 'req-1'), first);
    await bench.ok('room_get', ROOM, 'alice', '');
});
