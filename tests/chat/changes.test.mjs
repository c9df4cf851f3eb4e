// What is done to messages after they were posted: edits, deletion, reactions.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { connectWebSocket } from '../lib/websocket.mjs';
import { refused, roomTarget, useSite, userTarget } from './site.mjs';

let alice, bob, carol;
const shared = useSite({}, async () => {
    [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map((word) => shared.person(word)));
});

/** A room of alice and bob: the path of its messages. */
async function makeRoom(extra = {}) {
    const id = shared.name('room');
    await alice.api().must(201, 'POST', '/v1/rooms', { id, ...extra });
    await alice.api().must(201, 'PUT', `/v1/rooms/${id}/members/${bob.user}`);
    return `/v1/rooms/${id}/messages`;
}

const say = (account, path, text, extra = {}) => account.api().must(201, 'POST', path, { text, ...extra });
const texts = (page) => page.items.map((item) => item.text);
const targetOf = (path) => roomTarget(path.split('/')[3]);
const lastPart = (event) => event.type.split('.').at(-1);

async function listens(t, account, args = {}) {
    const ws = await connectWebSocket(`${shared.site.workers[1].httpUrl}/v1/ws`, { token: account.token });
    t.after(() => ws.destroy());
    ws.opened = await ws.must('session.open', args);
    return ws;
}

async function heard(ws, type) {
    await ws.waitFor(() => ws.events.some((event) => lastPart(event) === type), { what: `to hear ${type}` });
    return ws.events.find((event) => lastPart(event) === type);
}

const conversation = async (account, target) => (await account.api(1).must(200, 'GET', '/v1/conversations?limit=200')).items
    .find((item) => item.target === target);

test('an edit is what everybody reads from then on', async (t) => {
    const path = await makeRoom();
    const ws = await listens(t, bob);
    const { id, seq } = await say(alice, path, 'helo', { client_id: 'c-1' });
    const edited = await alice.api(0).must(200, 'PATCH', `${path}/${id}`, { text: `hello @${bob.user}` });
    assert.deepEqual([edited.id, edited.seq, edited.type, edited.text, edited.mentions, edited.client_id],
        [id, seq, 'messagepublished', `hello @${bob.user}`, [bob.user], 'c-1']);
    assert.match(edited.edited, /^\d{4}-.*Z$/);
    const event = await heard(ws, 'messageedited');
    assert.deepEqual(event.data, { target: targetOf(path), seq: seq + 1, from: alice.user, via: 'rest', id,
        text: `hello @${bob.user}`, mentions: [bob.user] });
    assert.deepEqual((await bob.api(1).must(200, 'GET', path)).items, [edited]);
    assert.deepEqual(await bob.api(1).must(200, 'GET', `${path}/${id}`), edited);
    const { unread, mentions, last, head } = await conversation(bob, targetOf(path));
    assert.deepEqual([unread, mentions, last, head], [1, 1, edited, event.id]);

    await alice.api(0).must(200, 'PATCH', `${path}/${id}`, { text: 'hello all' });
    assert.equal((await conversation(bob, targetOf(path))).mentions, 0);
    assert.ok(!('mentions' in (await bob.api(1).must(200, 'GET', `${path}/${id}`))));
    const { items } = await bob.api(1).must(200, 'GET', `${path}?types=messageedited`);
    assert.deepEqual(items.map((item) => [item.message_id, item.text]), [[id, `hello @${bob.user}`], [id, 'hello all']]);
    assert.equal(items[0].id, event.id);
    assert.equal((await alice.api().post(path, { text: 'helo', client_id: 'c-1' })).status, 200);
});

test('the same text once more changes nothing', async () => {
    const path = await makeRoom();
    const { id } = await say(alice, path, 'as it is');
    const before = await conversation(alice, targetOf(path));
    assert.ok(!('edited' in await alice.api().must(200, 'PATCH', `${path}/${id}`, { text: 'as it is' })));
    assert.equal((await conversation(alice, targetOf(path))).head, before.head);
});

test('who may edit what', async () => {
    const path = await makeRoom();
    const { id } = await say(bob, path, 'mine');
    const edit = (account, body = { text: 'yours' }, of = id) => account.api(1).patch(`${path}/${of}`, body);
    refused(await edit(alice), 403, 'forbidden');
    refused(await edit(carol), 403, 'not_a_member');
    refused(await edit(bob, { text: '' }), 400, 'bad_text');
    refused(await edit(bob, { text: 'bell \u0007' }), 400, 'bad_text');
    refused(await edit(bob, {}), 400, 'bad_request', /^text: /);
    refused(await edit(bob, undefined, '1-1'), 404, 'not_found');
    const { items } = await bob.api().must(200, 'GET', `${path}?types=userjoined`);
    refused(await edit(bob, undefined, items[0].id), 404, 'not_found');
    await bob.api().must(204, 'DELETE', `/v1/rooms/${path.split('/')[3]}/members/${bob.user}`);
    refused(await edit(bob), 403, 'not_a_member');
    const hidden = await makeRoom({ visibility: 'private' });
    const secret = await say(alice, hidden, 'secret');
    for (const [method, more, body] of [['PATCH', '', { text: 'x' }], ['DELETE', ''], ['PUT', '/reactions/x'], ['DELETE', '/reactions/x']])
        refused(await carol.api(1).request(method, `${hidden}/${secret.id}${more}`, { body }), 404, 'not_found');
});

