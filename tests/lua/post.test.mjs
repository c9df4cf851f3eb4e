import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { ALICE, BOB, Bench, ROOM, entry, msOf, post, posted, room, seq } from './scripts.mjs';

const bench = new Bench();
const DM = 'wcc:dm:{alice:bob}';

test('a post: its answer, the keys it writes, the entry, the payload', async () => {
    const before = await room(bench);
    await bench.listen(ROOM, ALICE);
    const [code, id, how] = await post(bench, ROOM, 'alice', 'hé "llo"\n\tyou', { client: 'c-a', via: 'telnet' });
    assert.deepEqual([code, how], ['ok', 'new']);
    assert.equal(seq(id), 2);
    const fields = { type: 'messagepublished', from: 'alice', via: 'telnet', text: 'hé "llo"\n\tyou',
        client_id: 'c-a', n: '1',
        prev: before };
    assert.deepEqual((await bench.log(ROOM)).at(-1), { id, fields });
    const [heard, ...more] = await bench.published();
    assert.deepEqual(more, []);
    assert.deepEqual([heard.channel, heard.id, heard.fields], [ROOM, id, fields]);
    assert.equal(heard.text, [id, ...Object.entries(fields).flat()].join('\x1f'));
    const hash = await bench.hash(ROOM);
    assert.deepEqual([hash.seq, hash.n, hash.head, hash.last_ms], ['2', '1', id, String(msOf(id))]);
    assert.equal(await bench.command('ZSCORE', `${ROOM}:members`, 'alice'), '1');
    assert.match((await bench.hash(`${ROOM}:sent:alice`))['c-a'], new RegExp(`^${id} f:`));
    assert.deepEqual(await bench.keys(), ['', ':joined', ':log', ':members', ':names', ':roles',
        ':sent:alice'].map((end) => ROOM + end));
});

test('seq has no gaps, n counts messages, each entry names the one before', async () => {
    await room(bench, { members: ['bob'] });
    await Promise.all(Array.from({ length: 50 }, (_, i) => posted(bench, ROOM, i % 2 ? 'alice' : 'bob', `text ${i}`)));
    await bench.ok('room_leave', ROOM, 'bob', 'bob', 'rest', '', '');
    await posted(bench, ROOM, 'alice', 'last');
    const log = await bench.log(ROOM);
    assert.deepEqual(log.map(({ id }) => seq(id)), log.map((_, i) => i + 1));
    let [prev, n] = ['0-0', 0];
    for (const { id, fields } of log) {
        n += fields.type === 'messagepublished';
        assert.deepEqual([fields.prev, fields.n], [prev, String(n)]);
        prev = id;
    }
    assert.equal(n, 51);
});

test('time never goes back, even when the last event is from the future', async () => {
    await room(bench);
    const future = await bench.ms() + 3600000;
    await bench.command('HSET', ROOM, 'last_ms', future);
    const first = await posted(bench, ROOM, 'alice', 'one');
    const second = await posted(bench, ROOM, 'alice', 'two');
    assert.deepEqual([msOf(first), msOf(second)], [future, future]);
    assert.deepEqual([seq(first), seq(second)], [2, 3]);
});

test('a client id posts once; with another text it is a conflict', async () => {
    await room(bench, { members: ['bob'] });
    const id = await posted(bench, ROOM, 'alice', 'one', { client: 'c-1' });
    await bench.listen(ROOM);
    const state = await bench.state();
    assert.deepEqual(await post(bench, ROOM, 'alice', 'one', { client: 'c-1' }), ['ok', id, 'repeated']);
    assert.equal((await post(bench, ROOM, 'alice', 'two', { client: 'c-1' }))[0], 'conflict');
    assert.deepEqual(await bench.state(), state);
    assert.deepEqual(await bench.published(), []);
    const bobs = await posted(bench, ROOM, 'bob', 'one', { client: 'c-1' });
    assert.notEqual(bobs, id, "another's client ids are apart");
    const own = await posted(bench, ROOM, 'alice', 'three', { client: 'c-1', own: '1' });
    assert.notEqual(own, id, "the worker's are apart");
    assert.equal((await bench.log(ROOM)).at(-1).fields.client_id, undefined, "the worker's are not shown");
    assert.deepEqual(await post(bench, ROOM, 'alice', 'three', { client: 'c-1', own: '1' }), ['ok', own, 'repeated']);
});

