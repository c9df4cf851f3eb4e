// Requests, answers and events of a live worker are as docs/asyncapi.yaml describes them, over WebSocket and as Server-Sent Events.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { startSite } from '../lib/site.mjs';
import { events, session, socket } from '../realtime/people.mjs';
import { ASYNCAPI, Description } from './description.mjs';

const description = new Description(ASYNCAPI);
const messages = description.document.components.messages;
const isEvent = (message) => message.contentType === 'application/cloudevents+json';
const keyOf = (name, event) => Object.keys(messages).find((key) => messages[key].name === name && isEvent(messages[key]) === event);
const called = new Set();
const seen = { webSocket: new Set(), eventStream: new Set() };

function described(key, value, what) {
    assert.equal(description.problem(['components', 'messages', key, 'payload'], value), null, `${what}: ${JSON.stringify(value)}`);
}

/** A request that goes well, it and its answer checked; resolves with the result. */
async function ask(ws, op, args = {}) {
    const key = keyOf(op, false);
    assert.ok(key, `${op} is described`);
    described(key, { id: '1', op, ...args }, op);
    const answer = await ws.request(op, args);
    assert.ok(answer.ok, `${op}: ${JSON.stringify(answer)}`);
    described(`${key}Reply`, answer, `the answer to ${op}`);
    called.add(op);
    return answer.result;
}

async function refused(ws, code, op, args) {
    const answer = await ws.request(op, args);
    assert.equal(answer.error?.code, code, JSON.stringify(answer));
    described('Refusal', answer, op);
}

/** All events of a session so far have to be as described; notes their types. */
function check(channel, list) {
    for (const event of list) {
        const type = event.type.split('.').at(-1);
        const key = keyOf(type, true);
        assert.ok(key, `${type} is described`);
        described(key, event, type);
        seen[channel].add(type);
    }
}

/** Does it again until both of bob's sessions saw these types: what isn't stored may be dropped. */
async function provoke(types, action) {
    let i = 0;
    await eventually(async () => {
        await action(++i);
        return [b, stream].every((from) => types.every((type) => typesOf(from).includes(type)));
    }, { timeout: 20000, interval: 100, what: types.join() });
}

const PLANTS = 'wcchat://rooms/plants';
const GENERAL = 'wcchat://rooms/general';
let site, alice, bob, a, b, ear, stream;

before(async () => {
    site = await startSite();
    [alice, bob] = [await site.register('alice'), await site.register('bob')];
    [ear, stream] = [await events(site, alice), await events(site, bob)];
    for (const one of [ear, stream])
        await one.waitFor(() => one.lastEventId !== '', { what: 'the stream to begin' });
    a = await socket(site, alice);
    b = await session(site, bob);
});
after(async () => {
    a?.destroy();
    b?.destroy();
    ear?.cut();
    stream?.cut();
    await site?.stop();
});

