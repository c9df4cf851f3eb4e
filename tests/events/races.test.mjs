// Two things at once. A worker that is frozen while others go on makes the order certain: when it wakes it finds
// everything at once, and must put it right.
import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { Wire } from '../lib/cut.mjs';
import { eventually } from '../lib/eventually.mjs';
import { startSite } from '../lib/site.mjs';
import { keepPosting, listen, makeRoom, people, post, roomKey, sawExactly, tap, truth, userKey } from './watch.mjs';

/** What a member is to see of a room: from their own joining on, up to their own leaving, each time. */
async function viewOf(site, room, user) {
    let member = false;
    const view = [];
    for (const { id, fields } of await site.redis.stream(`${roomKey(room)}:log`)) {
        const seq = Number(id.split('-')[1]);
        if (fields.type === 'userjoined' && fields.user === user)
            member = true;
        if (fields.type === 'messagepublished' && member)
            view.push({ seq, from: fields.from, text: fields.text });
        if (fields.type === 'userleft' && fields.user === user)
            member = false;
    }
    return view;
}

/** The seq of the last entry. */
async function headOf(site, room) {
    return Number(await site.redis.command('HGET', roomKey(room), 'seq'));
}

/** Whatever was on its way on this worker when it is called has been shown when it returns. */
async function barrier(alice, ear, text) {
    await post(alice, 'general', text);
    await ear.hears(text);
    await ear.alive();
}

async function stage(t, options = {}) {
    const site = await startSite({ workers: 2, ...options });
    t.after(() => site.stop());
    const cast = await people(site, 'alice', 'bob');
    return { site, ...cast };
}

test('joined on one channel, heard on another worker: nothing after the joining is missing', async (t) => {
    const { site, alice, bob } = await stage(t);
    await makeRoom(alice, 'dev');
    const ear = await listen(site, bob, 1);
    await post(alice, 'dev', 'before bob came');

    // posted before the worker has even heard of the room
    site.workers[1].pause();
    await bob.api(0).must(201, 'PUT', '/v1/rooms/dev/members/bob', {});
    for (let i = 1; i <= 5; i++)
        await post(alice, 'dev', `while frozen ${i}`);
    site.workers[1].resume();
    await ear.hears('while frozen 5');
    await sawExactly(ear, 'dev', await viewOf(site, 'dev', 'bob'));

    // and while posts are in flight, again and again
    let going = true;
    const writing = Promise.all([0, 1].map((worker) => keepPosting(alice, 'dev', () => going, { worker, name: `w${worker}` })));
    for (let i = 0; i < 10; i++) {
        await bob.api(i % 2).must(204, 'DELETE', '/v1/rooms/dev/members/bob');
        await bob.api(i % 2).must(201, 'PUT', '/v1/rooms/dev/members/bob', {});
        const joined = await headOf(site, 'dev');
        await ear.sees((m) => m.place === 'dev' && m.seq > joined, { what: 'something after joining again' });
    }
    going = false;
    await writing;
    await sawExactly(ear, 'dev', await viewOf(site, 'dev', 'bob'));
});

test('kicked while events are queued: nothing after it is shown', async (t) => {
    const { site, alice, bob } = await stage(t);
    await makeRoom(alice, 'dev', { members: [bob] });
    const ear = await listen(site, bob, 1);
    for (const lose of [false, true]) {
        await alice.api(0).must([200, 201], 'PUT', '/v1/rooms/dev/members/bob', {});
        await post(alice, 'dev', `round ${lose}`);
        await ear.hears(`round ${lose}`);
        site.workers[1].pause();
        if (lose)
            await site.redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await post(alice, 'dev', `last ${lose}`);
        await alice.api(0).must(204, 'DELETE', '/v1/rooms/dev/members/bob');
        for (let i = 1; i <= 3; i++)
            await post(alice, 'dev', `secret ${lose} ${i}`);
        site.workers[1].resume();
        await ear.hears(`last ${lose}`);
        await barrier(alice, ear, `after ${lose}`);
        await sawExactly(ear, 'dev', await viewOf(site, 'dev', 'bob'));
        assert.equal(ear.telnet.lines.filter((line) => line.includes('secret')).length, 0);
    }
});

