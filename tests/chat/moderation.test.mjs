// Roles and bans: who may give, lift and see them, and what they do.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { connectWebSocket } from '../lib/websocket.mjs';
import { refused, roomTarget, useSite } from './site.mjs';

let alice, bob, carol, dave;
const shared = useSite({}, async () => {
    [alice, bob, carol, dave] = await Promise.all(['alice', 'bob', 'carol', 'dave'].map((word) => shared.person(word)));
});

/** A room of alice with these members: its path. */
async function makeRoom(members = [], extra = {}) {
    const id = shared.name('room');
    await alice.api(0).must(201, 'POST', '/v1/rooms', { id, ...extra });
    for (const account of members)
        await alice.api(0).must(201, 'PUT', `/v1/rooms/${id}/members/${account.user}`);
    return `/v1/rooms/${id}`;
}

async function listens(account, worker = 1) {
    const ws = await connectWebSocket(`${shared.site.workers[worker].httpUrl}/v1/ws`, { token: account.token });
    await ws.must('session.open');
    return ws;
}

const lastPart = (event) => event.type.split('.').at(-1);
const rolesOf = async (path) => Object.fromEntries((await alice.api(1).must(200, 'GET', `${path}/members`)).items
    .map(({ user, role }) => [user, role]));
const soon = (ms) => new Date(Date.now() + ms).toISOString();

test('an owner gives and takes roles; others do not', async (t) => {
    const path = await makeRoom([bob, carol]);
    const member = (account) => `${path}/members/${account.user}`;
    refused(await bob.api().put(member(carol), { role: 'moderator' }), 403, 'forbidden');
    refused(await bob.api().put(member(bob), { role: 'owner' }), 403, 'forbidden');
    refused(await dave.api().put(member(bob), { role: 'moderator' }), 403, 'not_a_member');
    refused(await alice.api().put(member(bob), { role: 'king' }), 400, 'bad_request', /^role: /);
    const ws = await listens(bob);
    t.after(() => ws.destroy());
    const given = await alice.api(0).must(200, 'PUT', member(bob), { role: 'moderator' });
    assert.deepEqual(given, { user: bob.user, role: 'moderator', room: path.split('/').at(-1) });
    await alice.api(0).must(200, 'PUT', member(bob), { role: 'moderator' });
    await ws.waitFor(() => ws.events.some((event) => lastPart(event) === 'roomupdated'), { what: 'bob to hear of it' });
    const { target, from, user, role } = ws.events.find((event) => lastPart(event) === 'roomupdated').data;
    assert.deepEqual([target, from, user, role], [roomTarget(given.room), alice.user, bob.user, 'moderator']);
    assert.deepEqual(await rolesOf(path), { [alice.user]: 'owner', [bob.user]: 'moderator', [carol.user]: 'member' });

    await bob.api(1).must(200, 'PATCH', path, { topic: 'by a moderator' });
    refused(await bob.api().put(member(carol), { role: 'moderator' }), 403, 'forbidden');
    await alice.api(1).must(200, 'PUT', member(bob), { role: 'member' });
    refused(await bob.api(1).patch(path, { topic: 'no more' }), 403, 'forbidden');
    const { items } = await alice.api().must(200, 'GET', `${path}/messages?types=roomupdated`);
    assert.deepEqual(items.filter((item) => item.role).map((item) => [item.user, item.role]),
        [[bob.user, 'moderator'], [bob.user, 'member']]);
});

test('who is no member is invited with the role, or not at all', async () => {
    const path = await makeRoom([bob]);
    const member = (account) => `${path}/members/${account.user}`;
    refused(await bob.api().put(member(carol), { role: 'moderator' }), 403, 'forbidden');
    assert.deepEqual(Object.keys(await rolesOf(path)).sort(), [alice.user, bob.user].sort());
    assert.equal((await bob.api().must(201, 'PUT', member(carol), { role: 'member' })).role, 'member');
    assert.equal((await dave.api().must(201, 'PUT', member(dave), { role: 'member' })).role, 'member');
    await alice.api().must(204, 'DELETE', member(carol));
    assert.equal((await alice.api().must(201, 'PUT', member(carol), { role: 'owner' })).role, 'owner');
    assert.equal((await rolesOf(path))[carol.user], 'owner');
});

test('a room can be handed over', async () => {
    const path = await makeRoom([bob]);
    await alice.api().must(200, 'PUT', `${path}/members/${bob.user}`, { role: 'owner' });
    await alice.api().must(204, 'DELETE', `${path}/members/${alice.user}`);
    await bob.api(1).must(204, 'DELETE', path);
});

test('room.role is for members', async (t) => {
    const path = await makeRoom([bob]);
    const target = roomTarget(path.split('/').at(-1));
    const ws = await listens(alice);
    t.after(() => ws.destroy());
    assert.equal((await ws.must('room.role', { target, user: bob.user, role: 'moderator' })).role, 'moderator');
    const absent = await ws.request('room.role', { target, user: carol.user, role: 'moderator' });
    assert.equal(absent.error.code, 'not_found');
    assert.equal((await ws.request('room.role', { target: roomTarget('general'), user: bob.user, role: 'owner' })).error.code, 'forbidden');
});

