import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { ALICE, BOB, Bench, ROOM, entry, msOf, post, posted, room, seq } from './scripts.mjs';

const bench = new Bench();

async function summary(user, key = ROOM) {
    const [head, n, read, mentions, id, last] = await bench.ok('summary', key, user);
    return { head, n: Number(n), read: Number(read), mentions, id, last: last.length > 0 ? entry(last) : null };
}

async function posts(count, options) {
    const ids = [];
    for (let i = 0; i < count; i++)
        ids.push(await posted(bench, ROOM, 'alice', `text ${i}`, options));
    return ids;
}

test('a summary: unread, mentions, the last message', async () => {
    const joined = await room(bench, { members: ['bob'] });
    assert.deepEqual(await summary('bob'), { head: joined, n: 0, read: 0, mentions: 0, id: '', last: null });
    const ids = await posts(3, { mentions: 'bob' });
    const { last, ...rest } = await summary('bob');
    assert.deepEqual(rest, { head: ids[2], n: 3, read: 0, mentions: 3, id: '' });
    assert.deepEqual([last.id, last.text, last.from], [ids[2], 'text 2', 'alice']);
    assert.deepEqual(await summary('alice'), { ...await summary('alice'), read: 3, id: ids[2], mentions: 0 });
    await bench.ok('read_mark', ROOM, 'bob', 'rest', ids[1], 't');
    assert.deepEqual(await summary('bob'), { ...await summary('bob'), n: 3, read: 2, mentions: 1, id: ids[1] });
    await posted(bench, ROOM, 'bob', 'mine');
    assert.deepEqual(await summary('bob'), { ...await summary('bob'), n: 4, read: 4, mentions: 0 });
    await bench.refuses('not_found', 'summary', ROOM, 'eve');
    await bench.refuses('not_found', 'summary', 'wcc:room:{none}', 'alice');
});

test('the last message is found behind many other events', async () => {
    await room(bench);
    const ids = await posts(5);
    for (let i = 0; i < 40; i++)
        await bench.ok('room_join', ROOM, `u${i}`, `u${i}`, 'rest', '', '');
    assert.equal((await summary('alice')).last.id, ids[4]);
    await bench.ok('message_remove', ROOM, ids[4]);
    assert.equal((await summary('alice')).last, null, 'or is not, when it was really removed');
});

/** Asks for each place of bob's marker, and compares with the message that is there. */
async function everyPlace(ids, places) {
    for (const i of places) {
        await bench.command('ZADD', `${ROOM}:members`, i, 'bob');
        assert.equal((await summary('bob')).id, i === 0 ? '' : ids[i - 1], `read up to ${i}`);
    }
}

test('the id read up to, over different milliseconds and with other events between', async () => {
    await room(bench, { members: ['bob'] });
    const ids = [];
    for (let i = 0; i < 60; i++) {
        await bench.command('HSET', ROOM, 'last_ms', await bench.ms() + i * i * 1000);
        ids.push(...await posts(1 + i % 3));
        if (i % 4 === 0)
            await bench.ok('room_update', ROOM, 'alice', 'rest', '', 'topic', `${i}`);
    }
    assert(new Set(ids.map(msOf)).size >= 60);
    await everyPlace(ids, ids.map((_, i) => i));
});

test('the id read up to, among 3,000 messages of one millisecond', async () => {
    await room(bench, { members: ['bob'] });
    const before = await posts(3);
    await bench.command('HSET', ROOM, 'last_ms', await bench.ms() + 3600000);
    const all = [];
    for (let i = 0; i < 3000; i++) {
        all.push(posted(bench, ROOM, 'alice', `text ${i}`));
        if (i % 100 === 0)
            all.push(bench.ok('room_update', ROOM, 'alice', 'rest', '', 'topic', `${i}`).then(() => null));
    }
    const ids = [...before, ...(await Promise.all(all)).filter((id) => id !== null)];
    assert.equal(new Set(ids.slice(3).map(msOf)).size, 1);
    await everyPlace(ids, [0, 1, 2, 3, 4, 5, 102, 103, 104, 1000, 1001, 1500, 2500, 2999, 3000, 3002, 3003]);
});

test('the id read up to is empty when that message was trimmed or removed', async () => {
    await room(bench, { members: ['bob'] });
    const ids = await posts(10);
    await bench.command('XTRIM', `${ROOM}:log`, 'MAXLEN', 5);
    await bench.ok('message_remove', ROOM, ids[6]);
    await everyPlace(ids.map((id, i) => i < 5 || i === 6 ? '' : id), [1, 4, 5, 6, 7, 8, 9, 10]);
});

test('in a room made again the numbers start over', async () => {
    await room(bench, { members: ['bob'] });
    await posts(10);
    const [deleted] = await bench.ok('room_delete', ROOM, 'alice', 'rest', '');
    await room(bench, { members: ['bob'] });
    assert.deepEqual(await bench.ok('read_mark', ROOM, 'bob', 'rest', deleted, 't'), ['0', '0']);
    const ids = await posts(5);
    await everyPlace(ids, [0, 1, 2, 3, 4, 5]);
});

