// What clients send, with mistakes of every kind in it, to each channel of a worker of the sanitizer build: it goes on, it
// serves others, and nothing is left behind. WCCHAT_FUZZ_SEED=… makes other mistakes, WCCHAT_FUZZ_MORE=N so many times more.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';

import { Random } from '../chaos/random.mjs';
import { eventually } from '../lib/eventually.mjs';
import { startSite } from '../lib/site.mjs';
import { metric } from '../events/watch.mjs';

const SEED = process.env.WCCHAT_FUZZ_SEED ?? 'one';
const CASES = 400 * Number(process.env.WCCHAT_FUZZ_MORE ?? 1);
const AT_ONCE = 16;
const PATIENCE_MS = 300; // for a server that waits for more

let site, alice;

before(async () => {
    site = await startSite({ args: ['--http-idle-timeout', '2s', '--post-rate', '0'] });
    alice = await site.register('alice');
});
after(() => site.stop()); // fails when the sanitizers have something to say

/** Bytes that decide something somewhere: ends of lines, of lengths and of letters, commands of telnet, separators of events. */
const SPECIAL = ['\0', '\r', '\n', '\r\n', '\r\n\r\n', '\xff', '\xff\xff', '\xff\xfa', '\xff\xf0', '\xff\xfb\x01', '\xff\xf4', '\x1b[', '\x1e', '\x1f', '\x7f',
    '\x80', '\xc0\xaf', '\xed\xa0\x80', '\xf4\x90\x80\x80', '\xe2\x80\xae', '"', '\\', '\\ud800', '{', '}', '[', ']', ':', ',', '%', '%2f', '%00', '/', '..', '-1', '0',
    '18446744073709551616', '1e999', 'null', 'true', 'x'.repeat(300), '9'.repeat(40), '\x88\x80\0\0\0\0', '\x81\xfe\xff\xff', '\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff']
    .map((text) => Buffer.from(text, 'latin1'));

const MISTAKES = [
    (random, bytes, at) => { bytes[at] ^= 1 << random.below(8); return bytes; },
    (random, bytes, at) => { bytes[at] = random.below(256); return bytes; },
    (random, bytes, at) => Buffer.concat([bytes.subarray(0, at), random.pick(SPECIAL), bytes.subarray(at)]),
    (random, bytes, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(20))]),
    (random, bytes, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(random.below(bytes.length))]),
    (random, bytes, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + 1 + random.below(40)), bytes.subarray(at)]),
    (random, bytes, at) => bytes.subarray(0, at + 1),
];

function withMistakes(random, good) {
    let bytes = Buffer.from(good);
    for (let n = 1 + random.below(6); n > 0 && bytes.length > 0; n--)
        bytes = Buffer.from(random.pick(MISTAKES)(random, bytes, random.below(bytes.length)));
    return bytes;
}

/** Sends them, in pieces; over when the server closes, or waits for more. */
function send(random, port, bytes, first = Buffer.alloc(0)) {
    return new Promise((resolve) => {
        const socket = net.connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
        const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
        socket.on('error', () => {});
        socket.on('data', () => {});
        socket.on('end', () => socket.end());
        socket.on('close', () => {
            clearTimeout(timer);
            resolve();
        });
        const cut = random.below(bytes.length + 1);
        socket.write(Buffer.concat([first, bytes.subarray(0, cut)]));
        socket.write(bytes.subarray(cut));
        if (random.below(2) === 0)
            socket.end();
    });
}

/** `good`: conversations as they should be; `first`: what comes before the mistakes. */
async function fuzz(name, port, good, first) {
    const random = new Random(`${SEED} ${name}`);
    for (let done = 0; done < CASES; done += AT_ONCE)
        await Promise.all(Array.from({ length: AT_ONCE }, () => send(random, port, withMistakes(random, random.pick(good)), first)));
    assert.equal((await site.api().get('/healthz')).status, 200);
    const { text } = await alice.api().must(200, 'GET', '/v1/rooms/general/messages/' +
        (await alice.api().must(201, 'POST', '/v1/rooms/general/messages', { text: `after ${name}` })).id);
    assert.equal(text, `after ${name}`);
    const [worker] = site.workers;
    const left = async (name, most) => await metric(worker, `wcchat_${name}`) <= most;
    await eventually(async () => await left('telnet_connections', 0) && await left('sessions', 0) && await left('http_requests_under_way', 1),
        { what: 'nothing to be left behind' });
}

