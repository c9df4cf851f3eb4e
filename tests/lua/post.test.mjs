import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { ALICE, BOB, Bench, ROOM, entry, msOf, post, postAll, postArgs, posted, room, seq } from './scripts.mjs';

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
        ':sent:alice', ':call:w1'].map((end) => ROOM + end).sort());
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
});

test('a call that is made again is answered as before, and a later one makes an earlier one void', async () => {
    await room(bench, { members: ['bob'] });
    const messages = [{ from: 'alice', text: 'one' }, { from: 'alice', text: 'two', client: 'c-1' }, { from: 'eve', text: 'no' },
        { from: 'bob', text: 'three' }];
    const call = (options) => bench.run('post', ROOM, ...postArgs(messages, { worker: 'w1', ...options }));
    const first = await call({ call: 7 });
    assert.deepEqual(first.split('\x1e').map((words) => words.split('\x1f').at(-1)), ['7', 'new', 'new', 'not_a_member', 'new']);
    const log = await bench.log(ROOM);
    assert.deepEqual(log.slice(-3).map(({ fields }) => [fields.text, fields.client_id]), [['one', undefined], ['two', 'c-1'], ['three', undefined]]);
    const ttl = await bench.command('PTTL', `${ROOM}:call:w1`);
    assert(ttl > 55000 && ttl <= 60000, `${ttl}`);
    const state = await bench.state();
    await bench.listen(ROOM);
    assert.equal(await call({ call: 7 }), first);
    assert.equal(await call({ call: 6 }), '6');
    assert.equal(await call({ call: 10 - 8 }), '2', 'numbers, not words');
    assert.deepEqual(await bench.state(), state);
    assert.deepEqual(await bench.published(), []);
    assert.notEqual(await call({ call: 7, worker: 'w2' }), first, "another worker's calls are its own");
    assert.notEqual(await call({ call: 10 }), first);
    assert.equal((await bench.log(ROOM)).length, log.length + 2 + 2, 'a client id posts once');
});

