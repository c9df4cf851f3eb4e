import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Bench, ROOM, entry, msOf, posted, room, seq } from './scripts.mjs';

const bench = new Bench();

/** A page of log_read: {head, broken, items, ids}. */
async function page(cursor, user = 'alice', count = 100, key = ROOM) {
    const [head, broken, ...entries] = await bench.ok('log_read', key, cursor, count, user);
    const items = entries.map(entry);
    return { head, broken, items, ids: items.map(({ id }) => id) };
}

async function posts(count, from = 'alice') {
    const ids = [];
    for (let i = 0; i < count; i++)
        ids.push(await posted(bench, ROOM, from, `text ${i}`));
    return ids;
}

test('attach: the head, since when, how much there is and is read', async () => {
    const created = await room(bench);
    const [first] = await posts(1);
    const [joined] = await bench.ok('room_join', ROOM, 'bob', 'bob', 'rest', '', '');
    assert.deepEqual(await bench.ok('attach', ROOM, 'bob'), [joined, first, '1', '1', '']);
    const [last] = (await posts(2)).slice(-1);
    assert.deepEqual(await bench.ok('attach', ROOM, 'bob'), [last, first, '3', '1', '']);
    assert.deepEqual(await bench.ok('attach', ROOM, 'alice'), [last, '0-0', '3', '3', '']);
    assert(seq(created) === 1);
    await bench.refuses('not_found', 'attach', ROOM, 'eve');
    await bench.refuses('not_found', 'attach', 'wcc:room:{none}', 'alice');
    await bench.ok('room_leave', ROOM, 'bob', 'bob', 'rest', '', '');
    await bench.refuses('not_found', 'attach', ROOM, 'bob');
    await bench.ok('room_delete', ROOM, 'alice', 'rest', '');
    await bench.refuses('not_found', 'attach', ROOM, 'alice');
});

test('attach: is the place that a session goes on from the end of an earlier membership?', async () => {
    await room(bench);
    const join = async () => (await bench.ok('room_join', ROOM, 'bob', 'bob', 'rest', '', ''))[0];
    const leave = async () => (await bench.ok('room_leave', ROOM, 'bob', 'bob', 'rest', '', ''))[0];
    const outside = async (from) => (await bench.ok('attach', ROOM, 'bob', from))[4];
    const joined = [await join()];
    const [during] = await posts(1);
    const left = [await leave()];
    const [between] = await posts(1);
    joined.push(await join());
    left.push(await leave());
    joined.push(await join());
    const [last] = await posts(1);
    for (const id of left)
        assert.equal(await outside(id), '1');
    for (const id of [...joined, during, between, last, '0-0', '1-1', ''])
        assert.equal(await outside(id), '');
    await bench.refuses('not_found', 'attach', ROOM, 'eve', left[0]);
    await bench.command('XDEL', `${ROOM}:log`, left[0]);
    assert.equal(await outside(left[0]), '');
});

test('pages follow one another to the head', async () => {
    const created = await room(bench);
    const ids = [created, ...await posts(9)];
    let cursor = '0-0';
    const seen = [];
    for (;;) {
        const { head, broken, ids: some } = await page(cursor, 'alice', 4);
        assert.deepEqual([head, broken], [ids.at(-1), '0']);
        if (some.length === 0)
            break;
        seen.push(...some);
        cursor = some.at(-1);
    }
    assert.deepEqual(seen, ids);
    assert.deepEqual((await page(ids[8], '')).ids, [ids[9]], "a worker's own reading");
});

test('really removed entries leave no gap: at the start, in the middle, at the end of a page, the head, the cursor',
    async () => {
    await room(bench);
    const ids = await posts(10);
    for (const i of [1, 4, 5, 9]) {
        await bench.ok('message_remove', ROOM, ids[i]);
        await bench.ok('message_remove', ROOM, ids[i]);
    }
    await bench.refuses('not_found', 'message_remove', ROOM, '1-1');
    assert.deepEqual((await page(ids[0])), { ...await page(ids[0]), broken: '0', ids: [2, 3, 6, 7, 8].map((i) =>
        ids[i]) });
    assert.deepEqual((await page(ids[0], 'alice', 2)).broken, '0');
    assert.deepEqual((await page(ids[3], 'alice', 1)), { ...await page(ids[3], 'alice', 1), broken: '0',
        ids: [ids[6]] });
    for (const i of [1, 4, 5])
        assert.equal((await page(ids[i])).broken, '0', `a cursor on removed entry ${i}`);
    for (const i of [8, 9]) {
        const end = await page(ids[i]);
        assert.deepEqual([end.broken, end.ids, end.head], ['0', [], ids[9]], `at the end, from ${i}`);
    }
    const next = await posted(bench, ROOM, 'alice', 'goes on');
    assert.deepEqual((await page(ids[8])), { ...await page(ids[8]), broken: '0', ids: [next] });
});

