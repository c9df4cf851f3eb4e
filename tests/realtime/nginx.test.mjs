// Through nginx as deploy/nginx.conf has it: WebSockets and event streams pass at once, and move when a worker dies; what
// nginx answers by itself is in the form of the workers.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { request } from '../lib/http.mjs';
import { startNginx } from '../lib/nginx.mjs';
import { startSite } from '../lib/site.mjs';
import { openEvents } from '../lib/sse.mjs';
import { connectWebSocket } from '../lib/websocket.mjs';
import { isResync, people, post, room } from './people.mjs';

test('through nginx, with a worker that is killed', async (t) => {
    const site = await startSite({ workers: 2 });
    t.after(() => site.stop());
    const { alice } = await people(site, 'alice');
    const nginx = await startNginx(site);
    t.after(() => nginx.stop());
    const open = (options) => openEvents(`${nginx.url}/v1/events`, { token: alice.token, ...options });
    const connect = async (args = {}) => {
        const ws = await connectWebSocket(`${nginx.url}/v1/ws`, { token: alice.token, asProtocol: true });
        await ws.must('session.open', args);
        return ws;
    };
    const sockets = await Promise.all([connect(), connect(), connect(), connect()]);
    const streams = await Promise.all([open(), open(), open(), open()]);
    const { id } = await post(alice, 'general', 'at once', 1);
    for (const one of [...sockets, ...streams])
        await one.waitFor(() => one.messages(room('general')).some((event) => event.id === id));
    const cursors = await Promise.all(sockets.map((ws) => ws.must('session.ping').then(({ cursor }) => cursor)));

    const ids = streams.map((stream) => stream.lastEventId);

    await site.workers[0].crash();
    const ended = [...sockets, ...streams];
    await eventually(() => ended.filter((one) => one.gone || one.ended).length >= 2, { what: 'half of them to end' });
    const missed = await post(alice, 'general', 'missed', 1);
    for (let i = 0; i < 4; i++) {
        const stream = await eventually(() => open({ lastEventId: ids[i] }));
        const ws = await eventually(() => connect({ cursor: cursors[i] }));
        for (const one of [stream, ws])
            await one.waitFor(() => one.messages(room('general')).some((event) => event.id === missed.id));
        assert.ok(!ws.events.some(isResync) && !stream.events.some(({ event }) => isResync(event)));
        assert.equal(ws.messages(room('general')).length, 1);
        ws.destroy();
        stream.cut();
    }
    for (const ws of sockets)
        ws.destroy();
    streams.forEach((stream) => stream.cut());
});

test('what nginx refuses by itself, it refuses as a worker would', async (t) => {
    const site = await startSite({ workers: 1 });
    t.after(() => site.stop());
    const { alice } = await people(site, 'alice');
    const nginx = await startNginx(site);
    t.after(() => nginx.stop());
    const is = (answer, status, code) => {
        assert.equal(answer.status, status, answer.text);
        assert.match(answer.headers['content-type'], /^application\/problem\+json/);
        const { type, title, instance, ...rest } = answer.body;
        assert.deepEqual([type, rest, instance], ['about:blank', { status, code }, answer.headers['x-request-id']]);
        assert.ok(title.length > 0 && instance.length > 0);
    };
    const ask = (method, path, options) => request(method, nginx.url + path, { token: alice.token, keepAlive: false, ...options });
    is(await ask('POST', '/v1/rooms/general/messages', { body: { text: 'x'.repeat(2 << 20) } }), 413, 'too_large');
    is(await ask('GET', `/v1/rooms?q=${'x'.repeat(20000)}`), 400, 'bad_request');
    is(await ask('GET', '/v1/rooms', { headers: { 'x-long': 'x'.repeat(12000) } }), 400, 'bad_request');
    const own = await ask('GET', '/v1/rooms/nowhere', { headers: { 'x-request-id': 'mine-1' } });
    assert.deepEqual([own.status, own.body.instance, own.headers['x-request-id']], [404, 'mine-1', 'mine-1']);
    await site.workers[0].crash();
    const down = await ask('GET', '/v1/rooms');
    is(down, 503, 'unavailable');
    assert.equal(down.headers['retry-after'], '1');
});
