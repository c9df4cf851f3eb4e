import assert from 'node:assert/strict';
import { test } from 'node:test';

import { metric } from '../events/watch.mjs';
import { refused, roomTarget, useSite, userTarget } from './site.mjs';

let alice, bob, carol;
const shared = useSite({}, async () => {
    [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map((word) => shared.person(word)));
});

async function makeRoom() {
    const id = shared.name('room');
    await alice.api().must(201, 'POST', '/v1/rooms', { id });
    await bob.api().must(201, 'PUT', `/v1/rooms/${id}/members/${bob.user}`);
    return `/v1/rooms/${id}/messages`;
}

const say = (account, path, text, extra = {}) => account.api().must(201, 'POST', path, { text, ...extra });
const texts = (page) => page.items.map((m) => m.text);

test('a message: the acknowledgement and what another worker reads', async () => {
    const path = await makeRoom();
    const text = 'hé "quoted" \\ \u{1f375}\n\tand more';
    const ack = await alice.api(0).must(201, 'POST', path, { text, client_id: 'c 1' });
    assert.match(ack.id, /^\d+-3$/);
    assert.deepEqual(ack, { id: ack.id, seq: 3, time: new Date(Number(ack.id.split('-')[0])).toISOString(), client_id: 'c 1' });
    const { items, next } = await bob.api(1).must(200, 'GET', path);
    const target = roomTarget(path.split('/')[3]);
    assert.deepEqual(items, [{ id: ack.id, seq: 3, time: ack.time, type: 'messagepublished', target, from: alice.user,
        via: 'rest', text, client_id: 'c 1' }]);
    assert.equal(next, null);
    assert.deepEqual(await bob.api(1).must(200, 'GET', `${path}/${ack.id}`), items[0]);
    refused(await bob.api(1).get(`${path}/1-1`), 404, 'not_found');
    refused(await bob.api(1).get(`${path}/one`), 400, 'bad_request');
});

test('the same client id posts once', async () => {
    const path = await makeRoom();
    const body = { text: 'once', client_id: 'c-1' };
    const answers = await Promise.all([0, 1, 0, 1].map((w) => alice.api(w).post(path, body)));
    assert.deepEqual(answers.map((a) => a.status).sort(), [200, 200, 200, 201]);
    assert.equal(new Set(answers.map((a) => a.body.id)).size, 1);
    refused(await alice.api(1).post(path, { ...body, text: 'twice' }), 409, 'conflict');
    refused(await alice.api(1).post(path, { ...body, action: true }), 409, 'conflict');
    await say(bob, path, 'once', { client_id: 'c-1' });
    await say(alice, path, 'no client id');
    await say(alice, path, 'no client id');
    assert.deepEqual(texts(await alice.api(1).must(200, 'GET', path)), ['once', 'once', 'no client id', 'no client id']);
});

test('what is no text is refused, and does not use up the client id', async () => {
    const path = await makeRoom();
    const bad = [['', 400, 'bad_text'], ['a\u0000b', 400, 'bad_text'], ['a\u001fb', 400, 'bad_text'],
        ['a\u009fb', 400, 'bad_text'], ['x'.repeat(8193), 413, 'too_large']];
    for (const [text, status, code] of bad)
        refused(await alice.api().post(path, { text, client_id: 'c' }), status, code);
    refused(await alice.api().post(path, { client_id: 'c' }), 400, 'bad_request', /^text: /);
    refused(await alice.api().post(path, { text: ['x'] }), 400, 'bad_request', /^text: /);
    refused(await alice.api().post(path, { text: 'x', client_id: 'é' }), 400, 'bad_request', /^client_id: /);
    refused(await alice.api().post(path, { text: 'x', client_id: 'c'.repeat(65) }), 400, 'bad_request', /^client_id: /);
    refused(await alice.api().post(path, { text: 'x', reply_to: 'first' }), 400, 'bad_request', /^reply_to: /);
    refused(await alice.api().post(path, { text: 'x', reply_to: '1-1' }), 400, 'bad_request', /reply_to/);
    await say(alice, path, 'é'.repeat(4096), { client_id: 'c' });
    assert.equal((await alice.api(1).must(200, 'GET', path)).items.length, 1);
});

test('replies, actions and mentions', async () => {
    const path = await makeRoom();
    const first = await say(alice, path, 'first');
    await say(bob, path, `@${alice.user}, and @${carol.user}. @${alice.user} me@${bob.user} @Nobody`,
        { reply_to: first.id, action: true });
    const { items } = await alice.api(1).must(200, 'GET', path);
    assert.deepEqual(items[1].mentions, [alice.user, carol.user]);
    assert.deepEqual([items[1].reply_to, items[1].action], [first.id, true]);
    assert.deepEqual([items[0].mentions, items[0].reply_to, items[0].action], [undefined, undefined, undefined]);
    const list = (await alice.api(1).must(200, 'GET', '/v1/conversations?limit=200')).items;
    assert.equal(list.find((c) => path.includes(c.target.split('/').at(-1))).mentions, 1);
});