test('an entry that is gone without a hole breaks the page there', async () => {
    await room(bench);
    const ids = await posts(6);
    await bench.command('XDEL', `${ROOM}:log`, ids[3]);
    const middle = await page(ids[0]);
    assert.deepEqual([middle.broken, middle.ids], ['3', [1, 2].map((i) => ids[i])]);
    assert.equal((await page(ids[3])).broken, '0', 'one who has it misses nothing');
    await bench.command('XDEL', `${ROOM}:log`, ids[5]);
    assert.deepEqual((await page(ids[3])).broken, '2', 'between the last entry and the head');
});

test('a trimmed log is broken for a cursor before the cut, not for one at it, nor for a quiet room', async () => {
    await room(bench);
    const ids = await posts(10);
    await bench.command('XTRIM', `${ROOM}:log`, 'MAXLEN', 4);
    assert.deepEqual((await page(ids[5])).broken, '0');
    assert.deepEqual((await page(ids[4])).broken, '1');
    assert.deepEqual((await page('0-0')).broken, '1');
    await bench.command('XTRIM', `${ROOM}:log`, 'MAXLEN', 0);
    assert.deepEqual(await page(ids[9]), { head: ids[9], broken: '0', items: [], ids: [] });
    assert.deepEqual((await page(ids[8])).broken, '1');
});

test('a head that went back is broken, also once it has passed the cursor again', async () => {
    await room(bench);
    await posts(3);
    const dumps = await Promise.all([ROOM, `${ROOM}:log`].map((key) => saved(key)));
    const lost = await posts(3);
    for (const restore of dumps)
        await restore();
    assert.equal((await page(lost[2])).broken, '1');
    assert.equal((await page(lost[0])).broken, '1');
    await posts(8);
    const after = await page(lost[2]);
    assert.equal(after.broken, '1');
    assert.deepEqual(after.ids, []);
});

/** A function that brings a key back to what it is now. */
async function saved(key) {
    const copy = `${key}:copy`;
    await bench.command('COPY', key, copy, 'REPLACE');
    return () => bench.command('COPY', copy, key, 'REPLACE');
}

test('one who left reads up to the own userleft, and nothing behind it', async () => {
    await room(bench, { members: ['bob'] });
    const before = await posts(3);
    const [left] = await bench.ok('room_leave', ROOM, 'bob', 'alice', 'rest', '', 'spam');
    await posts(3);
    const all = await page(before[0], 'bob');
    assert.deepEqual([all.broken, all.ids], ['0', [before[1], before[2], left]]);
    assert.equal(all.items[2].reason, 'spam');
    assert.deepEqual((await page(before[0], 'bob', 2)).ids, [before[1], before[2]]);
    assert.deepEqual((await page(before[2], 'bob', 2)).ids, [left], 'a full page that goes on behind the end');
    await bench.refuses('not_found', 'log_read', ROOM, left, 100, 'bob');
    await bench.refuses('not_found', 'log_read', ROOM, left, 1, 'bob');
    await bench.command('XTRIM', `${ROOM}:log`, 'MAXLEN', 2);
    await bench.refuses('not_found', 'log_read', ROOM, before[0], 100, 'bob');
});

test('the last membership counts: a page of one who came back and left again ends at each userleft', async () => {
    await room(bench, { visibility: 'private', members: ['bob'] });
    const [left] = await bench.ok('room_leave', ROOM, 'bob', 'bob', 'rest', '', '');
    await bench.ok('room_join', ROOM, 'bob', 'alice', 'rest', '', '');
    await posts(1);
    const [again] = await bench.ok('room_leave', ROOM, 'bob', 'bob', 'rest', '', '');
    await posts(1);
    assert.equal((await page('0-0', 'bob')).ids.at(-1), left);
    assert.equal((await page(left, 'bob')).ids.at(-1), again);
    await bench.refuses('not_found', 'log_read', ROOM, again, 1, 'bob');
});

