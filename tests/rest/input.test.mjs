// Bad requests: each has its clear answer in the form of RFC 9457, and the worker goes on.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { refused, useSite } from '../chat/site.mjs';

const shared = useSite({ args: ['--http-cors', 'https://chat.example.org'] });
const POST = '/v1/rooms/general/messages';
const JSON_TYPE = { headers: { 'content-type': 'application/json' } };

/** What every refusal has to be. */
function problem(answer, status, code, detail) {
    refused(answer, status, code, detail);
    assert.match(answer.headers['content-type'], /^application\/problem\+json/);
    assert.equal(answer.body.status, status);
    assert.ok(answer.body.title.length > 0);
    assert.equal(answer.body.instance, answer.headers['x-request-id']);
}

test('JSON that is none', async () => {
    const alice = await shared.person('alice');
    const post = (body, options) => alice.api().request('POST', POST, { body, ...JSON_TYPE, ...options });
    const bad = {
        'a nest of 10,000 arrays': '['.repeat(10000) + ']'.repeat(10000),
        'a nest of 2,000 objects': `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`,
        'half an object': '{"text":"hi"',
        'two objects': '{"text":"hi"}{"text":"ho"}',
        'a list': '[{"text":"hi"}]',
        'a string': '"hi"',
        'nothing but spaces': '   ',
        'a name twice': '{"text":"hi","text":"ho"}',
        'a bare word': '{text:"hi"}',
        'a comma too many': '{"text":"hi",}',
        'a number that is none': '{"text":"hi","reply_to":0x10}',
        'a huge number': '{"text":"hi","n":1e999}',
        'half a surrogate': '{"text":"\\ud800"}',
        'an escaped NUL': '{"text":"a\\u0000b"}',
        'a control character': '{"text":"a\nb"}',
        'no UTF-8': Buffer.from([...Buffer.from('{"text":"'), 0xff, 0xfe, ...Buffer.from('"}')]),
        'an overlong form': Buffer.from([...Buffer.from('{"text":"'), 0xc0, 0xaf, ...Buffer.from('"}')]),
        'a byte order mark': '\ufeff{"text":"hi"}',
    };
    for (const [what, body] of Object.entries(bad)) {
        const answer = await post(body);
        assert.equal(answer.status, 400, `${what}: ${answer.text}`);
        problem(answer, 400, answer.body.code === 'bad_text' ? 'bad_text' : 'bad_request');
        assert.ok(answer.body.detail?.length > 0, `${what}: says nothing: ${answer.text}`);
    }
    assert.equal((await post('{"text":"all well"}')).status, 201);
    const { items } = await alice.api(1).must(200, 'GET', POST);
    assert.equal(items.filter(({ from }) => from === alice.user).length, 1, 'one of them was stored');
});

test('arguments of a wrong type, out of range, missing or unknown are named', async () => {
    const alice = await shared.person('alice');
    const cases = [
        ['POST', POST, { text: 7 }, /^text: /],
        ['POST', POST, { text: null }, /^text: /],
        ['POST', POST, { text: ['hi'] }, /^text: /],
        ['POST', POST, {}, /^text: /],
        ['POST', POST, { text: 'hi', colour: 'red' }, /colour/],
        ['POST', POST, { text: 'hi', client_id: 'x'.repeat(200) }, /^client_id: /],
        ['POST', POST, { text: 'hi', client_id: 5 }, /^client_id: /],
        ['POST', POST, { text: 'hi', reply_to: 'never' }, /^reply_to: /],
        ['POST', '/v1/rooms', { id: 'No Spaces' }, /^id: /],
        ['POST', '/v1/rooms', { id: 'x'.repeat(500) }, /^id: /],
        ['POST', '/v1/rooms', { id: 'fine', visibility: 'secret' }, /^visibility: /],
        ['GET', `${POST}?limit=0`, undefined, /^limit: /],
        ['GET', `${POST}?limit=-1`, undefined, /^limit: /],
        ['GET', `${POST}?limit=99999999999999999999`, undefined, /^limit: /],
        ['GET', `${POST}?limit=ten`, undefined, /^limit: /],
        ['GET', `${POST}?limit=10&limit=20`, undefined, /limit/],
        ['GET', `${POST}?before=0-0-0`, undefined, /^before: /],
        ['GET', `${POST}?after=%00`, undefined, /./],
        ['GET', `${POST}?before=1-1&after=1-1`, undefined, /./],
        ['GET', `${POST}?what=1`, undefined, /what/],
        ['PUT', '/v1/rooms/general/read', { id: 12 }, /^id: /],
        ['PUT', '/v1/presence', { status: true }, /^status: /],
        ['POST', `${POST}?text=hi`, { text: 'hi' }, /query/],
        ['GET', '/v1/users/me%ff', undefined, /path/],
        ['GET', '/v1/rooms?prefix=%c3%28', undefined, /./],
    ];
    for (const [method, path, body, detail] of cases) {
        const answer = await alice.api().request(method, path, { body });
        assert.equal(answer.status, 400, `${method} ${path} ${JSON.stringify(body)}: ${answer.text}`);
        problem(answer, 400, answer.body.code === 'bad_text' ? 'bad_text' : 'bad_request', detail);
    }
});