for (const lose of [false, true]) {
    test(`a private room deleted and made again under its name${lose ? ', while the subscription is lost' : ''}`, async (t) => {
        const { site, alice, bob } = await stage(t);
        await makeRoom(alice, 'dev', { visibility: 'private', members: [bob] });
        const ear = await listen(site, bob, 1);
        const owner = await listen(site, alice, 1);
        await post(alice, 'dev', 'old');
        await ear.hears('old');
        const before = (await truth(site, roomKey('dev'))).at(-1).seq;
        const shown = () => ear.telnet.lines.filter((line) => line.startsWith('[dev] ')).length;
        const atFirst = shown();

        site.workers[1].pause();
        if (lose)
            await site.redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await post(alice, 'dev', 'missed');
        await alice.api(0).must(204, 'DELETE', '/v1/rooms/dev');
        await makeRoom(alice, 'dev', { visibility: 'private' });
        const { seq } = await post(alice, 'dev', 'secret');
        assert.equal(seq, before + 4); // missed, roomdeleted, roomcreated, secret
        site.workers[1].resume();

        await barrier(alice, ear, 'all said');
        await owner.hears('secret');
        await owner.alive();
        assert.equal(owner.texts('dev').filter((text) => text === 'secret').length, 1);
        assert.equal(ear.telnet.text.includes('secret'), false);
        // The line that says that the room is gone; the log that had the missed message went with it.
        await ear.telnet.waitFor(() => shown() >= atFirst + (lose ? 1 : 2), { what: 'the deletion to be shown' });
        assert.match(ear.telnet.lines.filter((line) => line.startsWith('[dev] ')).at(-1), /delete/);
        assert.deepEqual(await site.redis.script('attach', [roomKey('dev')], ['bob']), ['not_found']);
        assert.equal((await bob.api(1).get('/v1/rooms/dev')).status, 404);
        await eventually(async () => !(await site.redis.command('ZRANGE', `${userKey('bob')}:rooms`, 0, -1)).includes('room/dev'),
            { what: 'the old membership to leave the index' });
    });
}

test('a first direct message to somebody online on another worker', async (t) => {
    const { site, alice, bob } = await stage(t);
    const ear = await listen(site, bob, 1);
    site.workers[1].pause();
    for (let i = 1; i <= 3; i++)
        await alice.api(0).must(201, 'POST', '/v1/users/bob/messages', { text: `psst ${i}` });
    site.workers[1].resume();
    await ear.hears('psst 3');
    await alice.api(0).must(201, 'POST', '/v1/users/bob/messages', { text: 'psst 4' });
    await ear.hears('psst 4');
    await sawExactly(ear, '@alice', await truth(site, 'wcc:dm:{alice:bob}'));
});

test('left and joined again before the worker heard of either', async (t) => {
    const { site, alice, bob } = await stage(t);
    await makeRoom(alice, 'dev', { members: [bob] });
    const ear = await listen(site, bob, 1);
    for (const lose of [false, true, false, true]) {
        await post(alice, 'dev', 'start');
        await ear.hears('start');
        site.workers[1].pause();
        if (lose)
            await site.redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await post(alice, 'dev', 'still in');
        for (let i = 1; i <= 3; i++) {
            await bob.api(0).must(204, 'DELETE', '/v1/rooms/dev/members/bob');
            await post(alice, 'dev', 'not for bob');
            await bob.api(0).must(201, 'PUT', '/v1/rooms/dev/members/bob', {});
            await post(alice, 'dev', `in again ${i}`);
        }
        site.workers[1].resume();
        await sawExactly(ear, 'dev', await viewOf(site, 'dev', 'bob'));
        assert.equal(ear.texts('dev').includes('not for bob'), false);
    }
});

test('a crash between index and decision hides nothing, and a late decision is heard', async (t) => {
    const { site, alice, bob } = await stage(t);
    await makeRoom(alice, 'dev', { visibility: 'private' });
    await site.redis.script('index_add', [userKey('bob')], ['room/dev']);
    await site.redis.script('index_add', [userKey('bob')], ['room/never-made']);
    const ear = await listen(site, bob, 1); // opens although two entries lead nowhere
    await post(alice, 'dev', 'not yet');
    await post(alice, 'general', 'hello bob');
    await ear.hears('hello bob');
    const { items } = await bob.api(1).must(200, 'GET', '/v1/conversations');
    assert.deepEqual(items.map((item) => item.target), ['wcchat://rooms/general']);

    // the index has it already; another worker comes with the decision
    await site.redis.script('index_add', [userKey('bob')], ['room/dev']);
    const [code] = await site.redis.script('room_join', [roomKey('dev')], ['bob', 'alice', 'rest', '', '']);
    assert.equal(code, 'ok');
    await post(alice, 'dev', 'now');
    await ear.hears('now');
    await sawExactly(ear, 'dev', await viewOf(site, 'dev', 'bob'));
    assert.equal(ear.telnet.text.includes('not yet'), false);
});

