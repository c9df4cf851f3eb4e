import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Bench, ROOM, entry, posted, room } from './scripts.mjs';

const bench = new Bench();
const MESSAGES = 'messagepublished';

/** {more, next, ids, items}. */
async function history(mode, id = '', limit = 50, types = MESSAGES, user = 'alice', admin = '', key = ROOM) {
    const [more, next, version, ...entries] = await bench.ok('history', key, user, admin, mode, id, limit, types);
    const items = entries.map(entry);
    return { more, next, version, items, ids: items.map((item) => item.id) };
}

/** Posts, with a member coming and going between them. */
async function talk(count) {
    const ids = [];
    for (let i = 0; i < count; i++) {
        ids.push(await posted(bench, ROOM, 'alice', `text ${i}`));
        if (i % 3 === 0) {
            await bench.ok('room_join', ROOM, 'bob', 'bob', 'rest', '', '');
            await bench.ok('room_leave', ROOM, 'bob', 'bob', 'rest', '', '');
        }
    }
    return ids;
}

test('the newest, ascending, with more or without', async () => {
    await room(bench);
    const ids = await talk(10);
    const some = await history('latest', '', 4);
    assert.deepEqual([some.more, some.ids], ['1', ids.slice(6)]);
    assert.deepEqual(some.items[0], { ...some.items[0], type: MESSAGES, from: 'alice', text: 'text 6' });
    assert.deepEqual([(await history('latest', '', 10)).more, (await history('latest', '', 10)).ids], ['0', ids]);
    assert.deepEqual((await history('latest', '', 200)).ids, ids);
});

test('paging back and forth shows each once', async () => {
    await room(bench);
    const ids = await talk(25);
    for (const limit of [1, 4, 5, 7]) {
        let back = [];
        let result = await history('latest', '', limit);
        for (;;) {
            back = [...result.ids, ...back];
            if (result.more === '0')
                break;
            result = await history('before', result.next, limit);
        }
        assert.deepEqual(back, ids);
        const forth = [];
        for (result = await history('after', '0-0', limit); ; result = await history('after', result.next, limit)) {
            forth.push(...result.ids);
            if (result.more === '0')
                break;
        }
        assert.deepEqual(forth, ids);
    }
});

test('before and after are exclusive; the ends of time are no error', async () => {
    await room(bench);
    const ids = await talk(5);
    assert.deepEqual((await history('before', ids[2])).ids, ids.slice(0, 2));
    assert.deepEqual((await history('after', ids[2])).ids, ids.slice(3));
    assert.deepEqual((await history('after', ids[4])).ids, []);
    const none = await history('before', ids[0]);
    assert.deepEqual([none.more, none.ids], ['0', []]);
    assert.deepEqual((await history('before', '0-0')).ids, []);
    assert.deepEqual((await history('around', '0-0', 2)).ids, ids.slice(0, 2));
    const end = '9223372036854775807-9223372036854775807';
    assert.deepEqual((await history('after', end)).ids, []);
    assert.deepEqual((await history('before', end)).ids, ids);
});

test('around: half before, the rest from it on', async () => {
    await room(bench);
    const ids = await talk(11);
    assert.deepEqual((await history('around', ids[5], 5)).ids, ids.slice(3, 8));
    assert.deepEqual((await history('around', ids[5], 4)).ids, ids.slice(3, 7));
    assert.deepEqual((await history('around', ids[5], 1)).ids, [ids[5]]);
    assert.deepEqual((await history('around', ids[0], 4)).ids, ids.slice(0, 4));
    assert.deepEqual((await history('around', ids[10], 4)).ids, ids.slice(8));
});

test('one: a message, not another event', async () => {
    const created = await room(bench);
    const [id] = await talk(1);
    assert.deepEqual((await history('one', id)).items, [{ ...(await history('one', id)).items[0], id,
        text: 'text 0' }]);
    await bench.refuses('not_found', 'history', ROOM, 'alice', '', 'one', created, 1, MESSAGES);
    await bench.refuses('not_found', 'history', ROOM, 'alice', '', 'one', '1-1', 1, MESSAGES);
    await bench.refuses('not_found', 'history', ROOM, 'alice', '', 'one', '0-0', 1, MESSAGES);
    await bench.ok('message_remove', ROOM, id);
    await bench.refuses('not_found', 'history', ROOM, 'alice', '', 'one', id, 1, MESSAGES);
});

