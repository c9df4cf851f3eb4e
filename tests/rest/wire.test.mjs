// The wire: pipelining, slow and broken clients, requests that two servers might read differently.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { startSite } from '../lib/site.mjs';
import { refused, useSite } from '../chat/site.mjs';
import { metric } from '../events/watch.mjs';
import { Raw, exchange } from './raw.mjs';

const shared = useSite({ args: ['--http-idle-timeout', '3s'] });
const POST = '/v1/rooms/general/messages';

function message(account, text, { more = '', version = '1.1' } = {}) {
    const body = JSON.stringify({ text });
    return `POST ${POST} HTTP/${version}\r\nHost: x\r\nAuthorization: Bearer ${account.token}\r\n` +
        `Content-Type: application/json\r\n${more}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

const texts = async (account) => (await account.api(1).must(200, 'GET', `${POST}?limit=200`)).items
    .filter(({ from }) => from === account.user).map(({ text }) => text);

test('pipelined requests are answered in their order, each once', async () => {
    const alice = await shared.person('alice');
    const url = shared.site.workers[0].httpUrl;
    const said = Array.from({ length: 20 }, (_, i) => `pipelined ${i}`);
    const answers = await exchange(url, said.map((text) => message(alice, text)).join(''), { count: 20 });
    assert.deepEqual(answers.map(({ status }) => status), said.map(() => 201));
    const seqs = answers.map(({ body }) => JSON.parse(body).seq);
    assert.deepEqual(seqs, [...seqs].sort((a, b) => a - b));
    assert.deepEqual(await texts(alice), said);
});

test('a request in pieces, byte by byte', async () => {
    const alice = await shared.person('alice');
    const raw = new Raw(shared.site.workers[0].httpUrl);
    for (const byte of message(alice, 'drop by drop'))
        raw.send(byte);
    const [answer] = await raw.until(1);
    raw.destroy();
    assert.equal(answer.status, 201);
});

test('a head or a body that does not come in time ends the connection, and nothing is stored', async () => {
    const alice = await shared.person('alice');
    const url = shared.site.workers[0].httpUrl;
    const whole = message(alice, 'never whole');
    await Promise.all([whole.slice(0, 30), whole.slice(0, -3), 'GET ', ''].map(async (part) => {
        const raw = new Raw(url);
        raw.send(part);
        const answers = await raw.end();
        assert.ok(answers.every(({ status }) => status >= 400), JSON.stringify(answers));
    }));
    assert.deepEqual(await texts(alice), []);
});

test('requests that two servers might read differently are refused, and what is hidden in them is not done', async () => {
    const alice = await shared.person('alice');
    const url = shared.site.workers[0].httpUrl;
    const hidden = message(alice, 'smuggled');
    const head = `POST ${POST} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${alice.token}\r\nContent-Type: application/json\r\n`;
    const bad = {
        'length and chunks': `${head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
        'chunks and length': `${head}Transfer-Encoding: chunked\r\nContent-Length: ${hidden.length}\r\n\r\n0\r\n\r\n${hidden}`,
        'two lengths': `${head}Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
        'a list of lengths': `${head}Content-Length: 0, 0\r\n\r\n${hidden}`,
        'a negative length': `${head}Content-Length: -1\r\n\r\n${hidden}`,
        'a length with a sign': `${head}Content-Length: +0\r\n\r\n${hidden}`,
        'a length that overflows': `${head}Content-Length: 18446744073709551616\r\n\r\n${hidden}`,
        'an unknown encoding': `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
        'two encodings': `${head}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${hidden}`,
        'chunks in HTTP/1.0': `${head.replace('1.1', '1.0')}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
        'a folded header': `${head}X: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n${hidden}`,
        'a space before the colon': `${head}Content-Length : 0\r\n\r\n${hidden}`,
        'no host': `${head.replace('Host: x\r\n', '')}Content-Length: 0\r\n\r\n${hidden}`,
        'two hosts': `${head}Host: y\r\nContent-Length: 0\r\n\r\n${hidden}`,
        'a chunk whose size is none': `${head}Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n${hidden}`,
        'a chunk of a huge size': `${head}Transfer-Encoding: chunked\r\n\r\nffffffffffffffff0\r\n\r\n${hidden}`,
    };
    for (const [what, bytes] of Object.entries(bad)) {
        const answers = await exchange(url, bytes);
        assert.ok(answers.length <= 1, `${what}: ${answers.length} answers: ${JSON.stringify(answers)}`);
        assert.ok(answers.every(({ status }) => status === 400 || status === 501), `${what}: ${JSON.stringify(answers)}`);
    }
    assert.deepEqual(await texts(alice), []);
    assert.deepEqual((await exchange(url, hidden + message(alice, 'second'), { count: 2 })).map(({ status }) => status),
        [201, 201], 'the same requests one after the other are fine');
});

test('chunked bodies are taken, up to the limit', async () => {
    const alice = await shared.person('alice');
    const url = shared.site.workers[0].httpUrl;
    const head = `POST ${POST} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${alice.token}\r\nContent-Type: application/json\r\n` +
        'Transfer-Encoding: chunked\r\n\r\n';
    const [fine] = await exchange(url, `${head}5\r\n{"tex\r\n9;x=y\r\nt":"hey"}\r\n0\r\n\r\n`, { count: 1 });
    assert.equal(fine.status, 201, fine.body);
    const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`;
    const [large] = await exchange(url, head + chunk.repeat(40), { count: 1 });
    assert.equal(large.status, 413);
});

