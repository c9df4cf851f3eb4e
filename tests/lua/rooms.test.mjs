import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ALICE, BOB, Bench, ROOM, posted, room, seq } from './scripts.mjs';

const bench = new Bench();
const PRIVATE = 'wcc:room:{p}';

async function last(key = ROOM) {
    return (await bench.log(key)).at(-1);
}

test('room_create: the keys, the entry, what its maker hears', async () => {
    await bench.listen(ROOM, ALICE);
    const [id] = await bench.ok('room_create', ROOM, 'alice', 'telnet', 'about', 'topic', 'private', '');
    assert.equal(seq(id), 1);
    const hash = await bench.hash(ROOM);
    assert.deepEqual(hash, { description: 'about', topic: 'topic', visibility: 'private', created_by: 'alice',
        created: hash.created,
        born: '1', seq: '1', n: '0', head: id, last_ms: id.split('-')[0] });
    assert.deepEqual(await bench.keys(), ['', ':joined', ':log', ':members', ':names', ':roles'].map((end) =>
        ROOM + end));
    assert.deepEqual(await bench.hash(`${ROOM}:roles`), { alice: 'owner' });
    const fields = { type: 'roomcreated', from: 'alice', via: 'telnet', description: 'about', topic: 'topic',
        visibility: 'private',
        n: '0', prev: '0-0' };
    assert.deepEqual(await last(), { id, fields });
    const heard = await bench.published();
    assert.deepEqual(heard.map((message) => [message.channel, message.fields]),
        [[ROOM, fields], [ALICE, { type: 'conversationadded', target: 'wcchat://rooms/r' }]]);
    await bench.refuses('conflict', 'room_create', ROOM, 'bob', 'rest', '', '', 'public', '');
    await bench.refuses('conflict', 'room_create', ROOM, 'alice', 'telnet', 'about', 'topic', 'private', '');
});

test('a room without an owner', async () => {
    await bench.ok('room_create', ROOM, '', 'rest', '', '', 'public', '');
    assert.deepEqual(await bench.keys(), [ROOM, `${ROOM}:log`]);
    assert.deepEqual((await bench.ok('room_get', ROOM, 'bob', '')).slice(5, 7), [0, '']);
});

test('room_join: by oneself, once, never when banned', async () => {
    const created = await room(bench);
    await posted(bench, ROOM, 'alice', 'text');
    await bench.listen(ROOM, BOB);
    const head = (await bench.hash(ROOM)).head;
    const [id, how] = await bench.ok('room_join', ROOM, 'bob', 'bob', 'rest', '', '');
    assert.equal(how, 'joined');
    assert.equal(await bench.command('ZSCORE', `${ROOM}:members`, 'bob'), '1', 'what was before is not unread');
    assert.equal(await bench.command('HGET', `${ROOM}:joined`, 'bob'), head);
    assert.notEqual(head, created);
    const heard = await bench.published();
    assert.deepEqual(heard.map((message) => message.fields), [
        { type: 'userjoined', from: 'bob', via: 'rest', user: 'bob', by: 'bob', n: '1', prev: head },
        { type: 'conversationadded', target: 'wcchat://rooms/r' }]);
    assert.deepEqual([heard[0].id, heard[0].channel, heard[1].channel], [id, ROOM, BOB]);
    const state = await bench.state();
    assert.deepEqual(await bench.ok('room_join', ROOM, 'bob', 'bob', 'rest', '', ''), ['', 'already']);
    assert.deepEqual(await bench.state(), state);
    await bench.command('HSET', `${ROOM}:bans`, 'eve', '0 alice ');
    await bench.refuses('banned', 'room_join', ROOM, 'eve', 'eve', 'rest', '', '');
    await bench.refuses('banned', 'room_join', ROOM, 'eve', 'alice', 'rest', '', '');
    await bench.refuses('not_found', 'room_join', 'wcc:room:{none}', 'bob', 'bob', 'rest', '', '');
});

test('room_join: by invitation of a member', async () => {
    await room(bench, { key: PRIVATE, visibility: 'private' });
    await bench.refuses('not_found', 'room_join', PRIVATE, 'bob', 'bob', 'rest', '', '');
    await bench.refuses('not_found', 'room_join', PRIVATE, 'bob', 'eve', 'rest', '', '');
    await bench.ok('room_join', PRIVATE, 'bob', 'alice', 'rest', '', '');
    assert.deepEqual([(await last(PRIVATE)).fields.user, (await last(PRIVATE)).fields.by], ['bob', 'alice']);
    await bench.ok('room_join', PRIVATE, 'root', 'root', 'rest', '1', '');
    await room(bench);
    await bench.refuses('not_a_member', 'room_join', ROOM, 'bob', 'eve', 'rest', '', '');
    await bench.ok('room_join', ROOM, 'bob', 'root', 'rest', '1', '');
});

