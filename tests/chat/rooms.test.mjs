import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { refused, roomTarget, useSite } from './site.mjs';

let alice, bob, carol;
const shared = useSite({}, async () => {
    [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map((word) => shared.person(word)));
});

async function makeRoom(extra = {}) {
    const id = shared.name('room');
    await alice.api(0).must(201, 'POST', '/v1/rooms', { id, ...extra });
    return id;
}

const listed = async (account, room) => (await account.api(1).must(200, 'GET', `/v1/rooms?q=${room}`)).items
    .some((item) => item.id === room);
const conversations = async (account) => (await account.api(1).must(200, 'GET', '/v1/conversations?limit=200')).items
    .map((item) => item.target);

test('a room as its maker makes it and others see it', async () => {
    const id = shared.name('room');
    const made = await alice.api(0).must(201, 'POST', '/v1/rooms', { id, description: 'On tea', topic: 'oolong' });
    const { created, ...rest } = made;
    assert.deepEqual(rest, { id, description: 'On tea', topic: 'oolong', visibility: 'public', created_by: alice.user,
        members: 1, role: 'owner' });
    assert.ok(Math.abs(Date.parse(created) - Date.now()) < 60000);
    assert.deepEqual(await bob.api(1).must(200, 'GET', `/v1/rooms/${id}`), { ...made, role: null });
    refused(await bob.api(1).post('/v1/rooms', { id }), 409, 'conflict');
    assert.ok(!(await conversations(bob)).includes(roomTarget(id)));
    refused(await bob.api(1).post('/v1/rooms', { id: 'No Room' }), 400, 'bad_request', /^id: /);
    refused(await bob.api(1).post('/v1/rooms', { id: 'x', visibility: 'hidden' }), 400, 'bad_request', /^visibility: /);
});

test('the directory is by name, by prefix and in pages', async () => {
    const stem = shared.name('dir');
    const ids = ['c', 'a', 'd', 'b', 'e'].map((end) => `${stem}-${end}`);
    await Promise.all(ids.map((id) => alice.api().must(201, 'POST', '/v1/rooms', { id })));
    await alice.api().must(201, 'POST', '/v1/rooms', { id: `${stem}-ba`, visibility: 'private' });
    const all = await bob.api(1).must(200, 'GET', `/v1/rooms?q=${stem}`);
    assert.deepEqual([all.items.map((r) => r.id), all.next], [[...ids].sort(), null]);
    const seen = [];
    let cursor = '';
    for (let pages = 0; cursor !== null; pages++) {
        assert.ok(pages < 4);
        const page = await bob.api(1).must(200, 'GET', `/v1/rooms?q=${stem}&limit=2&cursor=${cursor}`);
        assert.ok(page.items.length <= 2);
        seen.push(...page.items.map((r) => r.id));
        cursor = page.next;
    }
    assert.deepEqual(seen, [...ids].sort());
    refused(await bob.api().get('/v1/rooms?limit=201'), 400, 'bad_request', /^limit: /);
    refused(await bob.api().get('/v1/rooms?cursor=%21%21'), 400, 'bad_request', /^cursor: /);
});

test('a private room does not exist for outsiders', async () => {
    const id = await makeRoom({ visibility: 'private' });
    const api = bob.api(1);
    refused(await api.get(`/v1/rooms/${id}`), 404, 'not_found');
    refused(await api.get(`/v1/rooms/${id}/members`), 404, 'not_found');
    refused(await api.get(`/v1/rooms/${id}/messages`), 404, 'not_found');
    refused(await api.post(`/v1/rooms/${id}/messages`, { text: 'hi' }), 404, 'not_found');
    refused(await api.put(`/v1/rooms/${id}/members/${bob.user}`), 404, 'not_found');
    refused(await api.put(`/v1/rooms/${id}/members/${carol.user}`), 404, 'not_found');
    refused(await api.delete(`/v1/rooms/${id}/members/${alice.user}`), 404, 'not_found');
    refused(await api.delete(`/v1/rooms/${id}`), 404, 'not_found');
    refused(await api.patch(`/v1/rooms/${id}`, { topic: 'x' }), 404, 'not_found');
    assert.ok(!await listed(bob, id));
    await eventually(async () => !(await shared.site.redis.command('ZRANGE', `wcc:user:{${bob.user}}:rooms`, 0, -1))
        .includes(`room/${id}`), { what: 'the index to be clean again' });
});