test('a read marker moves forward only, and tells the own other sessions', async () => {
    const joined = await room(bench, { members: ['bob'] });
    const ids = await posts(4, { mentions: 'bob' });
    await bench.listen(ROOM, BOB, ALICE);
    assert.deepEqual(await bench.ok('read_mark', ROOM, 'bob', 'telnet', joined, 'T'), ['0', '0']);
    assert.deepEqual(await bench.ok('read_mark', ROOM, 'bob', 'telnet', '0-0', 'T'), ['0', '0']);
    assert.deepEqual(await bench.published(), []);
    assert.deepEqual(await bench.ok('read_mark', ROOM, 'bob', 'telnet', ids[2], 'T'), ['3', '1']);
    const [heard, ...more] = await bench.published();
    assert.deepEqual(more, []);
    assert.equal(heard.channel, BOB);
    assert.match(heard.id, /^t-\d{16}-\d+$/);
    assert.deepEqual(heard.fields, { type: 'messageread', from: 'bob', via: 'telnet', id: ids[2], target: 'T' });
    assert.deepEqual(await bench.ok('read_mark', ROOM, 'bob', 'telnet', ids[1], 'T'), ['3', '0']);
    assert.deepEqual(await bench.command('ZRANGE', `${ROOM}:mentions:bob`, 0, -1), [ids[3]]);
    const future = `${msOf(ids[3]) + 1000000}-${seq(ids[3]) + 100}`;
    assert.deepEqual(await bench.ok('read_mark', ROOM, 'bob', 'telnet', future, 'T'), ['4', '1']);
    assert.equal((await bench.published())[0].fields.id, ids[3], 'nobody has read the future');
    await bench.refuses('not_a_member', 'read_mark', ROOM, 'eve', 'rest', ids[0], 'T');
    await bench.command('HSET', `${ROOM}:bans`, 'eve', '0 alice ');
    await bench.refuses('banned', 'read_mark', ROOM, 'eve', 'rest', ids[0], 'T');
    await bench.refuses('not_found', 'read_mark', 'wcc:room:{none}', 'eve', 'rest', ids[0], 'T');
});

test('in a direct conversation the peer hears what was read', async () => {
    const key = 'wcc:dm:{alice:bob}';
    const [, id] = await post(bench, key, 'alice', 'hi', { peer: 'bob' });
    await bench.listen(key);
    assert.deepEqual(await bench.ok('read_mark', key, 'bob', 'rest', id, 'wcchat://users/alice'), ['1', '1']);
    const [{ channel, fields }] = await bench.published();
    assert.deepEqual([channel, fields.type, fields.from, fields.id], [key, 'messageread', 'bob', id]);
    await bench.refuses('not_found', 'read_mark', key, 'eve', 'rest', id, 'T');
});

test('a member who is writing is announced, not too often, and nothing of it stays', async () => {
    await room(bench, { members: ['bob'] });
    await bench.command('HSET', `${ROOM}:bans`, 'mallory', '0 alice ');
    await bench.listen(ROOM);
    const before = await bench.state();
    assert.deepEqual(await bench.ok('typing', ROOM, 'bob', 'web', 1000), ['1']);
    assert.deepEqual(await bench.ok('typing', ROOM, 'bob', 'web', 1000), ['0']);
    assert.deepEqual(await bench.ok('typing', ROOM, 'alice', 'nats', 60000), ['1']);
    const [first, second, ...more] = await bench.published();
    assert.deepEqual(more, []);
    assert.match(first.id, /^t-\d{16}-\d+$/);
    assert.deepEqual(first.fields, { type: 'typing', from: 'bob', via: 'web' });
    assert.deepEqual(second.fields, { type: 'typing', from: 'alice', via: 'nats' });
    await bench.command('DEL', `${ROOM}:typing:alice`);
    await eventually(async () => (await bench.keys()).length === Object.keys(before).length, { what: 'bob to be forgotten' });
    assert.deepEqual(await bench.state(), before);
    await bench.refuses('not_a_member', 'typing', ROOM, 'eve', 'web', 1000);
    await bench.refuses('banned', 'typing', ROOM, 'mallory', 'web', 1000);
    await bench.refuses('not_found', 'typing', 'wcc:dm:{alice:bob}', 'alice', 'web', 1000);
    await bench.ok('room_delete', ROOM, 'alice', 'rest', '');
    await bench.refuses('not_found', 'typing', ROOM, 'bob', 'web', 1000);
});

test('nobody writes in a conversation that is closed', async () => {
    const key = 'wcc:dm:{alice:bob}';
    await post(bench, key, 'alice', 'hi', { peer: 'bob' });
    await bench.ok('typing', key, 'bob', 'web', 60000);
    await bench.ok('dm_close', key, 'bob');
    await bench.refuses('not_found', 'typing', key, 'alice', 'web', 1000);
});