const request = (method, path, body) => Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${alice.token}\r\n` +
    (body === undefined ? '\r\n' : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`));

test('HTTP', async () => {
    const room = '/v1/rooms/general';
    await fuzz('http', site.workers[0].httpPort, [
        request('POST', `${room}/messages`, '{"text":"grüß dich","client_id":"c-1"}'),
        request('POST', `${room}/messages`, '{"text":"a \\"quoted\\" \\u00e9 \\ud83d\\ude00","reply_to":"1-1","action":true}'),
        Buffer.concat([request('GET', `${room}/messages?limit=10&types=messagepublished`), request('GET', '/v1/users/me')]),
        request('POST', '/v1/rooms', '{"id":"fuzz","description":"x","visibility":"public"}'),
        request('PUT', `${room}/read`, '{"id":"1-1"}'),
        request('PUT', '/v1/presence', '{"status":"away","text":"out"}'),
        request('GET', '/v1/a/b/c/d/e/f/g'), request('GET', '/v1/presence/alice'), request('GET', '/v1/events'), request('GET', '/metrics'),
        request('PATCH', `${room}/messages/1795410001234-42`, '{"text":"edited"}'),
        request('PUT', `${room}/messages/1795410001234-42/reactions/%F0%9F%91%8D`),
        request('POST', '/v1/auth/token', '{"user":"nobody-there","password":"x"}'),
        Buffer.from(`POST ${room}/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${alice.token}\r\nContent-Type: application/json\r\n` +
            'Transfer-Encoding: chunked\r\n\r\n5\r\n{"tex\r\n9\r\nt":"hey"}\r\n0\r\n\r\n'),
    ]);
});

test('WebSocket', async () => {
    const frame = (opcode, text) => {
        const payload = Buffer.from(text);
        const length = payload.length < 126 ? [0x80 | payload.length] : [0x80 | 126, payload.length >> 8, payload.length & 255];
        return Buffer.concat([Buffer.from([0x80 | opcode, ...length, 0, 0, 0, 0]), payload]);
    };
    const asked = (op, args = {}) => frame(1, JSON.stringify({ id: '1', op, ...args }));
    const target = 'wcchat://rooms/general';
    const handshake = Buffer.from(`GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
        `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: wcchat.v1\r\nAuthorization: Bearer ${alice.token}\r\n\r\n`);
    await fuzz('websocket', site.workers[0].httpPort, [
        Buffer.concat([asked('session.open'), asked('message.send', { target, text: 'hi', client_id: 'c-1' }), frame(9, 'ping'), frame(8, '\x03\xe8')]),
        Buffer.concat([asked('session.open', { cursors: { [target]: '1-1' } }), asked('message.history', { target, limit: 5 }), asked('typing', { target })]),
        Buffer.concat([asked('session.open', { cursor: 'AdfzrICh6gEB6PsBbA' }), asked('room.list', { q: 'g' }), asked('presence.set', { status: 'dnd' })]),
        Buffer.concat([asked('session.auth', { access_token: alice.token }), asked('session.ping'), asked('conversation.list')]),
        Buffer.concat([asked('reaction.add', { target, message_id: '1-1', reaction: '👍' }), asked('read.mark', { target, message_id: '1-1' })]),
    ], handshake);
});

test('telnet', async () => {
    const login = `alice\r\n${alice.token}\r\n`;
    await fuzz('telnet', site.workers[0].telnetPort, [
        `${login}hello grüß dich\r\n/me waves\r\n/history 5\r\n/who\r\n/quit\r\n`,
        `${login}/create fuzz-room a room\r\n/switch general\r\n//slash\r\n/topic a topic\r\n/msg alice hi\r\n/numbers on\r\n/reply 3 yes\r\n/edit 3 no\r\n/react 3 +1\r\n`,
        `\xff\xfd\x01\xff\xfb\x1f\xff\xfa\x1f\0\x50\0\x18\xff\xf0\xff\xfd\x03${login}half\x08\x7f\x15typed\x17\x1b[A\x03\r\0/unread\r\0/away out\r\0`,
        'register\r\nsomebody\r\nshort\r\nshort\r\n',
        `nobody-there\r\nwrong\r\n${login}/passwd\r\nwrong\r\nalso wrong\r\nalso wrong\r\n`,
    ].map((text) => Buffer.from(text, 'latin1')));
});