test('a repeat is answered even after its author was kicked; not when the room is gone', async () => {
    await room(bench, { visibility: 'private', members: ['bob'] });
    const id = await posted(bench, ROOM, 'bob', 'one', { client: 'c-1' });
    await bench.ok('room_leave', ROOM, 'bob', 'alice', 'rest', '', '');
    assert.deepEqual(await post(bench, ROOM, 'bob', 'one', { client: 'c-1' }), ['ok', id, 'repeated']);
    assert.deepEqual(await post(bench, ROOM, 'bob', 'two'), ['not_found']);
    await bench.ok('room_delete', ROOM, 'alice', 'rest', '');
    assert.deepEqual(await post(bench, ROOM, 'bob', 'one', { client: 'c-1' }), ['not_found']);
    assert.deepEqual(await post(bench, ROOM, 'alice', 'two'), ['not_found']);
});

test('in a room made again an old client id posts anew, seq goes on, n starts over', async () => {
    await room(bench, { members: ['bob', 'carol'] });
    const old = await posted(bench, ROOM, 'alice', 'one', { client: 'c-1' });
    await posted(bench, ROOM, 'bob', 'one', { client: 'c-1' });
    const gone = await posted(bench, ROOM, 'carol', 'one', { client: 'c-1' });
    await bench.ok('room_leave', ROOM, 'carol', 'carol', 'rest', '', '');
    const [deleted] = await bench.ok('room_delete', ROOM, 'alice', 'rest', '');
    await room(bench, { members: ['carol'] });
    const id = await posted(bench, ROOM, 'alice', 'one', { client: 'c-1' });
    assert(seq(id) > seq(deleted) && seq(deleted) > seq(old));
    const again = await posted(bench, ROOM, 'carol', 'other', { client: 'c-1' });
    assert(seq(again) > seq(gone));
    assert.equal((await bench.log(ROOM)).at(-1).fields.n, '2');
    assert.deepEqual(await post(bench, ROOM, 'carol', 'other', { client: 'c-1' }), ['ok', again, 'repeated']);
});

test('what was sent does not lapse for one who left and made the room again, or came back', async () => {
    await room(bench, { members: ['bob'] });
    await posted(bench, ROOM, 'bob', 'one', { client: 'c-1' });
    await bench.ok('room_leave', ROOM, 'bob', 'bob', 'rest', '', '');
    assert(await bench.command('TTL', `${ROOM}:sent:bob`) > 3500);
    await bench.ok('room_join', ROOM, 'bob', 'bob', 'rest', '', '');
    assert.equal(await bench.command('TTL', `${ROOM}:sent:bob`), -1);
    await bench.ok('room_leave', ROOM, 'bob', 'bob', 'rest', '', '');
    await bench.ok('room_delete', ROOM, 'alice', 'rest', '');
    await bench.ok('room_create', ROOM, 'bob', 'rest', '', '', 'public', '');
    await posted(bench, ROOM, 'bob', 'two', { client: 'c-2' });
    assert.equal(await bench.command('TTL', `${ROOM}:sent:bob`), -1);
});

test('who may not post', async () => {
    await room(bench);
    const args = (user) => [user, 'rest', 'c', 'f', '', 0, 0, 0, 0, '', '', '', 'text'];
    await bench.refuses('not_a_member', 'post', ROOM, ...args('bob'));
    await bench.command('HSET', `${ROOM}:bans`, 'bob', '0 alice ');
    await bench.refuses('banned', 'post', ROOM, ...args('bob'));
    await bench.command('HSET', `${ROOM}:bans`, 'bob', '1 alice lapsed');
    await bench.refuses('not_a_member', 'post', ROOM, ...args('bob'));
    await bench.refuses('not_found', 'post', 'wcc:room:{none}', ...args('bob'));
    await room(bench, { key: 'wcc:room:{p}', visibility: 'private' });
    await bench.refuses('not_found', 'post', 'wcc:room:{p}', ...args('bob'));
});

