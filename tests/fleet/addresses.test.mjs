// Whose word on a client's address a worker takes: that of trusted proxies alone, and of it the last hop alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { request } from '../lib/http.mjs';
import { startSite } from '../lib/site.mjs';

const PROXY = '127.0.0.2', OTHER = '127.0.0.3';
let site;

before(async () => {
    site = await startSite({ args: ['--http-trusted', PROXY] });
    await site.register('alice');
});
after(() => site.stop());

/** The address that a failed login from `from` with these headers is held against; of IPv6 the /64. */
async function heldAgainst(from, headers) {
    const body = { user: 'nobody', password: 'not the password' };
    assert.equal((await request('POST', `${site.workers[0].httpUrl}/v1/auth/token`, { body, headers, from, keepAlive: false })).status, 401);
    const keys = await site.redis.command('KEYS', 'wcc:login:{a:*}');
    assert.equal(keys.length, 1, keys.join());
    await site.redis.command('DEL', ...await site.redis.command('KEYS', 'wcc:login:*'));
    return /\{a:(.*)\}/.exec(keys[0])[1];
}

const HEADERS = [
    [{ 'x-forwarded-for': '192.0.2.7' }, '192.0.2.7'],
    [{ 'x-forwarded-for': '192.0.2.66, 192.0.2.7' }, '192.0.2.7'],
    [{ 'x-forwarded-for': '192.0.2.7:4711' }, '192.0.2.7'],
    [{ 'x-forwarded-for': '2001:db8:0:7::7' }, '2001:db8:0:7::'],
    [{ forwarded: 'for=192.0.2.8' }, '192.0.2.8'],
    [{ forwarded: 'for=192.0.2.66, for=192.0.2.8;proto=https;by=192.0.2.1' }, '192.0.2.8'],
    [{ forwarded: 'proto=https;For="[2001:db8:0:8::8]:4711"' }, '2001:db8:0:8::'],
    [{ forwarded: 'for=192.0.2.8', 'x-forwarded-for': '192.0.2.7' }, '192.0.2.7'],
    [{ forwarded: 'for=unknown' }, PROXY],
    [{ forwarded: 'for="_hidden"' }, PROXY],
    [{ 'x-forwarded-for': '192.0.2.7.7' }, PROXY],
    [{ 'x-forwarded-for': '' }, PROXY],
    [{}, PROXY],
];

test('a trusted proxy says who asks, in X-Forwarded-For or Forwarded', async () => {
    for (const [headers, address] of HEADERS)
        assert.equal(await heldAgainst(PROXY, headers), address, JSON.stringify(headers));
});

test('nobody else does', async () => {
    for (const [headers] of HEADERS)
        assert.equal(await heldAgainst(OTHER, headers), OTHER, JSON.stringify(headers));
});
