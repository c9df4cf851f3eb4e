// Resume is exact: whatever connection is cut where, each stored event comes once, in order.
import assert from 'node:assert/strict';
import test from 'node:test';

import { startSite } from '../lib/site.mjs';
import { contiguous, events, isMessage, isResync, makeRoom, people, post, room, session } from './people.mjs';

test('an event stream cut a hundred times and resumed on another worker misses and repeats nothing', async (t) => {
    const site = await startSite({ workers: 2 });
    t.after(() => site.stop());
    const { alice, bob } = await people(site, 'alice', 'bob');
    const names = ['one', 'two', 'three'];
    for (const name of names)
        await makeRoom(alice, name, [bob]);
    const seen = [];
    let stream = await events(site, bob, 0);
    let going = true;
    const posted = { one: [], two: [], three: [] };
    const writer = (async () => {
        for (let i = 0; going; i++) {
            const name = names[i % 3];
            const { id } = await post(alice, name, `${name} ${i}`, i % 2);
            posted[name].push(id);
        }
    })();
    for (let cut = 0; cut < 100; cut++) {
        const k = 1 + cut % 5;
        stream.limit = k;
        await stream.waitFor(() => stream.events.length >= k, { what: `${k} events after cut ${cut}` });
        seen.push(...stream.events.map(({ event }) => event));
        stream.cut();
        stream = await events(site, bob, (cut + 1) % 2, { lastEventId: stream.lastEventId });
    }
    going = false;
    await writer;
    await stream.waitFor(() => names.every((name) => [...seen, ...stream.events.map(({ event }) => event)]
        .some((event) => event.id === posted[name].at(-1) && event.source === `/rooms/${name}`)), { what: 'the last events' });
    seen.push(...stream.events.map(({ event }) => event));
    assert.ok(!seen.some(isResync));
    const stored = seen.filter((event) => event.data.seq !== undefined);
    assert.equal(stored.length, seen.filter(isMessage).length);
    for (const name of names) {
        const mine = seen.filter((event) => isMessage(event) && event.data.target === room(name));
        contiguous(mine);
        assert.deepEqual(mine.map((event) => event.id), posted[name]);
    }
    stream.cut();
});

test('a stream that is cut before its first event resumes from where it opened', async (t) => {
    const site = await startSite({ workers: 2 });
    t.after(() => site.stop());
    const { alice } = await people(site, 'alice');
    const first = await events(site, alice, 0);
    await first.waitFor(() => first.lastEventId !== '');
    assert.equal(first.retry, 2000);
    first.cut();
    await post(alice, 'general', 'while away');
    const second = await events(site, alice, 1, { query: `?cursor=${first.lastEventId}` });
    await second.waitFor(() => second.messages(room('general')).length === 1);
    assert.equal(second.messages(room('general'))[0].data.text, 'while away');
    second.cut();
});

