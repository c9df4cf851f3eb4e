// The master dies and Sentinel chooses another: with `--durability replicas:1` nothing acknowledged is lost, and the
// workers find the new master by themselves.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { startSite } from '../lib/site.mjs';
import { allKept, keepPosting, listen, makeRoom, people, post, roomKey, truth } from '../events/watch.mjs';
import { Group } from './sentinels.mjs';

/** A group, and a site without workers of its own, whose own Redis is not used. */
async function startBoth(t, options) {
    const group = await Group.start(options);
    t.after(() => group.stop());
    const site = await startSite({ workers: 0, args: ['--post-rate', '0'] });
    await site.redis.stop();
    site.redis = { resume() {}, stop() {} };
    t.after(() => site.stop());
    return { group, site };
}

test('the master is killed while people post: all that was acknowledged is there, once, and is shown', async (t) => {
    const { group, site } = await startBoth(t);
    for (let i = 0; i < 2; i++)
        await site.addWorker({ redis: group.url, args: ['--durability', 'replicas:1'] });

    const { alice, bob } = await people(site, 'alice', 'bob');
    await makeRoom(alice, 'dev', { members: [bob] });
    const ears = [await listen(site, bob, 0), await listen(site, alice, 1)];
    let going = true;
    const writers = [alice, bob].map((account, worker) => keepPosting(account, 'dev', () => going, { worker }));
    await eventually(() => ears.every((ear) => ear.in('dev').length > 50), { timeout: 20000, what: 'people to talk' });

    const master = await group.fail();
    const known = ears[0].in('dev').length;
    await eventually(() => ears[0].in('dev').length > known + 50, { timeout: 60000, what: 'people to talk again' });
    going = false;
    const acknowledged = (await Promise.all(writers)).flat();
    const log = await truth({ redis: master }, roomKey('dev'));
    allKept(acknowledged, log);

    const end = await eventually(() => post(alice, 'dev', 'the end'), { timeout: 20000, what: 'the end' });
    for (const ear of ears) {
        await ear.sees((m) => m.seq === end.seq, { what: 'the end' });
        const texts = ear.texts('dev');
        const resyncs = ear.telnet.lines.filter((line) => /missed|again/i.test(line)).length;
        for (const { text } of acknowledged) {
            const times = texts.filter((other) => other === text).length;
            assert.ok(times === 1 || (resyncs > 0 && times === 0), `${ear.user} was shown "${text}" ${times} times`);
        }
    }
    for (const worker of site.workers)
        assert.match(worker.log, /chat by Sentinel/);
});

test('a master that is a replica by now is left, and no Sentinel is asked in vain for ever', async (t) => {
    const { group, site } = await startBoth(t, { replicas: 1 });
    await group.sentinels.shift().child.end('SIGKILL'); // the first that would be asked
    const dead = group.url.replace('//', '//127.0.0.1:1,');
    await site.addWorker({ redis: dead });
    const { alice } = await people(site, 'alice');
    await makeRoom(alice, 'dev');
    const [host, port] = ['127.0.0.1', group.replicas[0].port];
    await group.master.command('CLIENT', 'PAUSE', '1', 'WRITE');
    await group.replicas[0].command('REPLICAOF', 'NO', 'ONE');
    await group.master.command('REPLICAOF', host, port);
    await eventually(async () => (await group.master.command('ROLE'))[0] === 'slave');
    // What the Sentinels think of it is theirs; what a worker must not do is to go on with a replica.
    const answer = await alice.api(0).post('/v1/rooms/dev/messages', { text: 'where am I' });
    assert.equal(answer.status, 503);
    assert.ok(Number(answer.headers['retry-after']) >= 1);
    await eventually(() => /it is no master|READONLY/.test(site.workers[0].log), { what: 'the worker to notice' });
});
