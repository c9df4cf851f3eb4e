// A reader that stops reading costs the worker no more than its queue, and gets everything at its own pace.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { startSite } from '../lib/site.mjs';
import { connectWebSocket } from '../lib/websocket.mjs';
import { isResync, room, session } from '../realtime/people.mjs';
import { flood, listen, makeRoom, makeSlow, metric, people, post, roomKey, sawExactly, settled, truth } from './watch.mjs';

const KEY = roomKey('dev');
const MiB = 1024 * 1024;
const ARGS = ['--session-queue', '32k', '--log-page', '50'];

async function stage(t, options = {}) {
    const site = await startSite({ workers: 2, args: ARGS, ...options });
    t.after(() => site.stop());
    const cast = await people(site, 'alice', 'bob', 'carol');
    await makeRoom(cast.alice, 'dev', { members: [cast.bob, cast.carol] });
    return { site, ...cast, ear: await listen(site, cast.bob, 1) };
}

test('50,000 messages for somebody who does not read them', async (t) => {
    // Freed memory is not to be kept for the sanitizer's sake: what is measured is the worker's own.
    const env = { ASAN_OPTIONS: 'detect_leaks=1:exitcode=99:quarantine_size_mb=1:thread_local_quarantine_size_kb=64' };
    const { site, alice, ear } = await stage(t, { env, args: [] });
    await flood(site, KEY, 'alice', 500, { size: 900 });
    const other = await listen(site, alice, 1);
    const from = (await truth(site, KEY)).length;
    const before = await site.workers[1].memory();
    ear.telnet.pause();
    await flood(site, KEY, 'alice', 50000, { size: 900 });
    const last = await post(alice, 'dev', 'the end');
    await other.hears('the end', { timeout: 60000 });
    const grown = await site.workers[1].memory() - before;
    assert.ok(await metric(site.workers[1], 'wcchat_slow_sessions_total') >= 1);
    assert.ok(grown < 30 * MiB, `the worker grew by ${(grown / MiB).toFixed(1)} MiB`);
    t.diagnostic(`the worker grew by ${(grown / MiB).toFixed(1)} MiB for 45 MB that were not read`);
    ear.telnet.resume();
    await ear.hears('the end', { timeout: 90000 });
    const log = await truth(site, KEY);
    assert.equal(log.at(-1).seq, last.seq);
    await sawExactly(ear, 'dev', log);
    await sawExactly(other, 'dev', log.slice(from));
    assert.equal(await metric(site.workers[1], 'wcchat_resyncs_total'), 0);
});

test('lists for somebody who asks for many at once and does not read them', async (t) => {
    const env = { ASAN_OPTIONS: 'detect_leaks=1:exitcode=99:quarantine_size_mb=1:thread_local_quarantine_size_kb=64' };
    const { site, alice } = await stage(t, { env, args: [] });
    await flood(site, KEY, 'alice', 200, { size: 8000 });
    const ws = await connectWebSocket(`${site.workers[1].httpUrl}/v1/ws`, { token: alice.token });
    t.after(() => ws.destroy());
    const before = await site.workers[1].memory();
    ws.socket.pause();
    const asked = Array.from({ length: 60 }, () => ws.must('message.history', { target: 'wcchat://rooms/dev', limit: 200 }));
    // One after the other, as far as the kernel takes them; then none.
    let done = -1;
    await eventually(async () => {
        const last = done;
        done = await metric(site.workers[1], 'wcchat_calls_total\\{outcome="ok"\\}');
        return done === last && done > 0;
    }, { interval: 1000, timeout: 60000 });
    const grown = await site.workers[1].memory() - before;
    assert.ok(grown < 30 * MiB, `the worker grew by ${(grown / MiB).toFixed(1)} MiB`);
    ws.socket.resume();
    for (const { items } of await Promise.all(asked))
        assert.equal(items.length, 200);
});