test('cursors of SSE, WebSocket and REST are the same thing', async (t) => {
    const site = await startSite({ workers: 2 });
    t.after(() => site.stop());
    const { alice, bob } = await people(site, 'alice', 'bob');
    await makeRoom(alice, 'dev', [bob]);
    const stream = await events(site, bob, 0);
    await post(alice, 'dev', 'first');
    await stream.waitFor(() => stream.messages(room('dev')).length === 1);
    const cursor = stream.lastEventId;
    stream.cut();
    await post(alice, 'dev', 'second');
    await post(alice, 'general', 'third');
    await makeRoom(alice, 'late', []);
    await post(alice, 'late', 'before');
    await alice.api(0).must([200, 201], 'PUT', '/v1/rooms/late/members/bob', {});
    await post(alice, 'late', 'after');

    const ws = await session(site, bob, 1, { cursor });
    await ws.waitFor(() => ['late', 'dev', 'general'].every((name) => ws.messages(room(name)).length === 1));
    assert.equal(ws.messages(room('dev'))[0].data.text, 'second');
    assert.equal(ws.messages(room('general'))[0].data.text, 'third');
    assert.equal(ws.messages(room('late'))[0].data.text, 'after');
    assert.equal(ws.events.filter((event) => event.type.endsWith('.userjoined') && event.data.user === 'bob').length, 1);

    const history = await bob.api(1).must(200, 'GET', `/v1/rooms/dev/messages?after=${cursor}`);
    assert.deepEqual(history.items.map((item) => item.text), ['second']);
    const late = await bob.api(0).must(200, 'GET', `/v1/rooms/late/messages?after=${cursor}`);
    assert.deepEqual(late.items.map((item) => item.text), ['after']);

    // the WebSocket's own, after what it was given
    const { cursor: own, cursors } = await ws.must('session.ping', {});
    ws.destroy();
    await post(alice, 'dev', 'fourth');
    const again = await events(site, bob, 0, { lastEventId: own });
    const messages = () => again.events.map(({ event }) => event).filter(isMessage); // presence may be told, too
    await again.waitFor(() => messages().length > 0);
    assert.deepEqual(messages().map((event) => event.data.text), ['fourth']);
    again.cut();
    const byIds = await session(site, bob, 0, { cursors });
    await byIds.waitFor(() => byIds.events.some(isMessage));
    assert.deepEqual(byIds.events.filter(isMessage).map((event) => event.data.text), ['fourth']);
    byIds.destroy();
});

test('a cursor that is unknown, old, broken or another user\'s gives one resync and the heads', async (t) => {
    const site = await startSite({ workers: 1 });
    t.after(() => site.stop());
    const { alice, bob } = await people(site, 'alice', 'bob');
    const stream = await events(site, alice, 0);
    await post(alice, 'general', 'x');
    await stream.waitFor(() => stream.messages(room('general')).length === 1);
    const cursor = stream.lastEventId;
    stream.cut();
    const check = async (account, given) => {
        const before = await post(alice, 'general', 'not to be seen');
        const again = await events(site, account, 0, { lastEventId: given });
        const { id } = await post(alice, 'general', 'after');
        await again.waitFor(() => again.events.some(({ event }) => event.id === id));
        const all = again.events.map(({ event }) => event);
        assert.equal(all.filter(isResync).length, 1, `${given}: one resync`);
        assert.equal(all.find(isResync).data.target, undefined);
        assert.ok(!all.some((event) => event.id === before.id));
        again.cut();
    };
    await check(bob, cursor);
    await check(alice, 'AAAA');
    await check(alice, 'not!a!cursor');
    await check(alice, `${cursor.slice(0, -2)}`);
    const { status } = await alice.api(0).get('/v1/rooms/general/messages?after=AAAA');
    assert.equal(status, 400);
    const keys = await site.redis.command('KEYS', 'wcc:user:{alice}:cursor:*');
    assert.ok(keys.length > 0);
    for (const key of keys) {
        assert.ok(await site.redis.command('PTTL', key) > 6 * 86400 * 1000);
        await site.redis.command('DEL', key);
    }
    await check(alice, cursor);
    const gone = await alice.api(0).get(`/v1/rooms/general/messages?after=${cursor}`);
    assert.equal(gone.status, 400);
});

test('an id in cursors that the log does not follow gives a resync of that conversation alone', async (t) => {
    const site = await startSite({ workers: 1 });
    t.after(() => site.stop());
    const { alice } = await people(site, 'alice');
    await makeRoom(alice, 'dev');
    const { id } = await post(alice, 'dev', 'a');
    await post(alice, 'dev', 'b');
    const ws = await session(site, alice, 0, { cursors: { [room('dev')]: '5-5', [room('general')]: '0-0' } });
    await ws.waitFor(() => ws.events.some(isResync));
    const ahead = await session(site, alice, 0, { cursors: { [room('dev')]: `${2 ** 50}-99`, [room('general')]: '0-0' } });
    await ahead.waitFor(() => ahead.events.some(isResync));
    const good = await session(site, alice, 0, { cursors: { [room('dev')]: id, [room('general')]: '0-0' } });
    await good.waitFor(() => good.messages(room('dev')).length === 1);
    for (const one of [ws, ahead]) {
        assert.deepEqual(one.events.filter(isResync).map((event) => event.data.target), [room('dev')]);
        assert.equal(one.messages(room('dev')).length, 0);
    }
    assert.equal(good.messages(room('dev'))[0].data.text, 'b');
    for (const one of [ws, ahead, good])
        one.destroy();
});