test('an outsider reads nothing, whatever the cursor and the size of the page', async () => {
    for (const visibility of ['private', 'public']) {
        await bench.command('FLUSHALL');
        await room(bench, { visibility });
        const ids = await posts(5);
        for (const cursor of ['0-0', ids[0], ids[4]]) {
            for (const count of [1, 2, 100])
                await bench.refuses('not_found', 'log_read', ROOM, cursor, count, 'eve');
        }
    }
});

test('a deleted room ends with roomdeleted, for those who were behind as well', async () => {
    await room(bench, { visibility: 'private', members: ['bob'] });
    const ids = await posts(3);
    const [deleted] = await bench.ok('room_delete', ROOM, 'alice', 'rest', '');
    for (const cursor of [ids[0], ids[2]]) {
        const end = await page(cursor, 'bob');
        assert.deepEqual([end.broken, end.ids, end.items[0].type], ['0', [deleted], 'roomdeleted']);
    }
    await bench.refuses('not_found', 'log_read', ROOM, deleted, 100, 'bob');
});

test('a private room deleted and made again shows former members no more than roomdeleted', async () => {
    await room(bench, { visibility: 'private', members: ['bob', 'carol'] });
    const ids = await posts(3);
    const [left] = await bench.ok('room_leave', ROOM, 'carol', 'carol', 'rest', '', '');
    const [deleted] = await bench.ok('room_delete', ROOM, 'alice', 'rest', '');
    await room(bench, { visibility: 'private' });
    const secret = await posts(5);
    for (const user of ['bob', 'carol', 'eve']) {
        for (const count of [1, 2, 3, 100]) {
            for (const cursor of [ids[0], ids[2], left])
                assert.deepEqual((await page(cursor, user, count)).ids, [deleted]);
            for (const cursor of [deleted, secret[0], secret[4]])
                await bench.refuses('not_found', 'log_read', ROOM, cursor, count, user);
        }
    }
    const [joined] = await bench.ok('room_join', ROOM, 'bob', 'alice', 'rest', '', '');
    const mine = await page(left, 'bob');
    assert.deepEqual([mine.broken, mine.ids[0], mine.ids.at(-1)], ['0', deleted, joined]);
    const behind = await page(ids[0], 'bob');
    assert.deepEqual([behind.broken, behind.ids], ['0', mine.ids]);
    assert.deepEqual((await page(deleted, '', 2)).ids.length, 2);
    assert(msOf(deleted) > 0);
});

test('message_remove: what became of the message goes with it; of an edit only that', async () => {
    await room(bench, { members: ['bob'] });
    const id = await posted(bench, ROOM, 'alice', 'as posted');
    const edit = async (text) => (await bench.ok('message_edit', ROOM, 'alice', 'rest', id, text, '', 0, 0, ''))[0];
    await bench.ok('reaction', ROOM, 'bob', 'rest', id, 'x', '1', 0, 0, '');
    const text = async () => entry((await bench.ok('history', ROOM, 'bob', '', 'latest', '', 1, 'messagepublished', ''))[3]).text;
    const secret = await edit('a secret');
    assert.equal(await text(), 'a secret');
    await bench.ok('message_remove', ROOM, secret);
    assert.equal(await text(), 'as posted');
    assert.equal(await bench.command('HGET', `${ROOM}:reactions`, id), 'x 1 bob');
    await edit('another');
    await bench.ok('message_remove', ROOM, id);
    assert.deepEqual((await bench.keys()).filter((key) => /:(edits|reactions|reacted)/.test(key)), []);
});

test('message_remove: what was deleted stays deleted', async () => {
    await room(bench);
    const id = await posted(bench, ROOM, 'alice', 'as posted');
    const edit = async (text) => (await bench.ok('message_edit', ROOM, 'alice', 'rest', id, text, '', 0, 0, ''))[0];
    const seen = async () => (await bench.ok('history', ROOM, 'alice', '', 'latest', '', 9, 'messagepublished,messageedited',
        '')).slice(3);
    const secret = await edit('a secret');
    await edit('another');
    await bench.ok('message_delete', ROOM, 'alice', 'rest', '', id, '');
    assert.deepEqual(await seen(), []);
    await bench.ok('message_remove', ROOM, secret);
    assert.deepEqual(await seen(), [], 'with one of its edits removed');
    await bench.ok('message_remove', ROOM, id);
    assert.deepEqual(await seen(), [], 'with itself removed: its edits are not shown either');
});
