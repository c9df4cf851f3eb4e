// Pub/Sub is lost again and again, and so are messages on it: the log makes up for that.
import assert from 'node:assert/strict';
import test from 'node:test';

import { startSite } from '../lib/site.mjs';
import { allKept, keepPosting, keepTyping, listen, makeRoom, metric, people, roomKey, sawExactly, subscribed, truth } from './watch.mjs';

const ROUNDS = 12;

test('whatever is killed of the subscriptions, every session sees every message once and in order', async (t) => {
    const site = await startSite({ workers: 2, args: ['--post-rate', '0'] });
    t.after(() => site.stop());
    const { alice, bob, carol } = await people(site, 'alice', 'bob', 'carol');
    await makeRoom(alice, 'dev', { members: [bob, carol] });
    const ears = await Promise.all(Array.from({ length: 10 }, (_, i) => listen(site, [alice, bob, carol][i % 3], i % 2)));

    let going = true;
    const more = () => going;
    const writers = [
        keepPosting(alice, 'dev', more, { worker: 0, name: 'a' }),
        keepPosting(bob, 'dev', more, { worker: 1, name: 'b' }),
        keepTyping(ears[0], 'dev', more, { name: 'ta' }),
        keepTyping(ears[1], 'dev', more, { name: 'tb' }),
    ];
    for (let round = 0; round < ROUNDS; round++) {
        const length = Number(await site.redis.command('XLEN', `${roomKey('dev')}:log`));
        await site.redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await subscribed(site);
        // some posts arrive on a whole subscription before the next loss
        for (const ear of ears.slice(0, 2))
            await ear.telnet.waitFor(() => ear.seqs('dev').at(-1) > length + round % 5, { what: 'posts to go on' });
    }
    going = false;
    const acknowledged = (await Promise.all(writers)).flat();
    const log = await truth(site, roomKey('dev'));
    assert.ok(acknowledged.length > ROUNDS, `only ${acknowledged.length} posts`);
    allKept(acknowledged, log);
    for (const ear of ears)
        await sawExactly(ear, 'dev', log);
    for (const worker of site.workers) {
        assert.equal(await metric(worker, 'wcchat_chain_breaks_total'), 0);
        assert.equal(await metric(worker, 'wcchat_resyncs_total'), 0);
    }
});

test('what was missed is shown when the subscription is back, not with the next message', async (t) => {
    const site = await startSite({ workers: 2, args: ['--post-rate', '0'] });
    t.after(() => site.stop());
    const { alice, bob } = await people(site, 'alice', 'bob');
    await makeRoom(alice, 'dev', { members: [bob] });
    const ear = await listen(site, bob, 1);
    await post(site, alice, 'before');
    await ear.hears('before');
    for (let i = 0; i < 5; i++) {
        site.workers[1].pause();
        await site.redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
        await post(site, alice, `missed ${i}`);
        site.workers[1].resume();
        await ear.hears(`missed ${i}`);
    }
    await sawExactly(ear, 'dev', await truth(site, roomKey('dev')));
});

async function post(site, account, text) {
    await account.api(0).must(201, 'POST', '/v1/rooms/dev/messages', { text });
}