test('room_leave: by oneself', async () => {
    await room(bench, { members: ['bob'] });
    await posted(bench, ROOM, 'bob', 'text');
    await posted(bench, ROOM, 'alice', '@bob', { mentions: 'bob' });
    await bench.listen(ROOM, BOB);
    const [id] = await bench.ok('room_leave', ROOM, 'bob', 'bob', 'rest', '', '');
    const [left, removed] = await bench.published();
    assert.deepEqual([left.id, left.channel, left.names], [id, ROOM, ['type', 'from', 'via', 'user', 'by', 'n',
        'prev']]);
    assert.deepEqual([removed.channel, removed.fields], [BOB, { type: 'conversationremoved',
        target: 'wcchat://rooms/r' }]);
    for (const [command, key] of [['ZSCORE', 'members'], ['ZSCORE', 'names'], ['HGET', 'joined'], ['HGET', 'roles']])
        assert.equal(await bench.command(command, `${ROOM}:${key}`, 'bob'), null);
    assert.equal(await bench.command('EXISTS', `${ROOM}:mentions:bob`), 0);
    assert.deepEqual(await bench.hash(`${ROOM}:left`), { bob: id });
    await bench.refuses('not_a_member', 'room_leave', ROOM, 'bob', 'bob', 'rest', '', '');
    await bench.refuses('not_found', 'room_leave', 'wcc:room:{none}', 'bob', 'bob', 'rest', '', '');
    await bench.ok('room_join', ROOM, 'bob', 'bob', 'rest', '', '');
    assert.equal(await bench.command('EXISTS', `${ROOM}:left`), 0);
});

test('room_leave: kicking needs a higher role', async () => {
    await room(bench, { members: ['mod', 'mod2', 'bob'] });
    await bench.command('HSET', `${ROOM}:roles`, 'mod', 'moderator', 'mod2', 'moderator');
    const kick = (user, by, admin = '') => ['room_leave', ROOM, user, by, 'rest', admin, 'spam'];
    await bench.refuses('forbidden', ...kick('mod', 'bob'));
    await bench.refuses('forbidden', ...kick('mod2', 'mod'));
    await bench.refuses('forbidden', ...kick('alice', 'mod'));
    await bench.refuses('not_found', ...kick('nobody', 'mod'));
    await bench.refuses('not_a_member', ...kick('bob', 'eve'));
    await bench.ok(...kick('bob', 'mod'));
    assert.deepEqual({ ...(await last()).fields }, { ...(await last()).fields, user: 'bob', by: 'mod',
        reason: 'spam' });
    await bench.ok(...kick('mod', 'alice'));
    await bench.ok(...kick('alice', 'root', '1'));
});

test('room_delete: a tombstone and a last event', async () => {
    await room(bench, { members: ['bob', 'carol'] });
    await bench.ok('room_leave', ROOM, 'carol', 'carol', 'rest', '', '');
    const message = await posted(bench, ROOM, 'alice', '@bob', { mentions: 'bob' });
    await bench.ok('message_edit', ROOM, 'alice', 'rest', message, 'bob', '', 0, 0, '');
    const [head] = await bench.ok('reaction', ROOM, 'bob', 'rest', message, 'x', '1', 0, 0, '');
    await bench.refuses('forbidden', 'room_delete', ROOM, 'bob', 'rest', '');
    await bench.refuses('not_a_member', 'room_delete', ROOM, 'eve', 'rest', '');
    await bench.refuses('not_found', 'room_delete', 'wcc:room:{none}', 'alice', 'rest', '1');
    await bench.listen(ROOM);
    const [id, ...members] = await bench.ok('room_delete', ROOM, 'alice', 'rest', '');
    assert.deepEqual(members.sort(), ['alice', 'bob']);
    const lasting = (await bench.keys()).filter((name) => !name.includes(':call:')); // those go by themselves
    assert.deepEqual(lasting, [ROOM, `${ROOM}:log`]);
    const hash = await bench.hash(ROOM);
    assert.deepEqual(hash, { deleted: hash.deleted, seq: '8', n: '0', head: id, last_ms: id.split('-')[0] });
    const fields = { type: 'roomdeleted', from: 'alice', via: 'rest', n: '0', prev: head };
    assert.deepEqual(await bench.log(ROOM), [{ id, fields }]);
    assert.deepEqual((await bench.published()).map((message) => message.fields), [fields]);
    await bench.refuses('not_found', 'room_delete', ROOM, 'alice', 'rest', '');
    await bench.refuses('not_found', 'room_get', ROOM, 'alice', '1');
    await bench.refuses('not_found', 'room_join', ROOM, 'bob', 'bob', 'rest', '', '');
    const [again] = await bench.ok('room_create', ROOM, 'bob', 'rest', '', '', 'private', '');
    assert.equal(seq(again), seq(id) + 1);
    assert.equal((await last()).fields.prev, id);
    await bench.refuses('not_found', 'room_get', ROOM, 'alice', '');
});