test('a body of another type, or too large, or where none belongs', async () => {
    const alice = await shared.person('alice');
    const send = (method, path, options) => alice.api().request(method, path, { keepAlive: false, ...options });
    for (const type of ['text/plain', 'application/jsonx', 'application/x-www-form-urlencoded', 'x'])
        problem(await send('POST', POST, { body: '{"text":"hi"}', headers: { 'content-type': type } }), 415, 'unsupported_media_type');
    const fine = await send('POST', POST, { body: '{"text":"hi"}', headers: { 'content-type': 'application/json; charset=utf-8' } });
    assert.equal(fine.status, 201, fine.text);
    problem(await send('POST', POST, { body: { text: 'x'.repeat(70000) } }), 413, 'too_large');
    problem(await send('POST', POST, { body: { text: 'x'.repeat(9000) } }), 413, 'too_large');
    problem(await send('GET', POST, { body: '{}' }), 400, 'bad_request', /no body/);
    const huge = await send('POST', POST, { body: { text: 'x'.repeat(5_000_000) } }).catch((error) => error);
    assert.ok(huge instanceof Error || huge.status === 413, 'five megabytes were taken');
    assert.equal((await send('GET', '/v1/users/me')).status, 200);
});

test('what there is and what not: 404, 405 with Allow, HEAD, OPTIONS', async () => {
    const alice = await shared.person('alice');
    const api = alice.api();
    for (const path of ['/', '/v1', '/v1/', '/v1/nothing', '/v1/rooms/general/', '//v1/rooms', '/v1/rooms/general/messages/1-1/more', '/v1/..%2fhealthz'])
        problem(await api.get(path), 404, 'not_found');
    // An encoded slash parts nothing, and a pattern's own words are no room of that name.
    for (const path of ['/v1%2Fusers/me', '/v1/users%2fme', '/v1%2Frooms%2Fgeneral', '/v1/rooms%2F%7Broom%7D', '/v1/auth%2Ftoken'])
        problem(await api.get(path), 404, 'not_found');
    const wrong = await api.request('DELETE', POST);
    problem(wrong, 405, 'method_not_allowed');
    assert.deepEqual(wrong.headers.allow.split(', ').sort(), ['GET', 'HEAD', 'OPTIONS', 'POST']);
    problem(await api.request('PATCH', '/healthz'), 405, 'method_not_allowed');
    problem(await api.request('BREW', POST), 405, 'method_not_allowed');
    const options = await api.request('OPTIONS', '/v1/users/me');
    assert.equal(options.status, 204);
    assert.deepEqual(options.headers.allow.split(', ').sort(), ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH']);
    const [head, get] = [await api.request('HEAD', '/v1/users/me'), await api.get('/v1/users/me')];
    assert.equal(head.status, 200);
    assert.equal(head.text, '');
    assert.equal(head.headers['content-length'], get.headers['content-length']);
    problem(await api.get(`/v1/rooms/${'x'.repeat(3000)}`), 400, 'bad_request', /^room: /);
});

test('CORS for the origin that was named, and for no other', async () => {
    const ask = (method, headers) => shared.site.api().request(method, POST, { headers });
    const ours = { origin: 'https://chat.example.org' };
    const preflight = await ask('OPTIONS', { ...ours, 'access-control-request-method': 'POST' });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers['access-control-allow-origin'], ours.origin);
    assert.match(preflight.headers['access-control-allow-methods'], /POST/);
    assert.match(preflight.headers['access-control-allow-headers'], /Authorization/);
    const answer = await ask('GET', ours);
    assert.equal(answer.status, 401);
    assert.equal(answer.headers['access-control-allow-origin'], ours.origin, 'a page must be able to read a refusal');
    assert.match(answer.headers['access-control-expose-headers'], /Retry-After/);
    for (const origin of ['https://evil.example.org', 'null', 'https://chat.example.org.evil.org', 'http://chat.example.org']) {
        const other = await ask('OPTIONS', { origin, 'access-control-request-method': 'POST' });
        assert.equal(other.headers['access-control-allow-origin'], undefined, origin);
    }
    assert.equal(answer.headers.vary, 'Origin');
});

test('request ids: one\'s own when it is one, else the worker\'s', async () => {
    const ask = async (id) => (await shared.site.api().get('/healthz', { headers: id === undefined ? {} : { 'x-request-id': id } }))
        .headers['x-request-id'];
    assert.equal(await ask('my-id_1.2'), 'my-id_1.2');
    const made = [await ask(), await ask('two words'), await ask('x'.repeat(200)), await ask('a"b')];
    assert.equal(new Set(made).size, 4);
    for (const id of made)
        assert.match(id, /^[A-Za-z0-9._-]{5,64}$/);
});
