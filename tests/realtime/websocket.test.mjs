// The WebSocket: handshake, requests, events, what a client may not do, and how it ends.
import assert from 'node:assert/strict';
import test from 'node:test';

import { CloudEvent, HTTP } from 'cloudevents';

import { eventually } from '../lib/eventually.mjs';
import { startSite } from '../lib/site.mjs';
import { BINARY, CLOSE, PING, TEXT, connectWebSocket, frame } from '../lib/websocket.mjs';
import { events, isMessage, makeRoom, people, post, room, session, socket } from './people.mjs';

test('the handshake', async (t) => {
    const site = await startSite();
    t.after(() => site.stop());
    const { alice } = await people(site, 'alice');
    const url = `${site.workers[0].httpUrl}/v1/ws`;
    const token = alice.token;

    const byHeader = await connectWebSocket(url, { token });
    assert.match(byHeader.head, /^sec-websocket-protocol: wcchat\.v1\r$/im);
    const byProtocol = await connectWebSocket(url, { token, asProtocol: true });
    assert.match(byProtocol.head, /^sec-websocket-protocol: wcchat\.v1\r$/im);
    assert.ok(!byProtocol.head.includes(token));
    const without = await connectWebSocket(url, { token, protocols: [] });
    assert.doesNotMatch(without.head, /^sec-websocket-protocol/im);
    // the first frame may come with the handshake
    const eager = await connectWebSocket(url, { token, trail: frame(TEXT, '{"id":"early","op":"session.open"}') });
    await eager.waitFor(() => eager.replies.get('early')?.ok);
    for (const ws of [byHeader, byProtocol, without, eager])
        ws.destroy();

    const refused = async (status, code, options) => {
        const error = await connectWebSocket(url, options).then(() => assert.fail('it was let in'), (e) => e);
        assert.equal(error.status, status, error.message);
        assert.equal(JSON.parse(error.text).code, code);
    };
    await refused(401, 'unauthenticated', {});
    await refused(401, 'unauthenticated', { token: 'nonsense' });
    await refused(401, 'unauthenticated', { token: 'nonsense', asProtocol: true });
    await refused(400, 'bad_request', { token, protocols: ['other.v1'] });
    for (const headers of [{}, { upgrade: 'websocket', connection: 'upgrade', 'sec-websocket-version': '12' }]) {
        const plain = await alice.api().get('/v1/ws', { headers, keepAlive: false });
        assert.equal(plain.status, 400);
    }
});