test('rooms that are joined and left while a stream is open are in its cursors', async (t) => {
    const site = await startSite({ workers: 2 });
    t.after(() => site.stop());
    const { alice, bob } = await people(site, 'alice', 'bob');
    for (const name of ['a', 'b'])
        await makeRoom(alice, name);
    let stream = await events(site, bob, 0);
    const seen = [];
    const take = async (id) => {
        await stream.waitFor(() => stream.events.some(({ event }) => event.id === id), { what: id });
        seen.push(...stream.events.map(({ event }) => event).filter((event) => event.data.seq !== undefined));
        stream.cut();
        stream = await events(site, bob, seen.length % 2, { lastEventId: stream.lastEventId });
    };
    for (let i = 0; i < 5; i++) {
        for (const name of ['a', 'b']) {
            await bob.api(0).must([200, 201], 'PUT', `/v1/rooms/${name}/members/bob`, {});
            await take((await post(alice, name, `${name} ${i}`)).id);
            await take((await post(alice, name, `${name} ${i} again`)).id);
            await bob.api(0).must(204, 'DELETE', `/v1/rooms/${name}/members/bob`);
            await post(alice, name, 'not for bob');
            await take((await post(alice, 'general', `general ${name} ${i}`)).id);
        }
    }
    const ids = seen.map((event) => event.source + event.id);
    assert.deepEqual(ids, [...new Set(ids)], 'nothing twice');
    assert.ok(!seen.some((event) => event.data.text === 'not for bob'));
    for (const text of ['a 4', 'b 4 again', 'general b 4'])
        assert.equal(seen.filter((event) => event.data.text === text).length, 1);
    assert.equal(seen.filter((event) => event.type.endsWith('.userleft')).length, 10);
    assert.equal(seen.filter((event) => event.type.endsWith('.userjoined') && event.data.user === 'bob').length, 10);
    stream.cut();
});

test('a room that was left while the stream was open and joined again while it was cut', async (t) => {
    const site = await startSite({ workers: 2 });
    t.after(() => site.stop());
    const { alice, bob } = await people(site, 'alice', 'bob');
    await makeRoom(alice, 'dev', [bob]);
    const stream = await events(site, bob, 0);
    const has = (one, id) => one.waitFor(() => one.events.some(({ event }) => event.id === id), { what: id });
    await has(stream, (await post(alice, 'dev', 'seen')).id);
    await bob.api(0).must(204, 'DELETE', '/v1/rooms/dev/members/bob');
    await stream.waitFor(() => stream.events.some(({ event }) => event.type.endsWith('.userleft')));
    const left = stream.events.find(({ event }) => event.type.endsWith('.userleft')).event;
    const elsewhere = (await post(alice, 'general', 'elsewhere')).id;
    await has(stream, elsewhere);
    stream.cut();
    await post(alice, 'dev', 'not for bob');
    await bob.api(0).must([200, 201], 'PUT', '/v1/rooms/dev/members/bob', {});
    const { id } = await post(alice, 'dev', 'new');
    const again = await events(site, bob, 1, { lastEventId: stream.lastEventId });
    await has(again, id);
    const expected = ['userjoined', 'messagepublished'];
    const storedOf = (all) => all.filter((event) => event.data.seq !== undefined).map((event) => event.type.split('.').at(-1));
    assert.deepEqual(storedOf(again.events.map(({ event }) => event)), expected);
    again.cut();
    const cursors = { [room('dev')]: left.id, [room('general')]: elsewhere };
    const ws = await session(site, bob, 1, { cursors });
    await ws.waitFor(() => ws.events.some((event) => event.id === id), { what: id });
    assert.deepEqual(storedOf(ws.events), expected);
    ws.destroy();
});
