// Redis hangs, drops connections, dies and comes back: what was acknowledged is delivered once and in order.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { eventually } from '../lib/eventually.mjs';
import { startSite } from '../lib/site.mjs';
import { connectWebSocket } from '../lib/websocket.mjs';
import { allKept, keepPosting, keepTyping, listen, makeRoom, metric, people, post, roomKey, sawExactly, subscribed, truth } from './watch.mjs';

const KEY = roomKey('dev');

async function hang(site) {
    site.redis.pause();
    await sleep(300); // how long it hangs is what is tested
    site.redis.resume();
}

async function shutDown(site) {
    await site.redis.command('SHUTDOWN', 'NOSAVE').catch(() => {}); // the connection closes
    await site.redis.child.exited;
    await site.redis.start();
}

async function die(site) {
    await site.redis.crash();
    await site.redis.start();
}

async function drop(site) {
    await site.redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
}

test('Redis hangs, drops connections, is killed and started: nothing acknowledged is lost or doubled', async (t) => {
    const site = await startSite({ workers: 2, args: ['--post-rate', '0'], redis: { appendonly: true } });
    t.after(() => site.stop());
    const { alice, bob, carol } = await people(site, 'alice', 'bob', 'carol');
    await makeRoom(alice, 'dev', { members: [bob, carol] });
    const ears = await Promise.all(Array.from({ length: 6 }, (_, i) => listen(site, [alice, bob, carol][i % 3], i % 2)));

    let going = true;
    const more = () => going;
    const writers = [
        keepPosting(alice, 'dev', more, { worker: 0, name: 'a' }),
        keepPosting(bob, 'dev', more, { worker: 1, name: 'b' }),
        keepPosting(carol, 'dev', more, { worker: 0, name: 'c' }),
        keepTyping(ears[1], 'dev', more, { name: 'tb' }),
    ];
    for (const trouble of [hang, drop, die, drop, hang, shutDown, die]) {
        await trouble(site);
        const length = (await truth(site, KEY)).length;
        await eventually(async () => (await truth(site, KEY)).length > length + 5,
            { timeout: 20000, what: `posts after ${trouble.name}` });
        await subscribed(site);
    }
    going = false;
    const acknowledged = (await Promise.all(writers)).flat();
    const log = await truth(site, KEY);
    allKept(acknowledged, log);
    for (const ear of ears)
        await sawExactly(ear, 'dev', log);
    for (const worker of site.workers)
        assert.equal(await metric(worker, 'wcchat_chain_breaks_total'), 0);
});

test('a Redis that went back in time: sessions are told, and what is new is delivered', async (t) => {
    const site = await startSite({ workers: 2, redis: { appendonly: true } });
    t.after(() => site.stop());
    const { alice, bob } = await people(site, 'alice', 'bob');
    await makeRoom(alice, 'dev', { members: [bob] });
    const ears = [await listen(site, alice, 0), await listen(site, bob, 1)];
    for (let i = 1; i <= 5; i++)
        await post(alice, 'dev', `kept ${i}`);
    const data = path.join(site.redis.dir, 'appendonlydir');
    const old = path.join(site.redis.dir, 'old');
    fs.cpSync(data, old, { recursive: true });
    for (let i = 1; i <= 5; i++)
        await post(alice, 'dev', `lost ${i}`);
    for (const ear of ears)
        await ear.hears('lost 5');

    await site.redis.crash();
    fs.rmSync(data, { recursive: true });
    fs.renameSync(old, data);
    await site.redis.start();
    await subscribed(site);
    assert.deepEqual((await truth(site, KEY)).map((m) => m.text).slice(-1), ['kept 5']);

    for (const worker of site.workers) {
        await eventually(async () => await metric(worker, 'wcchat_chain_breaks_total') >= 1, { what: 'the break to be seen' });
        await eventually(async () => await metric(worker, 'wcchat_resyncs_total') >= 1, { what: 'sessions to be told' });
        assert.match(worker.log, /log does not follow/);
    }
    for (let i = 1; i <= 5; i++) {
        const { seq } = await eventually(() => post(alice, 'dev', `new ${i}`, { client_id: `new-${i}` }),
            { timeout: 20000, what: 'posts to be taken again' });
        assert.equal(seq, (await truth(site, KEY)).at(-1).seq);
    }
    for (const ear of ears) {
        await ear.hears('new 5');
        assert.deepEqual(ear.texts('dev'), ['kept', 'lost', 'new'].flatMap((w) => [1, 2, 3, 4, 5].map((i) => `${w} ${i}`)));
    }
});

test('what many post while Redis hangs goes in a few calls: each under its author\'s name, in order, once', async (t) => {
    const site = await startSite({ args: ['--post-rate', '0', '--redis-command-timeout', '20s'] });
    t.after(() => site.stop());
    const cast = Object.values(await people(site, 'alice', 'bob', 'carol', 'dave', 'eve', 'frank'));
    await makeRoom(cast[0], 'dev', { members: cast.slice(1) });
    const sockets = await Promise.all(cast.map(({ token }) => connectWebSocket(`${site.workers[0].httpUrl}/v1/ws`, { token })));
    const EACH = 60;
    const evals = async () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(await site.redis.command('INFO', 'commandstats'))[1]);
    const before = await evals();
    site.redis.pause();
    const sent = [];
    for (let i = 0; i < EACH; i++)
        sockets.forEach((ws, who) => sent.push(ws.must('message.send', { target: 'wcchat://rooms/dev', text: `${cast[who].user} ${i}` })));
    await eventually(async () => await metric(site.workers[0], 'wcchat_calls') === EACH * cast.length, { what: 'all of them to be under way' });
    site.redis.resume();
    const ids = (await Promise.all(sent)).map(({ id }) => id);
    assert.equal(new Set(ids).size, EACH * cast.length);
    const log = (await site.redis.stream(`${KEY}:log`)).filter(({ fields }) => fields.type === 'messagepublished');
    assert.deepEqual(log.map(({ id }) => id).sort(), ids.sort());
    for (const { user } of cast)
        assert.deepEqual(log.filter(({ fields }) => fields.from === user).map(({ fields }) => fields.text), Array.from({ length: EACH }, (_, i) => `${user} ${i}`));
    const calls = await evals() - before;
    assert.ok(calls < EACH, `${calls} calls`);
});
