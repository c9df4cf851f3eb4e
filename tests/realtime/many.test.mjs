// Many conversations: cursors stay small and exact, however fast events come and wherever a stream is cut.
import assert from 'node:assert/strict';
import test from 'node:test';

import { postPast } from '../lib/post.mjs';
import { startSite } from '../lib/site.mjs';
import { contiguous, events, isMessage, makeRoom, people, post, room, session } from './people.mjs';

let posts = 0;

/** Posts past the workers, all at once: they reach a worker faster than a baseline can be written. */
async function burst(site, from, rooms, count, { size = 10 } = {}) {
    return Promise.all(Array.from({ length: count }, async (_, i) => {
        const name = rooms[(i * 7) % rooms.length];
        const message = { from, text: `${i}`.padEnd(size, 'x'), client: `b-${posts++}` };
        const id = await postPast(site.redis, `wcc:room:{${name}}`, message);
        return `${name} ${id}`;
    }));
}

const nameOf = (event) => `${event.source.replace('/rooms/', '')} ${event.id}`;
// Messages only: a stream that opens while the news of a join is on its way gets that join as well.
const stored = (stream) => stream.events.filter(({ event }) => isMessage(event));
const names = (list) => list.map(({ event }) => nameOf(event)).filter((one) => !one.startsWith('general ')).sort();

async function metric(site, worker, name) {
    const { text } = await site.api(worker).get('/metrics');
    return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)[1]);
}

async function manyRooms(alice, members, count) {
    const rooms = Array.from({ length: count }, (_, i) => `room-${String(i).padStart(3, '0')}-${'x'.repeat(40)}`);
    for (const name of rooms)
        await makeRoom(alice, name, members);
    return rooms;
}

async function opened(site, account, worker = 0) {
    const stream = await events(site, account, worker);
    await stream.waitFor(() => stream.lastEventId !== '');
    return stream;
}

/** What comes after event `at` of `stream` comes again, and nothing else. */
async function resumes(site, account, alice, stream, at) {
    const list = stored(stream);
    const rest = names(list.slice(at + 1));
    const again = await events(site, account, at % 2, { lastEventId: list[at].id });
    await again.waitFor(() => names(stored(again)).length >= rest.length, { what: `what came after event ${at}` });
    const { id } = await post(alice, 'general', 'the end');
    await again.waitFor(() => again.events.some(({ event }) => event.id === id));
    assert.deepEqual(names(stored(again)), rest, `after event ${at}`);
    again.cut();
}

test('two hundred conversations: an id stays under 200 bytes, and resumes exactly', async (t) => {
    const site = await startSite({ workers: 2 });
    t.after(() => site.stop());
    const { alice, bob } = await people(site, 'alice', 'bob');
    const rooms = await manyRooms(alice, [bob], 200);
    const stream = await opened(site, bob);
    const all = [];
    for (let round = 0; round < 4; round++)
        all.push(...await burst(site, 'alice', rooms, 150));
    await stream.waitFor(() => stored(stream).length >= all.length);
    assert.deepEqual(names(stored(stream)), all.sort());
    assert.ok(await metric(site, 0, 'wcchat_cursor_holds_total') > 0, 'nothing had to wait for a baseline');
    for (const { id } of stored(stream))
        assert.ok(id.length <= 200, `an id of ${id.length} bytes`);
    for (let at = all.length - 1; at > all.length - 200; at -= 13)
        await resumes(site, bob, alice, stream, at);
    stream.cut();
});

test('who has twenty thousand conversations holds up nobody', async (t) => {
    const site = await startSite();
    t.after(() => site.stop());
    const { alice } = await people(site, 'alice');
    await site.redis.command('EVAL', `for i = 1, 20000 do
        local key = 'wcc:room:{r' .. i .. '}'
        redis.call('HSET', key, 'visibility', 'private', 'created', 1)
        redis.call('ZADD', key .. ':members', 0, 'alice')
        redis.call('ZADD', 'wcc:user:{alice}:rooms', 1, 'room/r' .. i)
    end`, 0);
    let longest = 0, over = false;
    const watch = (async () => {
        while (!over) {
            const since = Date.now();
            await site.api().get('/healthz');
            longest = Math.max(longest, Date.now() - since);
        }
    })();
    const ws = await session(site, alice);
    t.after(() => ws.destroy());
    await makeRoom(alice, 'one-more');
    await ws.waitFor(() => ws.events.some(({ source }) => source === '/rooms/one-more'));
    over = true;
    await watch;
    t.diagnostic(`others waited ${longest} ms`);
    assert.ok(longest < 1000, `others waited ${longest} ms`);
});

test('cut again and again while it catches up on many conversations', async (t) => {
    const site = await startSite({ workers: 2, args: ['--session-queue', '16k', '--log-page', '7'] });
    t.after(() => site.stop());
    const { alice, bob } = await people(site, 'alice', 'bob');
    const rooms = await manyRooms(alice, [bob], 40);
    let stream = await opened(site, bob);
    stream.cut();
    const all = await burst(site, 'alice', rooms, 2000, { size: 300 });
    const seen = [];
    for (let cut = 1; seen.length < all.length; cut++) {
        stream = await events(site, bob, cut % 2, { lastEventId: stream.lastEventId });
        stream.limit = Math.min(97, all.length - seen.length);
        await stream.waitFor(() => stream.events.length >= stream.limit,
            { what: `more after ${seen.length} of ${all.length}` });
        seen.push(...stream.events);
        stream.cut();
    }
    assert.deepEqual(names(seen), all.sort());
    for (const name of rooms)
        contiguous(seen.map(({ event }) => event).filter((event) => event.data.target === room(name)));
});

test('Redis goes away and comes back: streams go on, and resume exactly', async (t) => {
    const site = await startSite({ workers: 2, redis: { appendonly: true } });
    t.after(() => site.stop());
    const { alice, bob } = await people(site, 'alice', 'bob');
    const rooms = await manyRooms(alice, [bob], 30);
    const stream = await opened(site, bob);
    const all = [];
    for (let round = 0; round < 3; round++) {
        all.push(...await burst(site, 'alice', rooms, 60));
        await site.redis.crash();
        await site.redis.start();
        all.push(...await burst(site, 'alice', rooms, 60));
    }
    await stream.waitFor(() => stored(stream).length >= all.length, { timeout: 30000, what: 'everything' });
    assert.deepEqual(names(stored(stream)), all.sort());
    for (const at of [5, 100, 201, 300, 359])
        await resumes(site, bob, alice, stream, at);
    stream.cut();
});
