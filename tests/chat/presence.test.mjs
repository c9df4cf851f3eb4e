import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { startSite } from '../lib/site.mjs';
import { refused, useSite } from './site.mjs';

const shared = useSite({ args: ['--grace', '100ms'] });
const online = async (account, worker = 1) => (await account.api(worker).must(200, 'GET', '/v1/presence?limit=200')).items;
const of = (account, user, worker = 1) => account.api(worker).get(`/v1/presence/${user}`);

test('who has a session is online, with its channel, for a worker that does not hold it', async () => {
    const [alice, bob] = [await shared.person('alice'), await shared.person('bob')];
    const before = await of(bob, alice.user);
    assert.deepEqual(before.body, { user: alice.user, status: 'offline', channels: [], last_seen_mins: null });
    const telnet = await shared.site.telnet(alice, 0);
    await eventually(async () => (await of(bob, alice.user)).body.status === 'online');
    assert.deepEqual((await of(bob, alice.user)).body,
        { user: alice.user, status: 'online', channels: ['telnet'], last_seen_mins: 0 });
    await eventually(async () => (await online(bob)).some((p) => p.user === alice.user));
    assert.ok(!(await online(bob)).some((p) => p.user === bob.user));
    const members = (await bob.api(1).must(200, 'GET', '/v1/rooms/general/members?limit=200')).items;
    assert.deepEqual(members.find((m) => m.user === alice.user),
        { user: alice.user, role: 'member', status: 'online', channels: ['telnet'] });
    telnet.close();
    await eventually(async () => (await of(bob, alice.user)).body.status === 'offline');
    assert.equal((await of(bob, alice.user)).body.last_seen_mins, 0);
    refused(await of(bob, 'nobody-here'), 404, 'not_found');
});

test('what one says of oneself', async () => {
    const [alice, bob] = [await shared.person('alice'), await shared.person('bob')];
    await shared.site.telnet(alice, 0);
    const set = (body) => alice.api(1).put('/v1/presence', body);
    assert.equal((await set({ status: 'away', text: 'lunch' })).status, 200);
    await eventually(async () => (await of(bob, alice.user)).body.status === 'away');
    assert.equal((await of(bob, alice.user)).body.text, 'lunch');
    await set({ text: 'dinner' });
    assert.deepEqual([(await of(bob, alice.user)).body.status, (await of(bob, alice.user)).body.text], ['away', 'dinner']);
    await set({ status: 'dnd' });
    assert.deepEqual([(await of(bob, alice.user)).body.status, (await of(bob, alice.user)).body.text], ['dnd', undefined]);
    await set({ status: 'offline' });
    const hidden = (await of(bob, alice.user)).body;
    assert.deepEqual([hidden.status, hidden.channels, hidden.last_seen_mins], ['offline', [], 0]);
    assert.ok(!(await online(bob)).some((p) => p.user === alice.user));
    assert.deepEqual((await of(alice, alice.user)).body.channels, ['telnet'], 'one sees oneself');
    refused(await set({ status: 'asleep' }), 400, 'bad_request', /^status: /);
    refused(await set({}), 400, 'bad_request');
    refused(await set({ status: 'away', text: 'two\nlines' }), 400, 'bad_text');
});

test('sessions of connections: listed, and ended from another worker', async () => {
    const alice = await shared.person('alice');
    const telnet = await shared.site.telnet(alice, 0);
    const list = async () => (await alice.api(1).must(200, 'GET', '/v1/users/me/sessions')).items
        .filter((s) => s.kind === 'connection');
    await eventually(async () => (await list()).length === 1);
    const [session] = await list();
    assert.match(session.id, /^[^/]+\/telnet\/\d+$/);
    assert.equal(session.channel, 'telnet');
    const ended = await alice.api(1).delete(`/v1/users/me/sessions/${encodeURIComponent(session.id)}`);
    assert.equal(ended.status, 204, ended.text);
    await eventually(() => telnet.closed);
    await eventually(async () => (await list()).length === 0);
});

test('without a general room, only those who share a conversation see one another', async (t) => {
    const site = await startSite({ workers: 2, args: ['--general='] });
    t.after(() => site.stop());
    const [alice, bob, carol, dora] = await Promise.all(['alice', 'bob', 'carol', 'dora'].map((name) => site.register(name)));
    await alice.api().must(201, 'POST', '/v1/rooms', { id: 'tea', visibility: 'private' });
    await alice.api().must(201, 'PUT', '/v1/rooms/tea/members/bob');
    await alice.api().must(201, 'POST', '/v1/users/carol/messages', { text: 'hi' });
    for (const account of [alice, bob, carol, dora])
        await site.telnet(account, 0);
    const seen = async (account) => (await online(account)).map((p) => p.user);
    await eventually(async () => (await seen(alice)).length === 3);
    assert.deepEqual(await seen(alice), ['alice', 'bob', 'carol']);
    assert.deepEqual(await seen(bob), ['alice', 'bob']);
    assert.deepEqual(await seen(dora), ['dora']);
    assert.equal((await of(bob, 'alice')).body.status, 'online');
    assert.equal((await of(carol, 'alice')).body.status, 'online');
    refused(await of(bob, 'carol'), 404, 'not_found');
    refused(await of(dora, 'alice'), 404, 'not_found');
    await alice.api().must(201, 'POST', '/v1/rooms', { id: 'open' });
    await site.redis.command('ZADD', 'wcc:user:{dora}:rooms', 1, 'room/tea', 1, 'room/open');
    refused(await of(dora, 'alice'), 404, 'not_found');
    assert.deepEqual(await seen(dora), ['dora'], 'an index entry is no membership');
});