test('the rate limit lets a burst through and names the time to wait', async () => {
    await room(bench, { members: ['bob'] });
    const limit = { rate: 0.5, burst: 5 };
    for (let i = 0; i < 5; i++)
        await posted(bench, ROOM, 'alice', `text ${i}`, { ...limit, client: `b-${i}` });
    const state = await bench.state();
    const [code, wait] = await post(bench, ROOM, 'alice', 'text 5', limit);
    assert.equal(code, 'rate_limited');
    assert(Number(wait) > 500 && Number(wait) <= 2000, wait);
    assert.deepEqual(await bench.state(), state, 'a refusal writes nothing, so asking again does not make it worse');
    assert.equal((await post(bench, ROOM, 'alice', 'text 4', { ...limit, client: 'b-4' }))[2], 'repeated');
    await posted(bench, ROOM, 'bob', 'text', limit);
    // Two intervals ago the bucket had room for one more.
    await bench.command('HSET', `${ROOM}:sent:alice`, '\x02allowed', await bench.ms() + 8000);
    await posted(bench, ROOM, 'alice', 'text 5', limit);
    assert.equal((await post(bench, ROOM, 'alice', 'text 6', limit))[0], 'rate_limited');
});

test('a high rate is not rounded away', async () => {
    await room(bench);
    const allowed = async () => Number((await bench.hash(`${ROOM}:sent:alice`))['\x02allowed']);
    await posted(bench, ROOM, 'alice', 'text', { rate: 3000, burst: 1000000 });
    await bench.command('HSET', `${ROOM}:sent:alice`, '\x02allowed', await bench.ms() + 60000);
    const first = await allowed();
    for (let i = 0; i < 30; i++)
        await posted(bench, ROOM, 'alice', 'text', { rate: 3000, burst: 1000000 });
    assert(Math.abs(await allowed() - first - 10) < 0.1, `${await allowed() - first}`);
});

test('mentions: shown, kept for members, at most 1,000 of them', async () => {
    await room(bench, { members: ['bob'] });
    const id = await posted(bench, ROOM, 'alice', '@bob @alice @eve', { mentions: 'bob alice eve' });
    assert.equal((await bench.log(ROOM)).at(-1).fields.mentions, 'bob alice eve');
    assert.deepEqual(await bench.command('ZRANGE', `${ROOM}:mentions:bob`, 0, -1, 'WITHSCORES'), [id, '1']);
    assert.equal(await bench.command('EXISTS', `${ROOM}:mentions:alice`, `${ROOM}:mentions:eve`), 0);
    let last;
    for (let i = 0; i < 1005; i++)
        last = await posted(bench, ROOM, 'alice', '@bob', { mentions: 'bob' });
    assert.equal(await bench.command('ZCARD', `${ROOM}:mentions:bob`), 1000);
    assert.deepEqual(await bench.command('ZRANGE', `${ROOM}:mentions:bob`, -1, -1), [last]);
});

test('a reply must name a message of the conversation', async () => {
    const event = await room(bench);
    const id = await posted(bench, ROOM, 'alice', 'one');
    await posted(bench, ROOM, 'alice', 'two', { reply: id });
    assert.equal((await bench.log(ROOM)).at(-1).fields.reply_to, id);
    for (const reply of [event, '1-1', `${msOf(id)}-99`])
        assert.equal((await post(bench, ROOM, 'alice', 'three', { reply }))[0], 'bad_request');
});

test('further fields come after the known ones', async () => {
    await room(bench);
    await bench.listen(ROOM);
    await posted(bench, ROOM, 'alice', 'waves', { more: ['action', '1', 'empty', ''], client: 'c' });
    const [{ names }] = await bench.published();
    assert.deepEqual(names, ['type', 'from', 'via', 'text', 'client_id', 'action', 'n', 'prev']);
});

test('retention trims by count and by age, a room\'s own wish first', async () => {
    await room(bench);
    for (let i = 0; i < 640; i++)
        await posted(bench, ROOM, 'alice', `${i}`, { keep: 100 });
    let length = await bench.command('XLEN', `${ROOM}:log`);
    assert(length >= 100 && length < 300, `${length}`);
    await bench.command('HSET', ROOM, 'retention_messages', 0);
    for (let i = 0; i < 640; i++)
        await posted(bench, ROOM, 'alice', `${i}`, { keep: 100 });
    length = await bench.command('XLEN', `${ROOM}:log`);
    assert(length >= 640, `${length}`);
    await bench.command('HSET', ROOM, 'last_ms', 0, 'retention_ms', 1);
    const now = await bench.ms();
    await eventually(async () => await bench.ms() > now + 1, { what: 'the next millisecond' });
    for (let i = 0; i < 64; i++)
        await posted(bench, ROOM, 'alice', `${i}`);
    length = await bench.command('XLEN', `${ROOM}:log`);
    assert(length < 300, `${length}`);
});