test('requests and answers', async (t) => {
    const site = await startSite({ workers: 2 });
    t.after(() => site.stop());
    const { alice, bob } = await people(site, 'alice', 'bob');
    await makeRoom(alice, 'dev', [bob]);
    const ws = await socket(site, alice);
    const listener = await session(site, bob, 1);

    // silent until it is opened, but of use
    const sent = await ws.must('message.send', { target: room('dev'), text: 'hi', client_id: 'c-1' });
    await listener.waitFor(() => listener.messages(room('dev')).length === 1);
    const event = listener.messages(room('dev'))[0];
    assert.equal(event.id, sent.id);
    assert.deepEqual([event.data.from, event.data.via, event.data.text, event.data.client_id], ['alice', 'web', 'hi', 'c-1']);
    assert.equal(ws.events.length, 0);
    assert.deepEqual((await ws.must('message.get', { target: room('dev'), message_id: sent.id })).text, 'hi');
    await ws.must('read.mark', { target: room('dev'), message_id: sent.id });
    assert.equal((await ws.must('message.history', { room: 'dev', limit: 1 })).items.length, 1);
    assert.equal((await ws.must('room.create', { room: 'made' })).id, 'made');

    const refused = async (code, op, args) => {
        const { ok, error } = await ws.request(op, args);
        assert.equal(ok, false);
        assert.equal(error.code, code, JSON.stringify(error));
        assert.ok(error.title);
        return error;
    };
    assert.match((await refused('bad_request', 'message.get', { target: room('dev') })).detail, /message_id/);
    await refused('bad_request', 'no.such');
    await refused('bad_request', 'auth.token', { user: 'alice', password: 'x' });
    await refused('bad_request', 'session.nonsense');
    await refused('bad_request', 'message.send', { target: room('dev'), text: 'x', nonsense: 1 });
    await refused('bad_text', 'message.send', { target: room('dev'), text: 'a\u0007b' });
    await refused('not_found', 'message.send', { target: room('nowhere'), text: 'x' });
    await refused('bad_request', 'session.ping');
    await refused('bad_request', 'session.open', { cursors: { nonsense: '1-1' } });
    await refused('bad_request', 'session.open', { cursors: { [room('dev')]: 'x' } });
    await refused('bad_request', 'session.open', { cursors: [] });
    await refused('bad_request', 'session.open', { cursor: 7 });
    for (const text of ['', '[]', '{', '{"op":"x"}', '{"id":7,"op":"typing"}', `{"id":"${'x'.repeat(65)}","op":"x"}`]) {
        ws.replies.delete(null);
        ws.send(text);
        await ws.waitFor(() => ws.replies.get(null)?.error.code === 'bad_request', { what: `${text} to be refused` });
    }

    const opened = await ws.must('session.open');
    assert.match(opened.session, /^[^/]+\/web\/\d+$/);
    assert.ok(opened.cursor.length <= 200);
    assert.deepEqual(Object.keys(opened.cursors).sort(), [room('dev'), room('general'), room('made')]);
    assert.equal(opened.cursors[room('dev')], sent.id);
    assert.equal(opened.ping_s, 30);
    assert.ok(opened.expires_in > 800 && opened.expires_in <= 900);
    await refused('conflict', 'session.open');
    const own = await ws.must('message.send', { target: room('dev'), text: 'own' });
    await ws.waitFor(() => ws.events.some(({ id }) => id === own.id));
    assert.equal((await ws.must('session.ping')).cursors[room('dev')], own.id);

    ws.send('{"id":"bye","op":"session.close"}');
    assert.equal((await ws.closing()).code, 1000);
    assert.ok(ws.replies.get('bye').ok);
    listener.destroy();
});

test('many requests in flight are answered, more than that refused, and none lost', async (t) => {
    const site = await startSite();
    t.after(() => site.stop());
    const { alice } = await people(site, 'alice');
    const ws = await session(site, alice);
    const burst = Buffer.concat(Array.from({ length: 300 }, (_, i) =>
        frame(TEXT, JSON.stringify({ id: `r${i}`, op: 'room.get', room: 'general' }))));
    ws.socket.write(burst);
    await ws.waitFor(() => ws.replies.size >= 300, { what: '300 answers' });
    const answers = Array.from({ length: 300 }, (_, i) => ws.replies.get(`r${i}`));
    const good = answers.filter((answer) => answer.ok).length;
    assert.ok(good >= 64, `${good} answered`);
    for (const { ok, error } of answers)
        assert.ok(ok || error.code === 'rate_limited');
    assert.equal((await ws.must('room.get', { room: 'general' })).id, 'general');
    ws.destroy();
});

