import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { PASSWORD } from '../lib/site.mjs';
import { refused, useSite } from './site.mjs';

const shared = useSite();

test('a new account: what it says of itself, and to others on another worker', async () => {
    const user = shared.name('alice');
    const made = await shared.site.api(0).post('/v1/users', { user, password: PASSWORD, display_name: 'Alice ✓' });
    assert.equal(made.status, 201, made.text);
    assert.deepEqual([made.body.user, made.body.display_name], [user, 'Alice ✓']);
    const alice = await shared.site.login(user, { worker: 1 });
    const own = await alice.api(0).must(200, 'GET', '/v1/users/me');
    assert.deepEqual(own, made.body);
    const bob = await shared.person('bob', { worker: 1 });
    const seen = await bob.api(1).must(200, 'GET', `/v1/users/${user}`);
    assert.deepEqual(seen, { user, display_name: 'Alice ✓', created: own.created });
    refused(await bob.api().get('/v1/users/nobody-here'), 404, 'not_found');
});

test('a handle is given out once, whatever worker is asked', async () => {
    const user = shared.name('twin');
    const answers = await Promise.all([0, 1, 0, 1].map((w) =>
        shared.site.api(w).post('/v1/users', { user, password: PASSWORD })));
    assert.deepEqual(answers.map((a) => a.status).sort(), [201, 409, 409, 409]);
});

test('what is wrong with an argument is said before Redis is asked', async () => {
    const api = shared.site.api(0);
    const good = { user: 'zoe', password: PASSWORD };
    const cases = [
        [{ ...good, user: 'Zoe' }, 400, 'bad_request', /^user: /],
        [{ ...good, user: 7 }, 400, 'bad_request', /^user: must be a string/],
        [{ ...good, user: 'z'.repeat(33) }, 400, 'bad_request', /^user: /],
        [{ ...good, password: 'short' }, 400, 'bad_request', /^password: /],
        [{ ...good, password: 'x'.repeat(1025) }, 400, 'bad_request', /^password: /],
        [{ user: 'zoe' }, 400, 'bad_request', /^password: is required/],
        [{ ...good, display_name: 'a\u0007b' }, 400, 'bad_text', /^display_name: /],
        [{ ...good, display_name: 'x'.repeat(257) }, 413, 'too_large', /^display_name: /],
        [{ ...good, admin: true }, 400, 'bad_request', /^admin: /],
    ];
    for (const [body, status, code, detail] of cases)
        refused(await api.post('/v1/users', body), status, code, detail);
    assert.equal(await shared.site.redis.command('EXISTS', 'wcc:user:{zoe}'), 0);
});

test('everybody is in general from registration on', async () => {
    const alice = await shared.person('alice');
    const { body } = await alice.api(1).get('/v1/conversations');
    assert.deepEqual(body.items.map((item) => item.target), ['wcchat://rooms/general']);
    const room = await alice.api(1).must(200, 'GET', '/v1/rooms/general');
    assert.deepEqual([room.role, room.created_by], ['member', null]);
});

test('a display name can be changed', async () => {
    const alice = await shared.person('alice');
    const changed = await alice.api(0).must(200, 'PATCH', '/v1/users/me', { display_name: 'Dr. A' });
    assert.equal(changed.display_name, 'Dr. A');
    assert.equal((await alice.api(1).must(200, 'GET', '/v1/users/me')).display_name, 'Dr. A');
    refused(await alice.api().patch('/v1/users/me', {}), 400, 'bad_request', /display_name: is required/);
});

test('a new password: the old one is over, other logins end on all workers, this one goes on', async () => {
    const alice = await shared.person('alice');
    const other = await shared.site.login(alice.user, { worker: 1 });
    assert.equal((await other.api(1).get('/v1/users/me')).status, 200);
    const change = { password: PASSWORD, new_password: 'another good one' };
    refused(await alice.api().put('/v1/users/me/password', { ...change, password: 'wrong one' }), 403, 'forbidden');
    refused(await alice.api().put('/v1/users/me/password', { ...change, new_password: 'short' }), 400, 'bad_request');
    assert.equal((await alice.api().put('/v1/users/me/password', change)).status, 204);
    await eventually(async () => (await other.api(1).get('/v1/users/me')).status === 401,
        { what: 'the other login to end' });
    assert.equal((await alice.api(0).get('/v1/users/me')).status, 200);
    assert.equal((await alice.api(1).get('/v1/users/me')).status, 200);
    refused(await shared.site.api(1).post('/v1/auth/token', { user: alice.user, password: PASSWORD }),
        401, 'unauthenticated');
    await shared.site.login(alice.user, { password: 'another good one' });
});

test('a deleted account: its token ends, its rooms and peers lose it, its name stays taken', async () => {
    const [alice, bob] = [await shared.person('alice'), await shared.person('bob')];
    const room = shared.name('room');
    await bob.api().must(201, 'POST', '/v1/rooms', { id: room });
    await bob.api().must(201, 'PUT', `/v1/rooms/${room}/members/${alice.user}`);
    await alice.api().must(201, 'POST', `/v1/users/${bob.user}/messages`, { text: 'bye' });
    refused(await alice.api().request('DELETE', '/v1/users/me', { body: { password: 'wrong one' } }), 403, 'forbidden');
    assert.equal((await alice.api().delete('/v1/users/me')).status, 204);
    refused(await alice.api(0).get('/v1/users/me'), 401, 'unauthenticated');
    const members = await bob.api(1).must(200, 'GET', `/v1/rooms/${room}/members`);
    assert.deepEqual(members.items.map((m) => m.user), [bob.user]);
    refused(await bob.api(1).post(`/v1/users/${alice.user}/messages`, { text: 'there?' }), 404, 'not_found');
    const said = await bob.api(1).must(200, 'GET', `/v1/users/${alice.user}/messages`);
    assert.deepEqual(said.items.map((m) => m.text), ['bye']);
    refused(await shared.site.api(1).post('/v1/users', { user: alice.user, password: PASSWORD }), 409, 'conflict');
    refused(await shared.site.api(1).post('/v1/auth/token', { user: alice.user, password: PASSWORD }),
        401, 'unauthenticated');
    assert.equal(await shared.site.redis.command('ZCARD', `wcc:user:{${alice.user}}:rooms`), 0);
});
