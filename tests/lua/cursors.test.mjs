import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { ALICE, BOB, Bench } from './scripts.mjs';

const bench = new Bench();
const LINES = 'room/dev 1-1\ndm/alice:bob 2-1\n';
const HOUR = 3600000;

const write = (id, { key = ALICE, keep = HOUR, most = 9, done = '' } = {}) =>
    bench.ok('cursor_write', key, id, LINES, keep, most, done);
const there = async (...ids) => {
    for (const id of ids)
        assert.deepEqual(await bench.run('cursor_read', ALICE, id, HOUR), ['ok', LINES], id);
};
const gone = async (...ids) => {
    for (const id of ids)
        assert.deepEqual(await bench.run('cursor_read', ALICE, id, HOUR), ['not_found'], id);
};

test('a baseline is its user\'s, and kept for its time', async () => {
    await write('a-1');
    await there('a-1');
    assert.deepEqual(await bench.run('cursor_read', BOB, 'a-1', HOUR), ['not_found']);
    await gone('a-2');
    await write('a-2', { keep: 50 });
    await eventually(async () => (await bench.command('EXISTS', `${ALICE}:cursor:a-2`)) === 0);
    await gone('a-2');
});

test('reading one keeps it, which is noted once in an eighth of its time', async () => {
    await write('a-1', { keep: 5000 });
    await there('a-1');
    assert.ok(await bench.command('PTTL', `${ALICE}:cursor:a-1`) > 5000);
    assert.ok(await bench.command('PTTL', `${ALICE}:cursors`) > 5000);
    const used = await bench.command('ZSCORE', `${ALICE}:cursors`, 'a-1');
    await bench.command('PEXPIRE', `${ALICE}:cursor:a-1`, HOUR - 60000);
    await there('a-1');
    assert.equal(await bench.command('ZSCORE', `${ALICE}:cursors`, 'a-1'), used);
    assert.ok(await bench.command('PTTL', `${ALICE}:cursor:a-1`) <= HOUR - 60000);
});

test('one that nobody needs any more goes, and the longest unused past the most', async () => {
    for (const id of ['a-1', 'a-2', 'a-3'])
        await write(id);
    await write('a-4', { done: 'a-1' });
    await gone('a-1');
    await there('a-2', 'a-3', 'a-4');
    for (const [score, id] of [[3, 'a-2'], [1, 'a-3'], [2, 'a-4']])
        await bench.command('ZADD', `${ALICE}:cursors`, Date.now() - HOUR / 2 + score, id);
    await write('b-1', { most: 3 });
    await gone('a-3');
    await there('a-2', 'a-4', 'b-1');
    assert.equal(await bench.command('ZCARD', `${ALICE}:cursors`), 3);
});

test('what has expired leaves the list', async () => {
    await bench.command('ZADD', `${ALICE}:cursors`, Date.now() - 2 * HOUR, 'old-1');
    await write('a-1');
    assert.deepEqual(await bench.command('ZRANGE', `${ALICE}:cursors`, 0, -1), ['a-1']);
});