describe('real time as it is described', () => {
    test('a session', async () => {
        const opened = await ask(a, 'session.open', {});
        await ask(a, 'session.ping');
        await ask(a, 'session.auth', { access_token: alice.token });
        for (const args of [{ cursor: opened.cursor }, { cursors: opened.cursors }]) {
            const ws = await socket(site, alice);
            await ask(ws, 'session.open', args);
            await ask(ws, 'session.close');
            assert.equal((await ws.closing()).code, 1000);
        }
    });

    test('rooms', async () => {
        await ask(a, 'room.create', { room: 'plants', description: 'Windowsills', topic: 'Winter', visibility: 'public' });
        await ask(a, 'room.list', { q: 'pla', limit: 1 });
        await ask(b, 'room.get', { target: PLANTS });
        await ask(b, 'room.join', { target: PLANTS });
        await ask(a, 'room.members', { target: PLANTS, limit: 1 });
        await ask(a, 'room.update', { target: PLANTS, topic: 'Spring', retention_messages: 1000, retention_days: 30 });
        await ask(b, 'room.leave', { target: PLANTS });
        await ask(a, 'room.invite', { target: PLANTS, user: 'bob', role: 'member' });
        await ask(a, 'room.role', { target: PLANTS, user: 'bob', role: 'moderator' });
        await ask(a, 'room.ban', { target: PLANTS, user: 'bob', reason: 'off topic', expires: '2100-01-01T00:00:00Z' });
        await ask(a, 'room.unban', { target: PLANTS, user: 'bob' });
        await ask(a, 'room.invite', { target: PLANTS, user: 'bob' });
        await ask(a, 'room.kick', { target: PLANTS, user: 'bob', reason: 'off topic' });
        await provoke(['conversationadded', 'conversationremoved'], async () => {
            await b.must('room.join', { target: PLANTS });
            await b.must('room.leave', { target: PLANTS });
        });
        await ask(b, 'room.join', { target: PLANTS });
    });

    test('messages', async () => {
        const sent = await ask(a, 'message.send', { target: GENERAL, text: 'hello @bob', client_id: 'c-1' });
        await ask(b, 'message.send', { target: GENERAL, text: 'waves', reply_to: sent.id, action: true });
        await ask(b, 'message.get', { target: GENERAL, message_id: sent.id });
        await ask(a, 'message.edit', { target: GENERAL, message_id: sent.id, text: 'hello again' });
        await ask(b, 'reaction.add', { target: GENERAL, message_id: sent.id, reaction: '+1' });
        await ask(b, 'reaction.remove', { target: GENERAL, message_id: sent.id, reaction: '+1' });
        const { id } = await a.must('message.send', { target: GENERAL, text: 'gone' });
        await ask(a, 'message.delete', { target: GENERAL, message_id: id });
        await ask(b, 'message.history', { target: GENERAL, limit: 10, types: 'messagepublished,userjoined' });
        await ask(b, 'message.history', { target: GENERAL, after: b.opened.cursor });
        const direct = await ask(a, 'message.send', { target: 'wcchat://users/bob', text: 'psst' });
        await ask(b, 'read.mark', { target: 'wcchat://users/alice', message_id: direct.id });
        await ask(b, 'conversation.list', { limit: 10 });
        await ask(a, 'typing', { target: GENERAL });
        await provoke(['typing'], async () => a.must('typing', { target: GENERAL }));
        await provoke(['messageread'], async () => {
            const { id } = await a.must('message.send', { target: 'wcchat://users/bob', text: 'psst' });
            await b.must('read.mark', { target: 'wcchat://users/alice', message_id: id });
        });
        await ear.waitFor(() => typesOf(ear).includes('messagedelivered'), { what: 'a receipt' });
    });

    test('presence', async () => {
        await ask(a, 'presence.set', { status: 'away', text: 'lunch' });
        await ask(b, 'presence.query', { limit: 10 });
        await ask(b, 'presence.query', { user: 'alice' });
        await provoke(['presencechanged'], async (i) => b.must('presence.set', { text: `lunch ${i}` }));
        const telnet = await site.telnet(alice);
        for (const from of [b, stream])
            await from.waitFor(() => typesOf(from).includes('userloggedin'), { what: 'alice to be on telnet too' });
        telnet.close();
    });

    test('refusals', async () => {
        await refused(a, 'bad_request', 'message.send', { target: GENERAL });
        await refused(a, 'bad_request', 'nothing', {});
        await refused(a, 'not_found', 'room.get', { target: 'wcchat://rooms/nowhere' });
        await refused(a, 'conflict', 'session.open', {});
        a.send('neither here nor there');
        await a.waitFor(() => a.replies.has(null), { what: 'an answer to what is no JSON' });
        described('Refusal', a.replies.get(null), 'what is no JSON');
    });

    test('the end of a room, of a session, of a cursor', async () => {
        await ask(a, 'room.delete', { target: PLANTS });
        for (const from of [b, stream])
            await from.waitFor(() => typesOf(from).includes('roomdeleted'), { what: 'the room to be deleted' });
        const lost = await session(site, bob, 0, { cursor: 'AAAA' });
        await lost.waitFor(() => lost.events.length > 0, { what: 'a resync' });
        check('webSocket', lost.events);
        const blind = await events(site, bob, 0, { lastEventId: 'AAAA' });
        await blind.waitFor(() => blind.events.length > 0, { what: 'a resync' });
        check('eventStream', blind.events.map(({ event }) => event));
        lost.destroy();
        blind.cut();
        ear.cut();
        a.destroy();
        for (const from of [b, stream])
            await from.waitFor(() => typesOf(from).includes('userloggedout'), { timeout: 20000, what: 'alice to be gone' });
    });

    test('events are as described, and each type was seen on both', () => {
        check('webSocket', [...a.events, ...b.events]);
        check('eventStream', [...ear.events, ...stream.events].map(({ event }) => event));
        const expected = Object.values(messages).filter(isEvent).map((one) => one.name).sort();
        assert.deepEqual([...seen.webSocket].sort(), expected);
        assert.deepEqual([...seen.eventStream].sort(), expected);
    });

    test('every operation was called', () => {
        const all = Object.values(messages).filter((one) => one.payload.properties?.op).map((one) => one.name);
        assert.deepEqual([...called].sort(), all.sort());
    });
});

function typesOf(from) {
    return from.events.map((one) => (one.event ?? one).type.split('.').at(-1));
}