test('room_delete: an administrator', async () => {
    await room(bench, { visibility: 'private' });
    await bench.refuses('not_found', 'room_delete', ROOM, 'root', 'rest', '');
    await bench.ok('room_delete', ROOM, 'root', 'rest', '1');
});

test('room_get: as members, outsiders and administrators see it', async () => {
    const head = await room(bench, { members: ['bob'] });
    const get = (user, admin = '', key = ROOM) => bench.ok('room_get', key, user, admin);
    const { created } = await bench.hash(ROOM);
    const common = ['about', 'topic', 'public', 'alice', created, 2];
    assert.deepEqual(await get('alice'), [...common, 'owner', head, '0']);
    assert.deepEqual(await get('bob'), [...common, 'member', head, '0']);
    assert.deepEqual(await get('eve'), [...common, '', head, '0']);
    await bench.command('HSET', `${ROOM}:bans`, 'eve', '0 alice ');
    await bench.refuses('banned', 'room_get', ROOM, 'eve', '');
    await room(bench, { key: PRIVATE, visibility: 'private' });
    await bench.refuses('not_found', 'room_get', PRIVATE, 'eve', '');
    assert.equal((await get('root', '1', PRIVATE))[2], 'private');
});

test('room_members: by name, page by page', async () => {
    await room(bench, { members: ['carol', 'bob', 'b-2', 'zoe'] });
    const list = async (after, limit) => bench.ok('room_members', ROOM, 'alice', '', after, limit);
    assert.deepEqual(await list('', 3), ['1', 'alice', 'owner', 'b-2', 'member', 'bob', 'member']);
    assert.deepEqual(await list('bob', 3), ['0', 'carol', 'member', 'zoe', 'member']);
    assert.deepEqual(await list('bob', 2), ['0', 'carol', 'member', 'zoe', 'member']);
    assert.deepEqual(await list('zoe', 2), ['0']);
    await room(bench, { key: PRIVATE, visibility: 'private' });
    await bench.refuses('not_found', 'room_members', PRIVATE, 'eve', '', '', 10);
});

test('room_update: who may change what', async () => {
    await room(bench, { members: ['mod', 'bob'] });
    await bench.command('HSET', `${ROOM}:roles`, 'mod', 'moderator');
    const update = (by, ...fields) => ['room_update', ROOM, by, 'rest', by === 'root' ? '1' : '', ...fields];
    await bench.refuses('forbidden', ...update('bob', 'topic', 'x'));
    await bench.refuses('not_a_member', ...update('eve', 'topic', 'x'));
    await bench.refuses('forbidden', ...update('mod', 'topic', 'x', 'visibility', 'private'));
    await bench.refuses('forbidden', ...update('mod', 'retention_ms', '1'));
    await bench.listen(ROOM);
    const [id, before] = await bench.ok(...update('mod', 'topic', 'new', 'description', 'other'));
    assert.equal(before, 'public');
    const [heard] = await bench.published();
    assert.equal(heard.id, id);
    assert.deepEqual(heard.fields, { type: 'roomupdated', from: 'mod', via: 'rest', description: 'other', topic: 'new',
        visibility: 'public', changed: 'topic description', n: '0', prev: heard.fields.prev });
    await bench.ok(...update('alice', 'visibility', 'private', 'retention_ms', '1000'));
    assert.deepEqual({ ...await bench.hash(ROOM) }, { ...await bench.hash(ROOM), visibility: 'private',
        retention_ms: '1000' });
    assert.equal((await bench.ok(...update('root', 'visibility', 'public')))[1], 'private');
    await bench.refuses('not_found', 'room_update', 'wcc:room:{none}', 'alice', 'rest', '', 'topic', 'x');
});

test('dm_close closes what there is, and with the second account nothing of it is left', async () => {
    const key = 'wcc:dm:{alice:bob}';
    await bench.ok('dm_close', key, 'alice');
    assert.deepEqual(await bench.keys(), []);
    const id = await posted(bench, key, 'alice', '@bob', { peer: 'bob', mentions: 'bob' });
    await posted(bench, key, 'bob', '@alice', { mentions: 'alice' });
    await bench.ok('reaction', key, 'bob', 'rest', id, 'x', '1', 0, 0, '');
    await bench.ok('message_edit', key, 'alice', 'rest', id, 'again', '', 0, 0, '');
    await bench.ok('dm_close', key, 'alice');
    await bench.ok('dm_close', key, 'alice');
    assert.equal((await bench.ok('history', key, 'bob', '', 'latest', '', 9, 'messagepublished', '')).length, 5);
    await bench.ok('dm_close', key, 'bob');
    assert.deepEqual((await bench.keys()).filter((name) => !name.includes(':call:')), []);
});
