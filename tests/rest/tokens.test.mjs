// Access tokens that are none: each is refused with 401, on every worker, and the right one goes on.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { test } from 'node:test';

import { refused, useSite } from '../chat/site.mjs';

const shared = useSite();
const encode = (part) => Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());

function signed(header, claims, key) {
    const text = `${encode(header)}.${encode(claims)}`;
    const signature = crypto.sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
}

test('jwks.json verifies a token, and nothing else is in it', async () => {
    const alice = await shared.person('alice');
    const answer = await shared.site.api(1).get('/.well-known/jwks.json');
    assert.equal(answer.status, 200);
    assert.match(answer.headers['cache-control'], /max-age=\d+/);
    const [head, claims, signature] = alice.token.split('.');
    const jwk = answer.body.keys.find(({ kid }) => kid === decode(head).kid);
    assert.deepEqual(Object.keys(jwk).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    const key = crypto.createPublicKey({ key: jwk, format: 'jwk' });
    const text = Buffer.from(`${head}.${claims}`);
    assert.ok(crypto.verify('sha256', text, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url')));
    assert.equal(decode(head).alg, 'ES256');
    assert.equal(decode(claims).sub, alice.user);
    assert.equal(decode(claims).exp - decode(claims).iat, 900);
});

test('forged, expired and misdirected tokens', async () => {
    const alice = await shared.person('alice');
    const [head, claims, signature] = alice.token.split('.');
    const [header, body] = [decode(head), decode(claims)];
    const now = Math.floor(Date.now() / 1000);
    const ours = crypto.createPrivateKey(fs.readFileSync(shared.site.key));
    const theirs = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey;
    const { keys } = (await shared.site.api().get('/.well-known/jwks.json')).body;
    const pem = crypto.createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const hs256 = (secret) => {
        const text = `${encode({ ...header, alg: 'HS256' })}.${claims}`;
        return `${text}.${crypto.createHmac('sha256', secret).update(text).digest('base64url')}`;
    };
    assert.equal((await shared.site.api(1, signed(header, body, ours)).get('/v1/users/me')).status, 200, 'the test signs wrongly');
    const without = (name) => Object.fromEntries(Object.entries(body).filter(([key]) => key !== name));
    const bad = {
        'signed by another key': signed(header, body, theirs),
        'of another user, the signature kept': `${head}.${encode({ ...body, sub: 'bob' })}.${signature}`,
        'alg none': `${encode({ ...header, alg: 'none' })}.${claims}.`,
        'alg none, the signature kept': `${encode({ ...header, alg: 'none' })}.${claims}.${signature}`,
        'alg None': `${encode({ ...header, alg: 'None' })}.${claims}.`,
        'HS256 with the public key as the secret': hs256(pem),
        'HS256 with an empty secret': hs256(''),
        'without a signature': `${head}.${claims}.`,
        'half a signature': `${head}.${claims}.${signature.slice(0, 43)}`,
        'all zeros for a signature': `${head}.${claims}.${'A'.repeat(86)}`,
        expired: signed(header, { ...body, iat: now - 2000, exp: now - 1100 }, ours),
        'of tomorrow': signed(header, { ...body, iat: now + 86400, nbf: now + 86400, exp: now + 87300 }, ours),
        'that never expires': signed(header, without('exp'), ours),
        'without a user': signed(header, without('sub'), ours),
        'of another issuer': signed(header, { ...body, iss: 'https://elsewhere' }, ours),
        'for another audience': signed(header, { ...body, aud: 'elsewhere' }, ours),
        'of an unknown key': signed({ ...header, kid: 'unknown' }, body, ours),
        'of an unknown key, signed by it': signed({ ...header, kid: 'unknown' }, body, theirs),
        'exp as text': signed(header, { ...body, exp: 'never' }, ours),
        'of somebody who is not there': signed(header, { ...body, sub: 'nobody-at-all' }, ours),
        'with claims that are no JSON': `${head}.${encode('hello')}.${signature}`,
        'two parts': `${head}.${claims}`,
        'four parts': `${alice.token}.x`,
        'not base64': `${head}.****.${signature}`,
        'a word': 'token',
        'very long': 'x'.repeat(6000),
    };
    for (const [what, token] of Object.entries(bad)) {
        for (const worker of [0, 1]) {
            const answer = await shared.site.api(worker, token).get('/v1/users/me');
            assert.equal(answer.status, 401, `${what}: ${answer.text}`);
            refused(answer, 401, 'unauthenticated');
            assert.match(answer.headers['www-authenticate'], /^Bearer/);
        }
    }
    assert.equal((await alice.api(0).get('/v1/users/me')).status, 200);
});

test('the Authorization header itself', async () => {
    const alice = await shared.person('alice');
    const ask = (authorization) => shared.site.api().get('/v1/users/me', { headers: authorization === null ? {} : { authorization } });
    for (const value of [null, 'Bearer', 'Bearer ', `Basic ${alice.token}`, alice.token, `Bearer ${alice.token} x`, 'Bearer \u00ff'])
        refused(await ask(value), 401, 'unauthenticated');
    assert.equal((await ask(`bearer ${alice.token}`)).status, 200, 'the scheme is case-insensitive (RFC 9110 section 11.1)');
});