test('what is no HTTP', async () => {
    const url = shared.site.workers[0].httpUrl;
    for (const bytes of ['hello\r\n\r\n', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'GET / HTTP/9.9\r\n\r\n',
        `GET /${'x'.repeat(200000)} HTTP/1.1\r\n\r\n`, `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(5000)}\r\n`,
        'GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', '\0'.repeat(1000)]) {
        const answers = await exchange(url, Buffer.from(bytes, 'latin1'));
        assert.ok(answers.every(({ status }) => status >= 400), `${JSON.stringify(bytes.slice(0, 40))}: ${JSON.stringify(answers)}`);
    }
    assert.equal((await shared.site.api().get('/healthz')).status, 200);
});

test('clients that go away while Redis is asked: nothing is left behind, what they asked is done once or not at all', async (t) => {
    const site = await startSite({ args: ['--redis-command-timeout', '60s'] });
    t.after(() => site.stop());
    const alice = await site.register('alice');
    await alice.api().must(200, 'GET', '/v1/users/me');
    const [worker] = site.workers;
    site.redis.pause();
    const gone = Array.from({ length: 50 }, (_, i) => {
        const raw = new Raw(worker.httpUrl);
        raw.send(message(alice, `gone ${i}`));
        return raw;
    });
    const underWay = () => metric(worker, 'wcchat_http_requests_under_way');
    await eventually(async () => await underWay() >= 50, { what: 'the requests to be under way' });
    gone.forEach((raw) => raw.destroy());
    site.redis.resume();
    await eventually(async () => await underWay() === 1, { what: 'the requests to be forgotten' });
    await alice.api().must(201, 'POST', POST, { text: 'still here' });
    const { items } = await alice.api().must(200, 'GET', `${POST}?limit=200`);
    const seen = items.map(({ text }) => text);
    assert.equal(seen.filter((text) => text.startsWith('gone ')).length, 50, 'what was asked was done');
    assert.equal(new Set(seen).size, seen.length);
});

test('what comes while a request is under way waits for its turn, the end of what a client sends too', async (t) => {
    const site = await startSite({ args: ['--redis-command-timeout', '60s'] });
    t.after(() => site.stop());
    const alice = await site.register('alice');
    await alice.api().must(200, 'GET', '/v1/users/me');
    const [worker] = site.workers;
    site.redis.pause();
    const raw = new Raw(worker.httpUrl);
    raw.send(message(alice, 'first'));
    await eventually(async () => await metric(worker, 'wcchat_http_requests_under_way') === 2, { what: 'the request to be under way' });
    raw.send(message(alice, 'second').slice(0, 40));
    await metric(worker, 'wcchat_http_requests_under_way');
    raw.send(message(alice, 'second').slice(40) + message(alice, 'third'));
    raw.socket.end();
    const all = raw.until(3);
    await metric(worker, 'wcchat_http_requests_under_way');
    assert.equal(await metric(worker, 'wcchat_http_requests_under_way'), 2, 'one after the other');
    site.redis.resume();
    assert.deepEqual((await all).map(({ status }) => status), [201, 201, 201]);
    const { items } = await alice.api().must(200, 'GET', POST);
    assert.deepEqual(items.map(({ text }) => text), ['first', 'second', 'third']);
});

test('Redis away: 503 with Retry-After in bounded time, /readyz tells, /healthz lives, and it is back by itself', async (t) => {
    const site = await startSite({ args: ['--redis-command-timeout', '1500ms'], redis: { appendonly: true } });
    t.after(() => site.stop());
    const alice = await site.register('alice');
    await site.redis.crash();
    const away = await eventually(async () => {
        const answer = await alice.api().post(POST, { text: 'hello' });
        return answer.status === 503 && answer;
    });
    refused(away, 503, 'unavailable');
    assert.ok(Number(away.headers['retry-after']) >= 1);
    const ready = await site.api().get('/readyz');
    assert.equal(ready.status, 200, 'a balancer must not take all workers away');
    assert.equal(ready.body.checks.redis.status, 'down');
    assert.ok(ready.body.checks.redis.problem.length > 0);
    assert.equal((await site.api().get('/healthz')).status, 200);
    await site.redis.start();
    await eventually(async () => (await alice.api().post(POST, { text: 'hello' })).status === 201);
    assert.deepEqual((await site.api().get('/readyz')).body.checks.redis, { status: 'up' });
});