test('a deleted message is gone, and its edits', async (t) => {
    const path = await makeRoom();
    const ws = await listens(t, bob);
    const first = await say(alice, path, 'first');
    const { id, seq } = await say(alice, path, `second @${bob.user}`);
    await alice.api().must(200, 'PATCH', `${path}/${id}`, { text: `2nd @${bob.user}` });
    await bob.api().must(200, 'PUT', `${path}/${id}/reactions/x`);
    await alice.api(0).must(204, 'DELETE', `${path}/${id}`);
    const event = await heard(ws, 'messagedeleted');
    assert.deepEqual(event.data, { target: targetOf(path), seq: seq + 3, from: alice.user, via: 'rest', id });
    const types = '?types=messagepublished,messageedited,messagedeleted';
    const { items } = await bob.api(1).must(200, 'GET', path + types);
    assert.deepEqual(items.map((item) => [item.type, item.text ?? item.message_id]), [['messagepublished', 'first'], ['messagedeleted', id]]);
    assert.deepEqual(texts(await bob.api(1).must(200, 'GET', `${path}?around=${id}`)), ['first']);
    assert.deepEqual(texts(await bob.api(1).must(200, 'GET', `${path}?after=${first.id}`)), []);
    const { last, mentions } = await conversation(bob, targetOf(path));
    assert.deepEqual([last.id, mentions], [first.id, 0]);
    for (const [method, more, body] of [['GET', ''], ['PATCH', '', { text: 'x' }], ['DELETE', ''], ['PUT', '/reactions/x']])
        refused(await alice.api(1).request(method, `${path}/${id}${more}`, { body }), 404, 'not_found');
    await alice.api(0).must(204, 'DELETE', `${path}/${first.id}`);
    assert.equal((await conversation(bob, targetOf(path))).last, null);
});

test('pages are full, however many messages were deleted between', async () => {
    const path = await makeRoom();
    const ids = [];
    for (let i = 0; i < 30; i++)
        ids.push((await say(alice, path, `m${i}`)).id);
    for (let i = 0; i < 30; i++) {
        if (i % 5 !== 0)
            await alice.api().must(204, 'DELETE', `${path}/${ids[i]}`);
    }
    const page = await bob.api(1).must(200, 'GET', `${path}?limit=4`);
    assert.deepEqual(texts(page), ['m10', 'm15', 'm20', 'm25']);
    const rest = await bob.api(1).must(200, 'GET', `${path}?limit=4&cursor=${page.next}`);
    assert.deepEqual([texts(rest), rest.next], [['m0', 'm5'], null]);
});

test('who may delete what', async () => {
    const path = await makeRoom();
    const room = path.replace('/messages', '');
    const { id } = await say(alice, path, 'of the owner');
    refused(await bob.api().delete(`${path}/${id}`), 403, 'forbidden');
    refused(await carol.api().delete(`${path}/${id}`), 403, 'not_a_member');
    await alice.api().must(200, 'PUT', `${room}/members/${bob.user}`, { role: 'moderator' });
    await bob.api(1).must(204, 'DELETE', `${path}/${id}`);
    const admin = await shared.person('admin');
    await shared.site.redis.script('account_state', [`wcc:user:{${admin.user}}`], ['admin']);
    const more = await say(bob, path, 'of a moderator');
    const asAdmin = await shared.site.login(admin.user);
    await asAdmin.api(1).must(204, 'DELETE', `${path}/${more.id}`);
    const direct = await say(alice, `/v1/users/${bob.user}/messages`, 'between us');
    refused(await bob.api().delete(`/v1/users/${alice.user}/messages/${direct.id}`), 403, 'forbidden');
});

test('direct messages: each side sees the other as the target', async (t) => {
    const ws = await listens(t, bob);
    const { id } = await say(alice, `/v1/users/${bob.user}/messages`, 'psst');
    await alice.api().must(200, 'PATCH', `/v1/users/${bob.user}/messages/${id}`, { text: 'pst' });
    assert.equal((await heard(ws, 'messageedited')).data.target, userTarget(alice.user));
    await bob.api().must(200, 'PUT', `/v1/users/${alice.user}/messages/${id}/reactions/${encodeURIComponent('👍')}`);
    const [item] = (await alice.api(1).must(200, 'GET', `/v1/users/${bob.user}/messages`)).items.slice(-1);
    assert.deepEqual([item.text, item.reactions], ['pst', [{ reaction: '👍', count: 1, users: [bob.user] }]]);
    await alice.api().must(204, 'DELETE', `/v1/users/${bob.user}/messages/${id}`);
    refused(await bob.api(1).get(`/v1/users/${alice.user}/messages/${id}`), 404, 'not_found');
});