test('frames: fragments, pings in between, and everything that is not allowed', async (t) => {
    const site = await startSite();
    t.after(() => site.stop());
    const { alice } = await people(site, 'alice');
    const request = (id, size = 0) => JSON.stringify({ id, op: 'room.get', room: 'general', ...size ? { q: 'x'.repeat(size) } : {} });

    const ws = await socket(site, alice);
    const text = Buffer.from(request('whole'));
    ws.socket.write(Buffer.concat([frame(TEXT, text.subarray(0, 5), { fin: false }), frame(PING, 'between'),
        frame(0, text.subarray(5, 5), { fin: false }), frame(0, text.subarray(5))]));
    await ws.waitFor(() => ws.replies.get('whole')?.ok);
    assert.deepEqual(ws.pongs, ['between']);
    for (const byte of frame(TEXT, request('bytes')))
        ws.socket.write(Buffer.from([byte]));
    await ws.waitFor(() => ws.replies.get('bytes')?.ok);
    const large = frame(TEXT, request('large', 60000)); // more than one read
    ws.socket.write(large.subarray(0, 30000));
    ws.socket.write(large.subarray(30000));
    await ws.waitFor(() => ws.replies.has('large'));
    ws.socket.write(frame(CLOSE, Buffer.from([0x03, 0xe8, 0x62, 0x79, 0x65])));
    assert.equal((await ws.closing()).code, 1000);

    const ends = async (code, ...frames) => {
        const one = await socket(site, alice);
        one.socket.write(Buffer.concat(frames));
        assert.equal((await one.closing()).code, code);
    };
    await ends(1002, frame(TEXT, 'x', { masked: false }));
    await ends(1002, frame(TEXT, 'x', { reserved: 4 }));
    await ends(1002, frame(3, 'x'));
    await ends(1002, frame(11, 'x'));
    await ends(1002, frame(0, 'x'));
    await ends(1002, frame(TEXT, 'x', { fin: false }), frame(TEXT, 'y'));
    await ends(1002, frame(PING, 'x', { fin: false }));
    await ends(1002, frame(PING, 'x'.repeat(126)));
    await ends(1002, Buffer.from([0x81, 0xfe, 0x00, 0x05, 0, 0, 0, 0]));
    await ends(1002, frame(CLOSE, 'x'));
    await ends(1002, frame(CLOSE, Buffer.from([0x03, 0xed])));
    await ends(1003, frame(BINARY, 'x'));
    await ends(1007, frame(TEXT, Buffer.from([0xff, 0xfe])));
    await ends(1007, frame(TEXT, Buffer.from([0xe2, 0x82]), { fin: false }), frame(0, ''));
    await ends(1007, frame(CLOSE, Buffer.from([0x03, 0xe8, 0xff])));
    await ends(1009, frame(TEXT, 'x', { length: 65537 }).subarray(0, 20));
    await ends(1009, frame(TEXT, 'x'.repeat(40000), { fin: false }), frame(0, 'x'.repeat(40000)));
    await ends(1005, frame(CLOSE, ''));
    const health = await site.api().get('/healthz');
    assert.equal(health.status, 200);
});

/** What the CloudEvents SDK makes of it; it throws when this is no CloudEvent. */
function asCloudEvent(text) {
    const event = HTTP.toEvent({ headers: { 'content-type': 'application/cloudevents+json' }, body: text });
    const raw = JSON.parse(text);
    assert.ok(event instanceof CloudEvent && event.validate());
    assert.deepEqual([event.id, event.source, event.type, event.time, event.data], [raw.id, raw.source, raw.type, raw.time, raw.data]);
    return event;
}