test('joining and leaving', async () => {
    const id = await makeRoom();
    const path = `/v1/rooms/${id}/members/${bob.user}`;
    assert.deepEqual(await bob.api(1).must(201, 'PUT', path), { user: bob.user, role: 'member', room: id });
    await bob.api(0).must(200, 'PUT', path);
    assert.ok((await conversations(bob)).includes(roomTarget(id)));
    assert.equal((await bob.api(1).delete(path)).status, 204);
    refused(await bob.api(1).delete(path), 403, 'not_a_member');
    assert.ok(!(await conversations(bob)).includes(roomTarget(id)));
    const types = 'types=userjoined,userleft';
    const { items } = await alice.api().must(200, 'GET', `/v1/rooms/${id}/messages?${types}`);
    assert.deepEqual(items.map((e) => [e.type, e.user, e.by]),
        [['userjoined', bob.user, bob.user], ['userleft', bob.user, bob.user]]);
});

test('whoever joins and leaves at once in a hurry is in the list exactly when a member', async () => {
    const id = await makeRoom();
    const path = `/v1/rooms/${id}/members/${bob.user}`;
    for (let round = 0; round < 10; round++) {
        await Promise.all([0, 1, 0, 1, 0, 1].map((worker, i) => bob.api(worker).request(i % 2 ? 'PUT' : 'DELETE', path)));
        const { role } = await bob.api(0).must(200, 'GET', `/v1/rooms/${id}`);
        await eventually(async () => (await conversations(bob)).includes(roomTarget(id)) === (role !== null),
            { what: 'the list to agree' });
    }
});

test('a member invites; an outsider does not', async () => {
    const id = await makeRoom({ visibility: 'private' });
    const member = (user) => `/v1/rooms/${id}/members/${user}`;
    const invited = await alice.api(0).must(201, 'PUT', member(bob.user));
    assert.deepEqual(invited, { user: bob.user, role: 'member', room: id });
    assert.equal((await alice.api(1).must(200, 'PUT', member(alice.user))).role, 'owner');
    await bob.api(1).must(201, 'PUT', member(carol.user));
    refused(await bob.api(1).put(member('nobody-here')), 404, 'not_found');
    refused(await bob.api(1).put(member(carol.user), { role: 'owner' }), 403, 'forbidden');
    const open = await makeRoom();
    refused(await bob.api(1).put(`/v1/rooms/${open}/members/${carol.user}`), 403, 'not_a_member');
    const { items } = await alice.api().must(200, 'GET', `/v1/rooms/${id}/members`);
    assert.deepEqual(items.map((m) => [m.user, m.role]).sort(),
        [[alice.user, 'owner'], [bob.user, 'member'], [carol.user, 'member']].sort());
});

test('members in pages', async () => {
    const id = await makeRoom();
    for (const account of [bob, carol])
        await account.api().must(201, 'PUT', `/v1/rooms/${id}/members/${account.user}`);
    const first = await bob.api(1).must(200, 'GET', `/v1/rooms/${id}/members?limit=2`);
    const second = await bob.api(1).must(200, 'GET', `/v1/rooms/${id}/members?limit=2&cursor=${first.next}`);
    assert.deepEqual([...first.items, ...second.items].map((m) => m.user), [alice, bob, carol].map((a) => a.user).sort());
    assert.equal(second.next, null);
    assert.deepEqual([first.items[0].status, first.items[0].channels], ['offline', []]);
});