test('an outsider may read a public room, not write to it', async () => {
    const path = await makeRoom();
    await say(alice, path, 'hello');
    assert.deepEqual(texts(await carol.api(1).must(200, 'GET', path)), ['hello']);
    refused(await carol.api(1).post(path, { text: 'me too' }), 403, 'not_a_member');
    refused(await carol.api(1).post('/v1/rooms/no-such-room/messages', { text: 'x' }), 404, 'not_found');
});

test('history in both directions, around, and by type', async () => {
    const path = await makeRoom();
    const ids = [];
    for (let i = 0; i < 10; i++)
        ids.push((await say(i % 2 ? alice : bob, path, `${i}`)).id);
    const get = (query) => carol.api(1).must(200, 'GET', `${path}?${query}`);
    const all = [...ids.keys()].map(String);
    const newest = await get('limit=4');
    assert.deepEqual(texts(newest), all.slice(6));
    const older = await get(`limit=4&cursor=${newest.next}`);
    assert.deepEqual(texts(older), all.slice(2, 6));
    const oldest = await get(`limit=4&before=${older.next}`);
    assert.deepEqual([texts(oldest), oldest.next], [all.slice(0, 2), null]);
    const forward = await get(`after=${ids[1]}&limit=4`);
    assert.deepEqual(texts(forward), all.slice(2, 6));
    const rest = await get(`after=${ids[1]}&limit=4&cursor=${forward.next}`);
    assert.deepEqual([texts(rest), rest.next], [all.slice(6), null]);
    assert.deepEqual(texts(await get(`around=${ids[5]}&limit=5`)), all.slice(3, 8));
    assert.deepEqual((await get('types=roomcreated,userjoined')).items.map((e) => e.type), ['roomcreated', 'userjoined']);
    assert.deepEqual((await get(`after=${ids[9]}`)), { items: [], next: null });
    for (const bad of ['limit=0', 'limit=201', 'limit=x', 'before=x', 'types=typing', 'types=', 'cursor=abc', 'frob=1',
        `before=${ids[1]}&after=${ids[2]}`])
        refused(await carol.api(1).get(`${path}?${bad}`), 400, 'bad_request');
});

test('a page that was read before: what is new, removed or no longer readable is seen at once', async () => {
    const path = await makeRoom();
    const room = path.split('/')[3];
    const read = async (account = bob) => {
        const page = await account.api(1).must(200, 'GET', path);
        assert.deepEqual(await account.api(1).must(200, 'GET', path), page, 'read again');
        return texts(page);
    };
    const same = () => metric(shared.site.workers[1], 'wcchat_history_same_total');
    const before = await same();
    assert.deepEqual(await read(), []);
    const first = await say(alice, path, 'first');
    assert.deepEqual(await read(), ['first']);
    assert.deepEqual(await read(carol), ['first'], 'another reader of the same page');
    await say(alice, path, 'second');
    assert.deepEqual(await read(), ['first', 'second']);
    assert.deepEqual(texts(await bob.api(1).must(200, 'GET', `${path}?limit=1`)), ['second']);
    assert.deepEqual(texts(await bob.api(1).must(200, 'GET', `${path}?types=userjoined`)), [undefined]);
    await shared.site.redis.command('XDEL', `wcc:room:{${room}}:log`, first.id);
    assert.deepEqual(await read(), ['second']);
    assert.equal(await same() - before, 6);
    await alice.api().must(200, 'PATCH', `/v1/rooms/${room}`, { visibility: 'private' });
    assert.deepEqual(await read(), ['second']);
    refused(await carol.api(1).get(path), 404, 'not_found');
    await alice.api().must(204, 'DELETE', `/v1/rooms/${room}/members/${bob.user}`);
    refused(await bob.api(1).get(path), 404, 'not_found');
});

test('both sides of a direct conversation read it with their own target', async () => {
    const [dave, erin] = await Promise.all([shared.person('dave'), shared.person('erin')]);
    await say(dave, `/v1/users/${erin.user}/messages`, 'hello');
    for (const [reader, other] of [[dave, erin], [erin, dave], [dave, erin]]) {
        const { items } = await reader.api(1).must(200, 'GET', `/v1/users/${other.user}/messages`);
        assert.deepEqual(items.map((m) => m.target), [userTarget(other.user)]);
    }
});