test('a call that stored nothing is tried again', async () => {
    await room(bench);
    const call = () => postAll(bench, ROOM, [{ from: 'bob', text: 'one' }], { call: 1 });
    assert.deepEqual(await call(), [['not_a_member']]);
    await bench.ok('room_join', ROOM, 'bob', 'bob', 'rest', '', '');
    assert.equal((await call())[0][2], 'new');
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

/** A post that must be refused and write nothing. */
async function refused(code, key, from, options) {
    const before = await bench.state();
    const answer = await post(bench, key, from, 'text', options);
    assert.equal(answer[0], code, `${answer}`);
    assert.deepEqual(await bench.state(), before, 'it wrote although it refused');
}

test('who may not post', async () => {
    await room(bench);
    await refused('not_a_member', ROOM, 'bob');
    await bench.command('HSET', `${ROOM}:bans`, 'bob', '0 alice ');
    await refused('banned', ROOM, 'bob');
    await bench.command('HSET', `${ROOM}:bans`, 'bob', '1 alice lapsed');
    await refused('not_a_member', ROOM, 'bob');
    await refused('not_found', 'wcc:room:{none}', 'bob');
    await room(bench, { key: 'wcc:room:{p}', visibility: 'private' });
    await refused('not_found', 'wcc:room:{p}', 'bob');
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
    await bench.command('SET', `${ROOM}:rate:alice`, await bench.ms() + 8000);
    await posted(bench, ROOM, 'alice', 'text 5', limit);
    assert.equal((await post(bench, ROOM, 'alice', 'text 6', limit))[0], 'rate_limited');
    const ttl = await bench.command('PTTL', `${ROOM}:rate:alice`);
    assert(ttl > 8000 && ttl <= 11000, `${ttl}: until the bucket is full, and a little`);
});

test('a clock that went back keeps nobody waiting', async () => {
    await room(bench);
    const id = await posted(bench, ROOM, 'alice', 'text');
    const later = (await bench.ms()) + 3600000;
    await bench.command('SET', `${ROOM}:rate:alice`, later);
    await posted(bench, ROOM, 'alice', 'text', { rate: 0.5, burst: 5 });
    await bench.command('SET', `${ROOM}:rate:alice`, later);
    await bench.ok('message_edit', ROOM, 'alice', 'rest', id, 'again', '', 0.5, 5, '');
    assert(Number(await bench.command('GET', `${ROOM}:rate:alice`)) < later - 3500000);
});

test('a high rate is not rounded away', async () => {
    await room(bench);
    const allowed = async () => Number(await bench.command('GET', `${ROOM}:rate:alice`));
    await posted(bench, ROOM, 'alice', 'text', { rate: 3000, burst: 1000000 });
    await bench.command('SET', `${ROOM}:rate:alice`, await bench.ms() + 60000);
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
    const gone = await posted(bench, ROOM, 'alice', 'gone soon');
    await bench.ok('message_delete', ROOM, 'alice', 'rest', '', gone, '');
    for (const reply of [event, '1-1', `${msOf(id)}-99`, gone])
        assert.equal((await post(bench, ROOM, 'alice', 'three', { reply }))[0], 'bad_request');
    for (const reply of [id, '1-1'])
        assert.deepEqual(await post(bench, ROOM, 'eve', 'four', { reply }), ['not_a_member'], 'whether there is such a message is for members');
});

test('an action says so, after the other fields', async () => {
    await room(bench);
    await bench.listen(ROOM);
    await posted(bench, ROOM, 'alice', 'waves', { action: '1', client: 'c' });
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

/** As if everything that alice has posted had been `ms` earlier. */
async function age(base, ms) {
    const since = (await bench.hash(base))['\x02since'];
    await bench.command('HSET', base, '\x02since', Number(since) - ms);
}

test('client ids are kept for an hour, and the last 256; then a generation goes whole', async () => {
    await room(bench);
    const sent = `${ROOM}:sent:alice`;
    const ids = async (key) => Object.keys(await bench.hash(key)).filter((name) => name[0] !== '\x02').sort();
    const repeats = async (client) => (await post(bench, ROOM, 'alice', client, { client, fingerprint: 'f' }))[2] === 'repeated';
    const say = (client) => posted(bench, ROOM, 'alice', client, { client, fingerprint: 'f' });
    await say('first');
    await age(sent, 3700000);
    for (let i = 0; i < 255; i++)
        await say(`more-${i}`);
    assert.equal((await ids(sent)).length, 256);
    assert.equal(await bench.command('EXISTS', `${sent}:before`), 0, 'old, but not enough came after it');
    await say('next');
    await say('new-1');
    assert.deepEqual(await ids(sent), ['new-1']);
    assert.equal((await ids(`${sent}:before`)).length, 257);
    for (const client of ['first', 'more-254', 'next', 'new-1'])
        assert(await repeats(client), `${client} is known`);
    for (let i = 2; i < 300; i++)
        await say(`new-${i}`);
    assert.equal((await ids(`${sent}:before`)).length, 257, 'enough came, but it is not old');
    await age(sent, 3700000);
    await say('third');
    assert.deepEqual(await ids(sent), ['third']);
    assert.equal((await ids(`${sent}:before`)).length, 299);
    assert(await repeats('new-7') && await repeats('third'));
    assert.equal(await repeats('more-1'), false, 'that one is forgotten');
});

test('several at once: each by itself, in their order, published together', async () => {
    await room(bench, { members: ['bob'] });
    const first = await posted(bench, ROOM, 'alice', 'first', { client: 'c-1', fingerprint: 'f' });
    await bench.listen(ROOM);
    const message = (client, text, options) => ({ from: 'alice', via: 'telnet', client, text, fingerprint: 'f', ...options });
    const answers = await postAll(bench, ROOM, [
        message('c-1', 'first'), message('c-2', 'two'), message('c-2', 'two'), message('c-2', 'other', { fingerprint: 'g' }),
        message('c-3', 'three', { reply: '1-1' }), message('c-4', 'four', { mentions: 'bob', action: '1' })]);
    assert.deepEqual(answers.map(([code, , how]) => [code, how]), [['ok', 'repeated'], ['ok', 'new'], ['ok', 'repeated'],
        ['conflict', undefined], ['bad_request', undefined], ['ok', 'new']]);
    assert.deepEqual([answers[0][1], answers[2][1]], [first, answers[1][1]]);
    const log = (await bench.log(ROOM)).slice(-2);
    assert.deepEqual(log.map(({ id, fields }) => [id, fields.text, fields.prev, fields.n]),
        [[answers[1][1], 'two', first, '2'], [answers[5][1], 'four', answers[1][1], '3']]);
    const [heard, ...more] = await bench.published();
    assert.deepEqual(more, []);
    assert.equal(heard.text, log.map(({ id, fields }) => [id, ...Object.entries(fields).flat()].join('\x1f')).join('\x1e'));
    const hash = await bench.hash(ROOM);
    assert.deepEqual([hash.n, hash.head], ['3', answers[5][1]]);
    assert.equal(await bench.command('ZSCORE', `${ROOM}:members`, 'alice'), '3');
    assert.deepEqual(await bench.command('ZRANGE', `${ROOM}:mentions:bob`, 0, -1, 'WITHSCORES'), [answers[5][1], '3']);
});

test('several at once: the rate limit lets as many through as one by one', async () => {
    await room(bench);
    const answers = await postAll(bench, ROOM, [1, 2, 3, 4, 5].map((i) => ({ from: 'alice', text: `${i}` })), { rate: 0.5, burst: 3 });
    assert.deepEqual(answers.map(([code]) => code), ['ok', 'ok', 'ok', 'rate_limited', 'rate_limited']);
});

test('several authors at once: each with their own membership, client ids, rate and read marker', async () => {
    await room(bench, { members: ['bob', 'carol'] });
    await bench.listen(ROOM);
    const message = (from, text, options) => ({ from, text, client: text, fingerprint: 'f', ...options });
    const say = (...messages) => postAll(bench, ROOM, messages, { rate: 0.01, burst: 2 });
    const answers = await say(message('alice', 'c-1'), message('bob', 'c-1', { via: 'telnet' }), message('eve', 'c-1'),
        message('alice', 'c-1'), message('alice', 'w-1', { client: undefined }), message('alice', 'c-3'), message('bob', 'c-2'));
    assert.deepEqual(answers.map(([code, , how]) => how ?? code),
        ['new', 'new', 'not_a_member', 'repeated', 'new', 'rate_limited', 'new']);
    assert.equal(answers[3][1], answers[0][1]);
    const log = (await bench.log(ROOM)).slice(-4);
    assert.deepEqual(log.map(({ fields }) => [fields.from, fields.via, fields.text, fields.client_id, fields.n]), [
        ['alice', 'rest', 'c-1', 'c-1', '1'], ['bob', 'telnet', 'c-1', 'c-1', '2'], ['alice', 'rest', 'w-1', undefined, '3'],
        ['bob', 'rest', 'c-2', 'c-2', '4']]);
    assert.equal((await bench.published()).length, 1);
    const marks = await bench.command('ZRANGE', `${ROOM}:members`, 0, -1, 'WITHSCORES');
    assert.deepEqual(marks, ['carol', '0', 'alice', '3', 'bob', '4']);
    const again = await say(message('bob', 'c-2'), message('bob', 'c-3'), message('alice', 'c-1'), message('carol', 'c-1'));
    assert.deepEqual(again.map(([code, , how]) => how ?? code), ['repeated', 'rate_limited', 'repeated', 'new']);
    assert.deepEqual([again[0][1], again[2][1]], [answers[6][1], answers[0][1]]);
});

test('a direct conversation: absent, then created, then as any other', async () => {
    const first = { client: 'c-1', peer: 'bob' };
    await refused('absent', DM, 'alice', { client: 'c-1' });
    await bench.listen(DM, ALICE, BOB);
    const [code, id, how] = await post(bench, DM, 'alice', 'text', first);
    assert.deepEqual([code, how], ['ok', 'created']);
    const heard = await bench.published();
    assert.deepEqual(heard.map(({ channel }) => channel).sort(), [DM, ALICE, BOB].sort());
    for (const [channel, target] of [[ALICE, 'wcchat://users/bob'], [BOB, 'wcchat://users/alice']]) {
        const { id: unique, fields } = heard.find((message) => message.channel === channel);
        assert.match(unique, /^t-\d{16}-\d+$/);
        assert.deepEqual(fields, { type: 'conversationadded', target });
    }
    assert.deepEqual(await bench.command('ZRANGE', `${DM}:members`, 0, -1, 'WITHSCORES'), ['bob', '0', 'alice', '1']);
    assert.deepEqual(await bench.hash(`${DM}:joined`), { alice: '0-0', bob: '0-0' });
    assert.deepEqual(await post(bench, DM, 'alice', 'text', first), ['ok', id, 'repeated']);
    assert.equal((await post(bench, DM, 'bob', 'back'))[2], 'new');
    assert.equal((await bench.ok('history', DM, 'bob', '', 'latest', '', 10, 'messagepublished')).length, 5);
    await bench.refuses('not_found', 'history', DM, 'eve', '1', 'latest', '', 10, 'messagepublished');
    await bench.ok('dm_close', DM, 'alice');
    await refused('not_found', DM, 'alice', { client: 'c-9', peer: 'bob' });
    assert.equal(entry((await bench.ok('history', DM, 'bob', '', 'latest', '', 1, 'messagepublished'))[3]).text,
        'back');
});

test('a first direct message that is refused makes no conversation', async () => {
    await bench.listen(BOB);
    await refused('bad_request', DM, 'alice', { client: 'c-1', peer: 'bob', reply: '1-1' });
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