test('the owner kicks; a member does not', async () => {
    const id = await makeRoom();
    const member = (user) => `/v1/rooms/${id}/members/${user}`;
    for (const account of [bob, carol])
        await account.api().must(201, 'PUT', member(account.user));
    refused(await bob.api().delete(member(carol.user)), 403, 'forbidden');
    refused(await bob.api().delete(member(alice.user)), 403, 'forbidden');
    const kick = await alice.api(0).request('DELETE', member(bob.user), { body: { reason: 'enough' } });
    assert.equal(kick.status, 204, kick.text);
    refused(await alice.api(1).delete(member(bob.user)), 404, 'not_found');
    refused(await bob.api(1).post(`/v1/rooms/${id}/messages`, { text: 'hi' }), 403, 'not_a_member');
    const { items } = await alice.api().must(200, 'GET', `/v1/rooms/${id}/messages?types=userleft`);
    assert.deepEqual(items.map((e) => [e.user, e.by, e.reason]), [[bob.user, alice.user, 'enough']]);
});

test('changing a room', async () => {
    const id = await makeRoom();
    await bob.api().must(201, 'PUT', `/v1/rooms/${id}/members/${bob.user}`);
    const path = `/v1/rooms/${id}`;
    const changed = await alice.api(0).must(200, 'PATCH', path, { topic: 'new', description: 'too', retention_days: 3,
        retention_messages: 5000 });
    assert.deepEqual([changed.topic, changed.description], ['new', 'too']);
    const hash = await shared.site.redis.hash(`wcc:room:{${id}}`);
    assert.deepEqual([hash.retention_ms, hash.retention_messages], ['259200000', '5000']);
    refused(await bob.api().patch(path, { topic: 'mine' }), 403, 'forbidden');
    refused(await carol.api().patch(path, { topic: 'mine' }), 403, 'not_a_member');
    refused(await alice.api().patch(path, {}), 400, 'bad_request');
    refused(await alice.api().patch(path, { topic: 'two\nlines' }), 400, 'bad_text');
    refused(await alice.api().patch(path, { retention_days: -1 }), 400, 'bad_request');
    refused(await alice.api().patch(path, { retention_days: '3' }), 400, 'bad_request');
});

test('public and private: the directory follows', async () => {
    const id = await makeRoom();
    const path = `/v1/rooms/${id}`;
    assert.ok(await listed(bob, id));
    await alice.api().must(200, 'PATCH', path, { visibility: 'private' });
    assert.ok(!await listed(bob, id));
    refused(await bob.api(1).get(path), 404, 'not_found');
    await eventually(async () => await shared.site.redis.command('ZSCORE', 'wcc:rooms', id) === null);
    await shared.site.redis.command('ZADD', 'wcc:rooms', 0, id, 0, `${id}-never-made`);
    assert.ok(!await listed(alice, id), 'the directory may name more than it shows');
    await shared.site.redis.command('ZREM', 'wcc:rooms', id);
    await alice.api().must(200, 'PATCH', path, { visibility: 'public' });
    assert.ok(await listed(bob, id));
});

test('a deleted room is gone for everybody, and can be made again by another', async () => {
    const id = await makeRoom();
    await bob.api().must(201, 'PUT', `/v1/rooms/${id}/members/${bob.user}`);
    refused(await bob.api().delete(`/v1/rooms/${id}`), 403, 'forbidden');
    assert.equal((await alice.api(0).delete(`/v1/rooms/${id}`)).status, 204);
    refused(await alice.api(1).get(`/v1/rooms/${id}`), 404, 'not_found');
    assert.ok(!await listed(bob, id));
    assert.ok(!(await conversations(bob)).includes(roomTarget(id)));
    for (const account of [alice, bob])
        await eventually(async () => !(await shared.site.redis.command('ZRANGE', `wcc:user:{${account.user}}:rooms`, 0, -1))
            .includes(`room/${id}`), { what: 'the indexes to be clean' });
    await bob.api(1).must(201, 'POST', '/v1/rooms', { id });
    assert.equal((await alice.api().must(200, 'GET', `/v1/rooms/${id}`)).role, null);
    assert.ok(await listed(alice, id));
});