test('a direct conversation begins with its first message', async () => {
    const [dora, emil] = [await shared.person('dora'), await shared.person('emil')];
    const path = `/v1/users/${emil.user}/messages`;
    assert.deepEqual(await dora.api(1).must(200, 'GET', path), { items: [], next: null });
    await dora.api(0).must(201, 'POST', path, { text: 'psst' });
    await emil.api(1).must(201, 'POST', `/v1/users/${dora.user}/messages`, { text: 'yes?' });
    const seen = async (account, peer) => (await account.api(1).must(200, 'GET', `/v1/users/${peer.user}/messages`)).items
        .map((m) => [m.target, m.from, m.text]);
    assert.deepEqual(await seen(dora, emil),
        [[userTarget(emil.user), dora.user, 'psst'], [userTarget(emil.user), emil.user, 'yes?']]);
    assert.deepEqual((await seen(emil, dora))[0], [userTarget(dora.user), dora.user, 'psst']);
    const pair = [dora.user, emil.user].sort().join(':');
    assert.equal(await shared.site.redis.command('ZCARD', `wcc:dm:{${pair}}:members`), 2);
    for (const [account, peer] of [[dora, emil], [emil, dora]]) {
        const list = (await account.api(1).must(200, 'GET', '/v1/conversations')).items;
        assert.ok(list.some((c) => c.target === userTarget(peer.user)), 'both have it in their lists');
    }
    refused(await dora.api().post('/v1/users/nobody-here/messages', { text: 'x' }), 404, 'not_found');
    refused(await dora.api().get('/v1/users/nobody-here/messages'), 404, 'not_found');
    refused(await dora.api().post(`/v1/users/${dora.user}/messages`, { text: 'x' }), 400, 'bad_request', /oneself/);
});

test('first messages from both sides at once make one conversation', async () => {
    const [dora, emil] = [await shared.person('dora'), await shared.person('emil')];
    const answers = await Promise.all([[dora, emil, 0], [emil, dora, 1], [dora, emil, 1], [emil, dora, 0]].map(
        ([from, to, worker]) => from.api(worker).post(`/v1/users/${to.user}/messages`, { text: 'hi' })));
    assert.deepEqual(answers.map((a) => a.status), [201, 201, 201, 201]);
    assert.deepEqual(answers.map((a) => a.body.seq).sort(), [1, 2, 3, 4]);
});

test('read markers and the list of conversations', async () => {
    const [dora, emil] = [await shared.person('dora'), await shared.person('emil')];
    const id = shared.name('room');
    await dora.api().must(201, 'POST', '/v1/rooms', { id });
    await emil.api().must(201, 'PUT', `/v1/rooms/${id}/members/${emil.user}`);
    const sent = [];
    for (const text of ['1', '2', '3'])
        sent.push(await say(dora, `/v1/rooms/${id}/messages`, text));
    await say(dora, `/v1/users/${emil.user}/messages`, 'psst');
    const list = async (query = '') => emil.api(1).must(200, 'GET', `/v1/conversations?${query}`);
    const { items, next } = await list();
    assert.deepEqual([items.map((c) => [c.target, c.unread]), next], [[[userTarget(dora.user), 1], [roomTarget(id), 3],
        [roomTarget('general'), 0]], null]);
    const room = items[1];
    assert.deepEqual([room.last.text, room.last.id, room.head, room.read], ['3', sent[2].id, sent[2].id, null]);
    assert.equal((await emil.api(0).put(`/v1/rooms/${id}/read`, { id: sent[1].id })).status, 200);
    const after = (await list()).items[1];
    assert.deepEqual([after.unread, after.read], [1, sent[1].id]);
    await emil.api(1).must(200, 'PUT', `/v1/rooms/${id}/read`, { id: sent[0].id });
    assert.equal((await list()).items[1].unread, 1, 'a marker never goes back');
    await say(emil, `/v1/rooms/${id}/messages`, 'mine');
    assert.equal((await list()).items.find((c) => c.target === roomTarget(id)).unread, 0, 'posting reads');
    refused(await carol.api().put(`/v1/rooms/${id}/read`, { id: sent[0].id }), 403, 'not_a_member');
    refused(await emil.api().put(`/v1/rooms/${id}/read`, {}), 400, 'bad_request', /^id: /);
});

test('the list of conversations in pages, the latest first', async () => {
    const dora = await shared.person('dora');
    const ids = [];
    for (let i = 0; i < 5; i++) {
        ids.push(shared.name('room'));
        await dora.api().must(201, 'POST', '/v1/rooms', { id: ids[i] });
    }
    await say(dora, `/v1/rooms/${ids[1]}/messages`, 'latest');
    const seen = [];
    let cursor = '';
    while (cursor !== null) {
        const page = await dora.api(1).must(200, 'GET', `/v1/conversations?limit=2&cursor=${cursor}`);
        seen.push(...page.items.map((c) => c.target));
        assert.ok(seen.length <= 6);
        cursor = page.next;
    }
    assert.equal(seen[0], roomTarget(ids[1]));
    assert.deepEqual([...seen].sort(), ['general', ...ids].map(roomTarget).sort());
});