test('reactions are counted, once for each who reacts', async (t) => {
    const path = await makeRoom();
    const ws = await listens(t, bob);
    const { id, seq } = await say(alice, path, 'tea?');
    const of = (reaction) => `${path}/${id}/reactions/${encodeURIComponent(reaction)}`;
    assert.deepEqual(await bob.api(0).must(200, 'PUT', of('👍')), { id, reaction: '👍', count: 1 });
    assert.deepEqual((await heard(ws, 'reactionchanged')).data, { target: targetOf(path), seq: seq + 1, from: bob.user, via: 'rest',
        id, reaction: '👍', added: true, count: 1 });
    assert.equal((await bob.api(1).must(200, 'PUT', of('👍'))).count, 1);
    assert.equal((await alice.api(1).must(200, 'PUT', of('👍'))).count, 2);
    await alice.api(1).must(200, 'PUT', of('no/pe'));
    const { reactions } = await bob.api(1).must(200, 'GET', `${path}/${id}`);
    assert.deepEqual(reactions, [{ reaction: '👍', count: 2, users: [bob.user, alice.user] }, { reaction: 'no/pe', count: 1, users: [alice.user] }]);
    await bob.api(1).must(204, 'DELETE', of('👍'));
    await bob.api(0).must(204, 'DELETE', of('👍'));
    await alice.api(0).must(204, 'DELETE', of('no/pe'));
    const { items: [item] } = await bob.api(1).must(200, 'GET', path);
    assert.deepEqual(item.reactions, [{ reaction: '👍', count: 1, users: [alice.user] }]);
    const { items } = await bob.api(1).must(200, 'GET', `${path}?types=reactionchanged`);
    assert.deepEqual(items.map((one) => [one.message_id, one.reaction, one.added, one.count]), [[id, '👍', true, 1], [id, '👍', true, 2],
        [id, 'no/pe', true, 1], [id, '👍', false, 1], [id, 'no/pe', false, 0]]);
    await alice.api(0).must(204, 'DELETE', of('👍'));
    assert.ok(!('reactions' in await bob.api(1).must(200, 'GET', `${path}/${id}`)));
});

test('what a reaction may be', async () => {
    const path = await makeRoom();
    const { id } = await say(alice, path, 'tea?');
    const react = (account, reaction) => account.api().put(`${path}/${id}/reactions/${encodeURIComponent(reaction)}`);
    refused(await react(alice, 'two words'), 400, 'bad_request', /^reaction: /);
    refused(await react(alice, 'x\u0007'), 400, 'bad_text');
    refused(await react(alice, 'x'.repeat(65)), 413, 'too_large');
    refused(await react(carol, 'x'), 403, 'not_a_member');
    for (let i = 0; i < 20; i++)
        assert.equal((await react(alice, `r${i}`)).status, 200);
    refused(await react(alice, 'r20'), 400, 'bad_request', /20/);
    assert.equal((await react(bob, 'r3')).body.count, 2);
});

test('the request form, and what a session that resumes gets', async (t) => {
    const path = await makeRoom();
    const target = targetOf(path);
    const one = await listens(t, bob);
    const { cursor } = await one.must('session.ping');
    const ws = await listens(t, alice);
    const { id } = await ws.must('message.send', { target, text: 'a' });
    assert.equal((await ws.must('message.edit', { target, message_id: id, text: 'b' })).text, 'b');
    assert.deepEqual(await ws.must('reaction.add', { target, message_id: id, reaction: '+1' }), { id, reaction: '+1', count: 1 });
    assert.equal((await ws.must('reaction.remove', { target, message_id: id, reaction: '+1' })).count, 0);
    assert.equal(await ws.must('message.delete', { target, message_id: id }), null);
    const again = await listens(t, bob, { cursor });
    await heard(again, 'messagedeleted');
    assert.deepEqual(again.events.filter((event) => event.data.target === target).map(lastPart),
        ['messagepublished', 'messageedited', 'reactionchanged', 'reactionchanged', 'messagedeleted']);
});

test('what is left of trimmed messages goes', async () => {
    const path = await makeRoom();
    const key = `wcc:room:{${path.split('/')[3]}}`;
    const count = async () => Number(await shared.site.redis.command('HLEN', `${key}:edits`));
    for (let i = 0; i < 20; i++) {
        const { id } = await say(alice, path, `m${i}`);
        await alice.api().must(200, 'PATCH', `${path}/${id}`, { text: `n${i}` });
    }
    assert.equal(await count(), 20);
    await shared.site.redis.command('XTRIM', `${key}:log`, 'MAXLEN', '=', '0');
    const { id } = await say(alice, path, 'last');
    for (let i = 0; i < 60; i++)
        await alice.api().must(200, 'PATCH', `${path}/${id}`, { text: `last ${i}` });
    assert.ok(await count() < 5, `${await count()}`);
});