test('types are filtered', async () => {
    const created = await room(bench);
    await talk(4);
    const types = async (filter) => (await history('latest', '', 50, filter)).items.map(({ type }) => type);
    assert.deepEqual(await types('userjoined,userleft'), ['userjoined', 'userleft', 'userjoined', 'userleft']);
    assert.deepEqual((await history('latest', '', 50, 'roomcreated')).ids, [created]);
    assert.deepEqual(await types('nothing'), []);
    assert.deepEqual(await types('messagepublishe'), []);
    assert.equal((await types('messagepublished,userjoined')).length, 6);
});

test('a rare type is looked for 5,000 entries at a time', async () => {
    const created = await room(bench);
    const all = [];
    for (let i = 0; i < 6000; i++)
        all.push(posted(bench, ROOM, 'alice', `text ${i}`));
    await Promise.all(all);
    let result = await history('latest', '', 10, 'roomcreated');
    assert.deepEqual([result.more, result.ids], ['1', []]);
    result = await history('before', result.next, 10, 'roomcreated');
    assert.deepEqual([result.more, result.ids], ['0', [created]]);
});

test('the version of the log: same until something is appended, removed or trimmed', async () => {
    await room(bench);
    const [first] = await talk(3);
    const ask = (version, user = 'alice') =>
        ['history', ROOM, user, '', 'latest', '', 50, MESSAGES, version];
    const seen = new Set();
    for (const change of [
        () => posted(bench, ROOM, 'alice', 'one more'),
        () => bench.ok('room_join', ROOM, 'bob', 'bob', 'rest', '', ''),
        () => bench.ok('message_remove', ROOM, first),
        () => bench.command('XTRIM', `${ROOM}:log`, 'MAXLEN', 2),
    ]) {
        const { version } = await history('latest');
        assert.equal(seen.has(version), false);
        seen.add(version);
        await bench.refuses('same', ...ask(version));
        await change();
        for (const old of seen)
            assert.equal((await bench.ok(...ask(old)))[2], (await history('latest')).version);
    }
    const { version } = await history('latest');
    await bench.command('HSET', ROOM, 'visibility', 'private');
    await bench.refuses('not_found', ...ask(version, 'eve'));
});

test('who may read', async () => {
    await room(bench);
    const [id] = await talk(1);
    const ask = (user, admin = '', key = ROOM) => ['history', key, user, admin, 'latest', '', 50, MESSAGES];
    assert.deepEqual((await history('latest', '', 50, MESSAGES, 'eve')).ids, [id], 'a public room can be read');
    await bench.command('HSET', `${ROOM}:bans`, 'eve', '0 alice ');
    await bench.refuses('banned', ...ask('eve'));
    await bench.command('HSET', `${ROOM}:bans`, 'eve', `${await bench.ms() + 60000} alice `);
    await bench.refuses('banned', ...ask('eve'));
    await bench.command('HSET', `${ROOM}:bans`, 'eve', `${await bench.ms() - 1} alice `);
    assert.equal((await history('latest', '', 50, MESSAGES, 'eve')).ids.length, 1);

    const hidden = 'wcc:room:{p}';
    await room(bench, { key: hidden, visibility: 'private', members: ['bob'] });
    await posted(bench, hidden, 'bob', 'psst');
    await bench.refuses('not_found', ...ask('eve', '', hidden));
    assert.equal((await history('latest', '', 50, MESSAGES, 'bob', '', hidden)).ids.length, 1);
    assert.equal((await history('latest', '', 50, MESSAGES, 'root', '1', hidden)).ids.length, 1, 'an administrator');
    await bench.ok('room_leave', hidden, 'bob', 'bob', 'rest', '', '');
    await bench.refuses('not_found', ...ask('bob', '', hidden));
    await bench.refuses('not_found', ...ask('alice', '1', 'wcc:room:{none}'));
    await bench.ok('room_delete', ROOM, 'alice', 'rest', '');
    await bench.refuses('not_found', ...ask('alice', '1'));
});