test('an entry is really removed in the middle of what a slow reader has yet to read', async (t) => {
    const { site, alice, ear } = await stage(t);
    await makeSlow(site, ear, site.workers[1], KEY, 'alice');
    await flood(site, KEY, 'alice', 100);
    const secrets = [];
    for (let i = 0; i < 3; i++)
        secrets.push(await post(alice, 'dev', `leaked ${i}`)); // three in a row
    await flood(site, KEY, 'alice', 100);
    for (const { id } of secrets)
        assert.deepEqual(await site.redis.script('message_remove', [KEY], [id]), ['ok']);
    // and the very last one
    const end = await post(alice, 'dev', 'leaked too');
    assert.deepEqual(await site.redis.script('message_remove', [KEY], [end.id]), ['ok']);
    ear.telnet.resume();
    await sawExactly(ear, 'dev', await truth(site, KEY));
    await post(alice, 'dev', 'after it');
    await ear.hears('after it');
    await sawExactly(ear, 'dev', await truth(site, KEY));
    assert.equal(ear.telnet.text.includes('leaked'), false);
    assert.equal(await metric(site.workers[1], 'wcchat_resyncs_total'), 0);
    assert.equal(await metric(site.workers[1], 'wcchat_chain_breaks_total'), 0);
});

test('a log trimmed past the place of a slow reader: told once, goes on with what is new', async (t) => {
    const { site, alice, ear } = await stage(t);
    const other = await listen(site, alice, 1);
    await makeSlow(site, ear, site.workers[1], KEY, 'alice', { others: 1 });
    await flood(site, KEY, 'alice', 200);
    const all = await truth(site, KEY);
    await site.redis.command('XTRIM', `${KEY}:log`, 'MAXLEN', '20');
    ear.telnet.resume();
    await eventually(async () => await metric(site.workers[1], 'wcchat_resyncs_total') === 1, { what: 'the session to be told' });
    for (let i = 1; i <= 5; i++)
        await post(alice, 'dev', `new ${i}`);
    await ear.hears('new 5');
    const seen = ear.in('dev');
    const first = seen.findIndex(({ text }) => text.startsWith('new '));
    assert.deepEqual(seen.slice(first).map((m) => m.text), [1, 2, 3, 4, 5].map((i) => `new ${i}`));
    assert.deepEqual(seen.slice(0, first).map((m) => m.seq), all.slice(0, first).map((m) => m.seq));
    assert.ok(first < all.length, 'it was not behind');
    assert.equal(await metric(site.workers[1], 'wcchat_resyncs_total'), 1);
    assert.equal(await metric(site.workers[1], 'wcchat_chain_breaks_total'), 0);
    await sawExactly(other, 'dev', [...all, ...(await truth(site, KEY)).slice(-5)]);
});

test('kicked while catching up: what came before is still read, nothing after', async (t) => {
    const { site, alice, ear } = await stage(t);
    await makeSlow(site, ear, site.workers[1], KEY, 'alice');
    await flood(site, KEY, 'alice', 200);
    const before = await truth(site, KEY);
    await alice.api(0).must(204, 'DELETE', '/v1/rooms/dev/members/bob');
    await flood(site, KEY, 'alice', 200, { name: 'secret' });
    ear.telnet.resume();
    await sawExactly(ear, 'dev', before);
    await post(alice, 'general', 'over');
    await ear.hears('over');
    await ear.alive();
    await sawExactly(ear, 'dev', before);
    assert.equal(ear.telnet.text.includes('secret'), false);
});

test('left and joined again while catching up', async (t) => {
    const { site, alice, bob, ear } = await stage(t);
    await makeSlow(site, ear, site.workers[1], KEY, 'alice');
    await flood(site, KEY, 'alice', 200);
    const before = await truth(site, KEY);
    await bob.api(0).must(204, 'DELETE', '/v1/rooms/dev/members/bob');
    await flood(site, KEY, 'alice', 200, { name: 'not for bob' });
    const away = await truth(site, KEY);
    await bob.api(0).must(201, 'PUT', '/v1/rooms/dev/members/bob', {});
    await flood(site, KEY, 'alice', 200, { name: 'in again' });
    await post(alice, 'dev', 'the end');
    ear.telnet.resume();
    await ear.hears('the end', { timeout: 30000 });
    const all = await truth(site, KEY);
    await sawExactly(ear, 'dev', [...before, ...all.slice(away.length)]);
});