test('a ban removes a member, and keeps them out until it is lifted', async (t) => {
    const path = await makeRoom([bob]);
    const ban = `${path}/bans/${bob.user}`, member = `${path}/members/${bob.user}`;
    const ws = await listens(bob);
    t.after(() => ws.destroy());
    const put = await alice.api(0).must(201, 'PUT', ban, { reason: 'too loud' });
    assert.deepEqual(put, { user: bob.user, by: alice.user, reason: 'too loud', expires: null });
    await ws.waitFor(() => ws.events.some((event) => lastPart(event) === 'userleft'), { what: 'bob to hear of it' });
    const { user, by, reason } = ws.events.find((event) => lastPart(event) === 'userleft').data;
    assert.deepEqual([user, by, reason], [bob.user, alice.user, 'too loud']);
    assert.ok(!(await bob.api(1).must(200, 'GET', '/v1/conversations')).items.some((item) => item.target.endsWith(path)));
    for (const [method, where, body] of [['GET', path], ['GET', `${path}/messages`], ['GET', `${path}/members`],
        ['PUT', member], ['POST', `${path}/messages`, { text: 'hi' }], ['GET', `${path}/bans`]])
        refused(await bob.api(1).request(method, where, { body }), 403, 'banned');
    refused(await alice.api().put(member), 403, 'banned', /this user/);
    const { items, next } = await alice.api(1).must(200, 'GET', `${path}/bans`);
    assert.deepEqual([items, next], [[put], null]);

    const until = soon(3600000);
    assert.deepEqual(await alice.api(1).must(200, 'PUT', ban, { expires: until }), { ...put, reason: '', expires: until });
    await alice.api(1).must(204, 'DELETE', ban);
    refused(await alice.api(0).delete(ban), 404, 'not_found');
    assert.deepEqual((await alice.api().must(200, 'GET', `${path}/bans`)).items, []);
    await bob.api(1).must(201, 'PUT', member);
});

test('a ban ends by itself', async () => {
    const path = await makeRoom([bob]);
    await alice.api().must(201, 'PUT', `${path}/bans/${bob.user}`, { expires: soon(1500) });
    refused(await bob.api(1).put(`${path}/members/${bob.user}`), 403, 'banned');
    await eventually(async () => (await bob.api(1).put(`${path}/members/${bob.user}`)).status === 201, { what: 'the ban to end' });
    assert.deepEqual((await alice.api().must(200, 'GET', `${path}/bans`)).items, []);
    refused(await alice.api().delete(`${path}/bans/${bob.user}`), 404, 'not_found');
});

test('who may ban whom', async () => {
    const path = await makeRoom([bob, carol]);
    const ban = (account) => `${path}/bans/${account.user}`;
    refused(await bob.api().put(ban(carol), {}), 403, 'forbidden');
    refused(await bob.api().get(`${path}/bans`), 403, 'forbidden');
    refused(await bob.api().delete(ban(carol)), 403, 'forbidden');
    refused(await dave.api().put(ban(carol), {}), 403, 'not_a_member');
    await alice.api().must(200, 'PUT', `${path}/members/${bob.user}`, { role: 'moderator' });
    await alice.api().must(200, 'PUT', `${path}/members/${carol.user}`, { role: 'moderator' });
    refused(await bob.api().put(ban(alice), {}), 403, 'forbidden');
    refused(await bob.api().put(ban(carol), {}), 403, 'forbidden');
    refused(await bob.api().put(ban(bob), {}), 400, 'bad_request');
    await bob.api().must(201, 'PUT', ban(dave)); // no member: told by nobody, and kept out
    refused(await dave.api(1).put(`${path}/members/${dave.user}`), 403, 'banned');
    assert.equal((await carol.api(1).must(200, 'GET', `${path}/bans`)).items[0].by, bob.user);
    refused(await alice.api().put(`${path}/bans/nobody-here`, {}), 404, 'not_found');
    refused(await alice.api().put(ban(bob), { expires: soon(-60000) }), 400, 'bad_request', /^expires: /);
    refused(await alice.api().put(ban(bob), { expires: 'tomorrow' }), 400, 'bad_request', /^expires: /);
    refused(await alice.api().put('/v1/rooms/general/bans/bob', {}), 403, 'forbidden', /everybody/);
});

test('bans of a private room do not exist for outsiders', async () => {
    const path = await makeRoom([bob], { visibility: 'private' });
    await alice.api().must(201, 'PUT', `${path}/bans/${bob.user}`, {});
    for (const account of [bob, dave]) {
        refused(await account.api(1).get(`${path}/bans`), 404, 'not_found');
        refused(await account.api(1).put(`${path}/bans/${carol.user}`, {}), 404, 'not_found');
        refused(await account.api(1).delete(`${path}/bans/${bob.user}`), 404, 'not_found');
        refused(await account.api(1).get(path), 404, 'not_found');
    }
});

test('bans in pages, by name', async () => {
    const path = await makeRoom();
    for (const account of [dave, bob, carol])
        await alice.api().must(201, 'PUT', `${path}/bans/${account.user}`, {});
    const first = await alice.api(1).must(200, 'GET', `${path}/bans?limit=2`);
    const second = await alice.api(1).must(200, 'GET', `${path}/bans?limit=2&cursor=${first.next}`);
    assert.deepEqual([...first.items, ...second.items].map((item) => item.user), [bob, carol, dave].map((a) => a.user).sort());
    assert.equal(second.next, null);
});