test('old client ids are forgotten, but never the last 256 nor those of the last hour', async () => {
    await room(bench);
    const sent = `${ROOM}:sent:alice`;
    const now = await bench.ms();
    const kept = [];
    for (let i = 0; i < 600; i++)
        kept.push(`old-${i}`, `${now - 3700000 + i}-${i + 2} f`);
    for (let i = 0; i < 300; i++)
        kept.push(`new-${i}`, `${now - 3500000}-${i + 700} f`);
    for (let i = 0; i < 50; i++)
        kept.push(`\x01own-${i}`, `${now - 31000}-${i + 1100} f`, `\x01late-${i}`, `${now - 10000}-${i + 1200} f`);
    await bench.command('HSET', sent, ...kept, '\x02prune', 1);
    await bench.command('HSET', ROOM, 'seq', 2000);
    await posted(bench, ROOM, 'alice', 'text', { client: 'now' });
    let fields = await bench.command('HKEYS', sent);
    const count = (start) => fields.filter((name) => name.startsWith(start)).length;
    assert.deepEqual(['old-', 'new-', '\x01own', '\x01late', 'now'].map(count), [0, 300, 0, 50, 1]);

    await bench.command('DEL', sent);
    await bench.command('HSET', sent, ...kept.slice(0, 1200), '\x02prune', 1);
    await posted(bench, ROOM, 'alice', 'text');
    fields = await bench.command('HKEYS', sent);
    assert.equal(count('old-'), 256, 'the last 256, however old');
    assert(fields.includes('old-599') && fields.includes('old-344') && !fields.includes('old-343'));
    assert(Number((await bench.hash(sent))['\x02prune']) >= 256, 'and the next look is not soon');
});

test('a direct conversation: absent, then created, then as any other', async () => {
    const args = ['alice', 'rest', 'c-1', 'f', '', 0, 0, 0, 0];
    assert.deepEqual(await bench.refuses('absent', 'post', DM, ...args, '', '', '', 'text'), []);
    await bench.listen(DM, ALICE, BOB);
    const [id, how] = await bench.ok('post', DM, ...args, 'bob', '', '', 'text');
    assert.equal(how, 'created');
    const heard = await bench.published();
    assert.deepEqual(heard.map(({ channel }) => channel).sort(), [DM, ALICE, BOB].sort());
    for (const [channel, target] of [[ALICE, 'wcchat://users/bob'], [BOB, 'wcchat://users/alice']]) {
        const { id: unique, fields } = heard.find((message) => message.channel === channel);
        assert.match(unique, /^t-\d{16}-\d+$/);
        assert.deepEqual(fields, { type: 'conversationadded', target });
    }
    assert.deepEqual(await bench.command('ZRANGE', `${DM}:members`, 0, -1, 'WITHSCORES'), ['bob', '0', 'alice', '1']);
    assert.deepEqual(await bench.hash(`${DM}:joined`), { alice: '0-0', bob: '0-0' });
    assert.deepEqual(await bench.ok('post', DM, ...args, 'bob', '', '', 'text'), [id, 'repeated']);
    assert.equal((await post(bench, DM, 'bob', 'back'))[2], 'new');
    assert.equal((await bench.ok('history', DM, 'bob', '', 'latest', '', 10, 'messagepublished')).length, 4);
    await bench.refuses('not_found', 'history', DM, 'eve', '1', 'latest', '', 10, 'messagepublished');
    await bench.ok('dm_close', DM);
    await bench.refuses('not_found', 'post', DM, 'alice', 'rest', 'c-9', 'f', '', 0, 0, 0, 0, 'bob', '', '', 'text');
    assert.equal(entry((await bench.ok('history', DM, 'bob', '', 'latest', '', 1, 'messagepublished'))[2]).text,
        'back');
});

test('a first direct message that is refused makes no conversation', async () => {
    await bench.listen(BOB);
    await bench.refuses('bad_request', 'post', DM, 'alice', 'rest', 'c-1', 'f', '', 0, 0, 0, 0, 'bob', '', '1-1',
        'text');
    assert.equal((await post(bench, DM, 'alice', 'text', { peer: 'bob' }))[2], 'created');
    assert.equal((await bench.published(BOB)).length, 1);
});

test('a conversation with oneself', async () => {
    const key = 'wcc:dm:{alice:alice}';
    await bench.listen(ALICE);
    assert.equal((await post(bench, key, 'alice', 'note', { peer: 'alice' }))[2], 'created');
    assert.equal((await bench.published()).length, 1);
    assert.equal(await bench.command('ZCARD', `${key}:members`), 1);
});