test('two senders on two workers: contiguous, one order, the same bytes for everyone', async (t) => {
    const site = await startSite({ workers: 2 });
    t.after(() => site.stop());
    const { alice, bob, carol } = await people(site, 'alice', 'bob', 'carol');
    await makeRoom(alice, 'dev', [bob, carol]);
    const sockets = await Promise.all([alice, bob, carol, carol].map((who, i) => session(site, who, i % 2)));
    const streams = await Promise.all([bob, carol].map((who, i) => events(site, who, i)));
    const senders = [await socket(site, alice, 0), await socket(site, bob, 1)];
    await Promise.all(senders.map(async (ws, n) => {
        for (let i = 0; i < 300; i += 10) {
            await Promise.all(Array.from({ length: 10 }, (_, j) =>
                ws.must('message.send', { target: room('dev'), text: `${n}: ${i + j} \u{1f600}` })));
        }
    }));
    const texts = (ws) => ws.raw.filter((text) => text.includes('.messagepublished"'));
    for (const ws of sockets)
        await ws.waitFor(() => texts(ws).length >= 600, { what: '600 messages' });
    for (const stream of streams)
        await stream.waitFor(() => stream.messages(room('dev')).length >= 600, { what: '600 messages' });
    const first = texts(sockets[0]);
    assert.equal(first.length, 600);
    const seqs = first.map((text) => JSON.parse(text).data.seq);
    assert.deepEqual(seqs, seqs.map((_, i) => seqs[0] + i));
    for (const ws of sockets)
        assert.deepEqual(texts(ws), first);
    for (const stream of streams)
        assert.deepEqual(stream.events.filter(({ event }) => isMessage(event)).map(({ text }) => text), first);
    const parsed = first.map(asCloudEvent);
    for (const n of [0, 1]) {
        const mine = parsed.filter(({ data }) => data.from === ['alice', 'bob'][n]).map(({ data }) => data.text);
        assert.deepEqual(mine.sort(), Array.from({ length: 300 }, (_, i) => `${n}: ${i} \u{1f600}`).sort());
    }
    for (const ws of sockets)
        ws.raw.forEach(asCloudEvent); // those of presence, too
    for (const ws of [...sockets, ...senders])
        ws.destroy();
    streams.forEach((stream) => stream.cut());
});

test('a slow reader gets everything at its own pace', async (t) => {
    const site = await startSite({ args: ['--session-queue', '16k', '--post-rate', '0'] });
    t.after(() => site.stop());
    const { alice, bob } = await people(site, 'alice', 'bob');
    await makeRoom(alice, 'dev', [bob]);
    const ws = await session(site, bob);
    const stream = await events(site, bob);
    ws.socket.pause();
    stream.request.socket.pause();
    const writer = await socket(site, alice);
    const text = 'x'.repeat(8000);
    const slow = async () => Number(/^wcchat_slow_sessions_total (\d+)$/m.exec((await site.api().get('/metrics')).text)[1]);
    let posted = 0;
    while (await slow() < 2 || posted < 1500) {
        await Promise.all(Array.from({ length: 20 }, (_, i) =>
            writer.must('message.send', { target: room('dev'), text: `${posted + i} ${text}` })));
        posted += 20;
        assert.ok(posted < 20000, 'nobody became slow');
    }
    ws.socket.resume();
    stream.request.socket.resume();
    await ws.waitFor(() => ws.messages(room('dev')).length >= posted, { timeout: 60000, what: `${posted} messages` });
    const order = (all) => all.map((event) => event.data.seq);
    const seqs = order(ws.messages(room('dev')));
    assert.deepEqual(seqs, seqs.map((_, i) => seqs[0] + i));
    await stream.waitFor(() => stream.messages(room('dev')).length >= posted, { timeout: 60000, what: `${posted} messages` });
    assert.deepEqual(order(stream.messages(room('dev'))), seqs);
    for (const one of [ws, writer])
        one.destroy();
    stream.cut();
});