test('an account is deleted while it becomes part of a conversation: it is part of none', async (t) => {
    const site = await startSite();
    const wire = await Wire.to(site.redis.port);
    t.after(async () => {
        await site.stop();
        wire.stop();
    });
    await site.addWorker({ redis: `redis://127.0.0.1:${wire.port}` });
    const { alice, bob, carol, dave } = await people(site, 'alice', 'bob', 'carol', 'dave');
    await makeRoom(alice, 'dev', { visibility: 'private' });
    await alice.api(1).must(200, 'GET', '/v1/users/me');
    const noted = async (user) => (await site.redis.command('ZCARD', `${userKey(user)}:rooms`)) === 2;

    wire.cut('toClient');
    const invited = alice.api(1).put('/v1/rooms/dev/members/bob', {});
    await eventually(() => noted('bob'), { what: "the room in bob's index" });
    await bob.api(0).must(204, 'DELETE', '/v1/users/me');
    wire.mend();
    await invited;
    await eventually(async () => (await site.redis.command('ZRANGE', `${roomKey('dev')}:members`, 0, -1)).join() === 'alice',
        { what: 'bob to be no member' });

    wire.cut('toClient');
    const written = alice.api(1).post('/v1/users/carol/messages', { text: 'hi' });
    await eventually(() => { // one answer after the other
        wire.mend();
        wire.cut('toClient');
        return noted('carol');
    }, { what: "the conversation in carol's index" });
    await carol.api(0).must(204, 'DELETE', '/v1/users/me');
    wire.mend();
    await written;
    await eventually(async () => (await site.redis.hash('wcc:dm:{alice:carol}')).closed === '1', { what: 'it to be closed' });

    wire.cut('toClient');
    const login = site.api(1).post('/v1/auth/token', { user: 'dave', password: dave.password });
    await sleep(300); // Redis has said that there is dave
    await dave.api(0).must(204, 'DELETE', '/v1/users/me');
    wire.mend();
    assert.equal((await login).status, 401);
    await eventually(async () => (await site.redis.command('ZRANGE', `${roomKey('general')}:members`, 0, -1)).join() === 'alice',
        { what: 'dave to be no member' });
});

test('two sessions of one user: both hear everything, a mark made on one channel counts on the others', async (t) => {
    const { site, alice, bob } = await stage(t);
    const watch = await tap(site, userKey('bob'), userKey('alice'));
    await makeRoom(alice, 'dev', { members: [bob] });
    const ears = [await listen(site, bob, 0), await listen(site, bob, 1)];
    const posted = [];
    for (let i = 1; i <= 3; i++)
        posted.push(await post(alice, 'dev', `m${i}`));
    for (const ear of ears) {
        await ear.hears('m3');
        await sawExactly(ear, 'dev', await viewOf(site, 'dev', 'bob'));
    }
    const unread = async (worker) => (await bob.api(worker).must(200, 'GET', '/v1/conversations')).items
        .find((item) => item.target === 'wcchat://rooms/dev').unread;
    assert.equal(await unread(0), 3);
    await bob.api(0).must(200, 'PUT', '/v1/rooms/dev/read', { id: posted[1].id });
    assert.equal(await unread(1), 1);
    const read = await eventually(() => watch.of('messageread')[0], { what: 'the mark to be told' });
    assert.equal(read.channel, userKey('bob'));
    assert.equal(read.id, posted[1].id);

    // bob answers from his terminal on worker 1; his other session sees it, his own posts are read
    await ears[1].telnet.ask('/switch dev', 'dev');
    ears[1].telnet.send('typed');
    await ears[0].hears('typed');
    await eventually(async () => await unread(0) === 0, { what: 'posting to move the mark' });

    // written to a session of his: alice is told so, for the message that it was
    const direct = await alice.api(0).must(201, 'POST', '/v1/users/bob/messages', { text: 'there?' });
    const told = await eventually(() => watch.of('messagedelivered').find((e) => e.channel === userKey('alice')),
        { what: 'the receipt' });
    assert.equal(told.from, 'bob');
    assert.equal(told.id, direct.id);
});