test('general stays', async () => {
    const path = '/v1/rooms/general';
    refused(await alice.api().delete(path), 403, 'forbidden', /everybody/);
    refused(await alice.api().delete(`${path}/members/${alice.user}`), 403, 'forbidden', /everybody/);
    refused(await alice.api().delete(`${path}/members/${bob.user}`), 403, 'forbidden', /everybody/);
    await alice.api().must(200, 'PUT', `${path}/members/${bob.user}`);
});

test('a site administrator stands above owners, but reads no direct conversation', async () => {
    const admin = await shared.person('admin');
    await shared.site.redis.script('account_state', [`wcc:user:{${admin.user}}`], ['admin']);
    const id = await makeRoom({ visibility: 'private' });
    await eventually(async () => (await admin.api(1).get(`/v1/rooms/${id}`)).status === 200);
    await alice.api().must(201, 'POST', `/v1/users/${bob.user}/messages`, { text: 'between us' });
    assert.equal((await admin.api(1).must(200, 'GET', `/v1/users/${bob.user}/messages`)).items.length, 0);
    refused(await admin.api().patch('/v1/rooms/general', { visibility: 'private' }), 403, 'forbidden');
    assert.equal((await admin.api(1).delete(`/v1/rooms/${id}`)).status, 204);
});

test('index entries without a membership are dropped where they are seen', async () => {
    const key = `wcc:user:{${carol.user}}:rooms`;
    const id = await makeRoom();
    const stale = [['old', 100000], ['young', 0]].map(([word, age]) => [`room/${id}-${word}`, Date.now() - age]);
    for (const [name, since] of stale)
        await shared.site.redis.command('ZADD', key, since, name);
    assert.ok(!(await conversations(carol)).some((target) => target.includes(id)));
    await eventually(async () => await shared.site.redis.command('ZSCORE', key, stale[0][0]) === null);
    assert.ok(await shared.site.redis.command('ZSCORE', key, stale[1][0]), 'a young one may be a join under way');
});

test('a list of many more conversations than are asked about at once', async () => {
    const dora = await shared.person('dora');
    const key = `wcc:user:{${dora.user}}:rooms`;
    const id = await makeRoom();
    await dora.api().must(201, 'PUT', `/v1/rooms/${id}/members/${dora.user}`);
    const stale = Array.from({ length: 900 }, (_, i) => [Date.now() - 30000, `room/${id}-${i}`]);
    await shared.site.redis.command('ZADD', key, ...stale.flat());
    assert.deepEqual(await conversations(dora), [roomTarget(id), roomTarget('general')]);
});

test('who is refused takes nothing out of an index or the directory, not for a moment', async () => {
    const [id, secret] = [await makeRoom(), await makeRoom({ visibility: 'private' })];
    const { redis } = shared.site;
    await redis.command('CONFIG', 'SET', 'notify-keyspace-events', 'Kz');
    const ears = await redis.client();
    const heard = [];
    for (const key of [`wcc:user:{${alice.user}}:rooms`, 'wcc:rooms'])
        await ears.subscribe(`__keyspace@0__:${key}`, (event) => heard.push([key, event]));
    refused(await bob.api().put(`/v1/rooms/${secret}/members/${alice.user}`), 404, 'not_found');
    refused(await alice.api().post('/v1/rooms', { id }), 409, 'conflict');
    refused(await bob.api().patch(`/v1/rooms/${id}`, { visibility: 'public' }), 403, 'not_a_member');
    await alice.api().must(204, 'DELETE', `/v1/rooms/${secret}`);
    const removed = () => heard.filter(([, event]) => event === 'zrem');
    await eventually(() => removed().length > 0, { what: 'the room that was deleted to go' });
    assert.deepEqual(removed(), [[`wcc:user:{${alice.user}}:rooms`, 'zrem']]);
});
