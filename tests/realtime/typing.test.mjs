// Who is writing: told to all who are in the conversation, on every worker, and kept nowhere.
import assert from 'node:assert/strict';
import test from 'node:test';

import { startSite } from '../lib/site.mjs';
import { events, makeRoom, people, post, room, session, socket } from './people.mjs';

const isTyping = (event) => event.type === 'com.wasmcloud.chat.events.typing';

test('typing is heard by everybody in the conversation, and by nobody else', async (t) => {
    const site = await startSite({ workers: 2 });
    t.after(() => site.stop());
    const { alice, bob, carol } = await people(site, 'alice', 'bob', 'carol');
    await makeRoom(alice, 'dev', [bob]);
    const ws = await session(site, alice, 0);
    const near = await session(site, bob, 0), far = await session(site, bob, 1), outside = await session(site, carol, 1);
    const stream = await events(site, bob, 1);
    await stream.waitFor(() => stream.lastEventId !== '');
    const telnet = await site.telnet(bob, 1);
    await telnet.ask('/switch dev', 'dev');
    const place = stream.lastEventId;

    assert.equal(await ws.must('typing', { target: room('dev') }), null);
    for (const one of [ws, near, far])
        await one.waitFor(() => one.events.some(isTyping), { what: 'typing' });
    await stream.waitFor(() => stream.events.some(({ event }) => isTyping(event)), { what: 'typing on the stream' });
    const event = far.events.find(isTyping);
    assert.match(event.id, /^t-/);
    assert.equal(event.source, '/rooms/dev');
    assert.deepEqual(event.data, { target: room('dev'), from: 'alice', via: 'web' });
    assert.equal(stream.events.find((one) => isTyping(one.event)).id, null);
    assert.equal(stream.lastEventId, place);

    // Told again at once it is not passed on; what is said in between is.
    await ws.must('typing', { target: room('dev') });
    const { id } = await post(alice, 'dev', 'there it is');
    for (const one of [ws, near, far])
        await one.waitFor(() => one.messages(room('dev')).some((message) => message.id === id));
    await telnet.expect('alice: there it is');
    assert.ok(!/typing/.test(telnet.text));
    for (const one of [ws, near, far])
        assert.ok(one.events.filter(isTyping).length <= 2);

    // Not in the history, nor replayed to a session that resumes.
    const { items } = await alice.api().must(200, 'GET', '/v1/rooms/dev/messages?limit=200');
    assert.deepEqual(items.map(({ text }) => text), ['there it is']);
    const resumed = await events(site, bob, 0, { lastEventId: place });
    await resumed.waitFor(() => resumed.messages(room('dev')).length === 1);
    assert.ok(!resumed.events.some((one) => isTyping(one.event)));

    await outside.must('session.ping');
    assert.ok(!outside.events.some(isTyping));
    for (const one of [ws, near, far, outside])
        one.destroy();
    stream.cut();
    resumed.cut();
});

test('typing in a direct conversation, and where one may not', async (t) => {
    const site = await startSite({ workers: 2 });
    t.after(() => site.stop());
    const { alice, bob, carol } = await people(site, 'alice', 'bob', 'carol');
    await makeRoom(alice, 'dev');
    await alice.api().must(201, 'POST', '/v1/rooms', { id: 'secret', visibility: 'private' });
    await alice.api().must(201, 'POST', '/v1/users/bob/messages', { text: 'hi' });
    const a = await session(site, alice, 0), b = await session(site, bob, 1), c = await socket(site, carol, 1);
    await a.must('typing', { target: 'wcchat://users/bob' });
    await b.waitFor(() => b.events.some(isTyping), { what: 'typing' });
    assert.deepEqual(b.events.find(isTyping).data, { target: 'wcchat://users/alice', from: 'alice', via: 'web' });

    const refused = async (ws, code, args) => assert.equal((await ws.request('typing', args)).error?.code, code, JSON.stringify(args));
    await refused(c, 'not_a_member', { target: room('dev') });
    await refused(c, 'not_found', { target: room('secret') });
    await refused(c, 'not_found', { target: room('nowhere') });
    await refused(c, 'not_found', { target: 'wcchat://users/alice' });
    await refused(c, 'bad_request', { target: 'wcchat://users/carol' });
    await refused(c, 'bad_request', { target: 'everybody' });
    await refused(c, 'bad_request', {});
    await refused(c, 'bad_request', { target: room('dev'), text: 'x' });
    for (const ws of [a, b, c])
        ws.destroy();
});