// Behind a cursor there may be the ends of several memberships: a page that has one is not the last, and when the newest has
// ended too by then, nothing after it is theirs.
test('two memberships behind a cursor, the second over before it is read', async (t) => {
    const { site, alice, bob } = await stage(t);
    await flood(site, KEY, 'alice', 4000, { size: 4000 }); // more than sockets take
    await bob.api(0).must(204, 'DELETE', '/v1/rooms/dev/members/bob');
    const first = await truth(site, KEY);
    await flood(site, KEY, 'alice', 100, { name: 'not for bob' });
    const away = await truth(site, KEY);
    await bob.api(0).must(201, 'PUT', '/v1/rooms/dev/members/bob', {});
    await flood(site, KEY, 'alice', 100, { name: 'in again' });
    const second = (await truth(site, KEY)).slice(away.length);

    const ws = await session(site, bob, 1, { cursors: { [room('dev')]: first[0].id } });
    ws.socket.pause();
    await settled(site.workers[1]);
    await bob.api(0).must(204, 'DELETE', '/v1/rooms/dev/members/bob');
    await flood(site, KEY, 'alice', 100, { name: 'nor this' });
    ws.socket.resume();

    const expected = [...first.slice(1), ...second].map(({ text }) => text);
    const seen = () => ws.messages(room('dev')).map((event) => event.data.text);
    await eventually(() => seen().length >= expected.length, { timeout: 30000, what: 'all that is bob\'s' });
    await post(alice, 'dev', 'after all');
    await post(alice, 'general', 'over');
    await ws.waitFor(() => ws.messages(room('general')).some((event) => event.data.text === 'over'), { what: 'what comes last' });
    assert.deepEqual(seen(), expected);
    assert.equal(ws.events.filter(isResync).length, 0);
});

test('slow in two rooms at once: both are read to the end', async (t) => {
    const { site, alice, ear } = await stage(t);
    await makeSlow(site, ear, site.workers[1], KEY, 'alice');
    for (let i = 0; i < 5; i++) {
        await flood(site, roomKey('general'), 'alice', 100);
        await flood(site, KEY, 'alice', 100);
    }
    await post(alice, 'dev', 'the end of dev');
    await post(alice, 'general', 'the end of general');
    ear.telnet.resume();
    await ear.hears('the end of dev', { timeout: 30000 });
    await ear.hears('the end of general', { timeout: 30000 });
    await sawExactly(ear, 'dev', await truth(site, KEY));
    await sawExactly(ear, 'general', await truth(site, roomKey('general')));
});

test('several stop in the middle of what came at once: each goes on from its own place', async (t) => {
    const { site, alice, carol, ear } = await stage(t);
    const ears = [ear, await listen(site, carol, 1), await listen(site, alice, 1)];
    const from = await Promise.all(ears.map(async () => (await truth(site, KEY)).length));
    await flood(site, KEY, 'alice', 3, { size: 1000 }); // queues that fill up at different places
    ears.forEach(({ telnet }) => telnet.pause());
    await flood(site, KEY, 'alice', 20000, { size: 1000, together: 50 });
    await eventually(async () => await metric(site.workers[1], 'wcchat_slow_sessions_total') >= 3, { what: 'all of them to be slow' });
    await post(alice, 'dev', 'the end');
    ears.forEach(({ telnet }) => telnet.resume());
    const log = await truth(site, KEY);
    for (const [i, one] of ears.entries()) {
        await one.hears('the end', { timeout: 60000 });
        await sawExactly(one, 'dev', log.slice(from[i]));
    }
});

test('a slow reader goes while Redis is away, and so does the worker', async (t) => {
    const args = [...ARGS, '--drain', '0', '--drain-max', '100ms', '--redis-command-timeout', '1500ms'];
    const { site, ear } = await stage(t, { args });
    await makeSlow(site, ear, site.workers[1], KEY, 'alice');
    const before = ear.in('dev').length;
    await site.redis.crash();
    // away for so long that nothing waits for it any more
    await eventually(async () => {
        const since = Date.now();
        const { status } = await site.workers[1].api.post('/v1/auth/token', { user: 'bob', password: 'x' });
        return status === 503 && Date.now() - since < 250;
    }, { what: 'requests to be refused at once' });
    ear.telnet.resume();
    await ear.telnet.waitFor(() => ear.in('dev').length > before, { what: 'what was written already' });
    ear.telnet.close();
    await site.workers[1].stop();
});