test('tokens: expiry, renewal, revocation', async (t) => {
    const site = await startSite({ args: ['--token-lifetime', '8s'] });
    t.after(() => site.stop());
    const { token: other } = await site.register('mallory');
    const { alice } = await people(site, 'alice');
    const [expires, renewed, stream] = [await session(site, alice), await session(site, alice), await events(site, alice)];
    assert.equal((await renewed.request('session.auth', { access_token: other })).error.code, 'forbidden');
    assert.equal((await renewed.request('session.auth', { access_token: 'x' })).error.code, 'unauthenticated');
    assert.equal((await renewed.request('session.auth')).error.code, 'bad_request');
    assert.equal((await expires.closing()).code, 4401);
    await stream.waitFor(() => stream.ended, { what: 'the stream to end' });
    assert.deepEqual(stream.comments, ['the token has expired']);
    assert.equal((await renewed.closing()).code, 4401);

    const again = await site.login('alice');
    const [one, two, third] = [await session(site, again), await socket(site, again), await events(site, again)];
    const fresh = await site.login('alice');
    assert.ok((await one.must('session.auth', { access_token: fresh.token })).expires_in <= 8);
    await again.api().must(204, 'POST', '/v1/auth/logout', { refresh_token: again.refreshToken });
    await third.waitFor(() => third.ended, { what: 'the stream to end' });
    assert.deepEqual(third.comments, ['the token was revoked']);
    await eventually(async () => {
        if (!two.closed)
            two.send('{"id":"1","op":"room.get","room":"general"}');
        return two.closed;
    });
    assert.equal(two.closed.code, 4403);
    assert.ok((await one.must('room.get', { room: 'general' })).id);
    await fresh.api().must(204, 'POST', '/v1/auth/logout', { everywhere: true });
    assert.equal((await one.closing()).code, 4403);
});

test('a quiet connection is pinged, and dropped when nobody answers; a stream gets comments', async (t) => {
    const site = await startSite({ args: ['--http-keepalive', '1s'] });
    t.after(() => site.stop());
    const { alice } = await people(site, 'alice');
    const [alive, dead, stream] = [await session(site, alice), await session(site, alice), await events(site, alice)];
    dead.answersPings = false;
    assert.equal((await dead.closing()).code, 1006);
    assert.ok(dead.pings === 2 || dead.pings === 3, `${dead.pings} pings`);
    await alive.waitFor(() => alive.pings >= 4);
    assert.equal(alive.closed, null);
    await stream.waitFor(() => stream.comments.length >= 3);
    assert.equal(stream.ended, false);
    alive.destroy();
    stream.cut();
    await eventually(async () => /^wcchat_sessions 0$/m.test((await site.api().get('/metrics')).text));
});

test('draining tells everyone, spread over the time there is, and nothing is lost', async (t) => {
    const site = await startSite({ workers: 2, args: ['--drain', '3s'] });
    t.after(() => site.stop());
    const { alice } = await people(site, 'alice');
    const sockets = await Promise.all(Array.from({ length: 10 }, () => session(site, alice, 0)));
    const streams = await Promise.all(Array.from({ length: 10 }, () => events(site, alice, 0)));
    await Promise.all(streams.map((stream) => stream.waitFor(() => stream.lastEventId !== '')));
    const begun = Date.now();
    const times = [];
    for (const one of sockets)
        one.closing().then(() => times.push(Date.now() - begun));
    site.workers[0].child.signal('SIGTERM');
    const last = await post(alice, 'general', 'meanwhile', 1);
    await Promise.all(sockets.map((one) => one.closing()));
    for (const one of sockets)
        assert.equal(one.closed.code, 1012);
    for (const stream of streams) {
        await stream.waitFor(() => stream.ended);
        assert.match(stream.comments.at(-1), /restarting/);
    }
    assert.ok(times.at(-1) - times[0] > 200, `all within ${times.at(-1) - times[0]} ms`);
    const { code } = await site.workers[0].child.exited;
    assert.equal(code, 0);
    for (const stream of streams) {
        const again = await events(site, alice, 1, { lastEventId: stream.lastEventId });
        if (!stream.messages(room('general')).length)
            await again.waitFor(() => again.events.some(({ event }) => event.id === last.id));
        again.cut();
    }
});

test('one that never opened its session ends too when its token is revoked', async (t) => {
    const site = await startSite({ args: ['--http-keepalive', '1s'] });
    t.after(() => site.stop());
    const alice = await site.register('alice');
    const ws = await connectWebSocket(`${site.workers[0].httpUrl}/v1/ws`, { token: alice.token });
    await alice.api().must(204, 'POST', '/v1/auth/logout', {});
    assert.equal((await ws.closing({ timeout: 5000 })).code, 4403);
});
