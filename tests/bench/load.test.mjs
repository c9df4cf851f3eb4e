// The generator of load counts right: what was sent arrives, and what does not arrive is told as lost.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { BUILD } from '../lib/process.mjs';
import { runLoad, startLoad } from './load.mjs';
import { startPeer } from './peers.mjs';
import { roomKey, userName } from './seed.mjs';
import { startWcchat, usersFile } from './wcchat.mjs';

const LOAD = { rooms: 2, members: 10, senders: 1, window: 4, warmup: 0.2, seconds: 0.5, drain: 20, users: usersFile(20) };

before(() => execFileSync('cmake', ['--build', BUILD, '--target', 'wcchat-load'], { stdio: 'pipe' }));

function complete(result) {
    assert.ok(result.sent > 0 && result.delivered_per_s > 0, JSON.stringify(result));
    assert.deepEqual([result.delivered, result.lost, result.doubled, result.disordered], [result.expected, 0, 0, 0], JSON.stringify(result));
}

test('wcchat, by every channel that it speaks', async (t) => {
    const site = await startWcchat({ rooms: 2, members: 10 });
    t.after(() => site.stop());
    for (const proto of ['telnet', 'ws', 'sse'])
        complete(await runLoad({ proto, ports: site.portsFor(proto), pids: site.pids, redisPids: site.redisPids }, LOAD));
});

test('Redis alone, and with the script that posts', async (t) => {
    for (const name of ['redis', 'redis-post']) {
        const peer = await startPeer(name, LOAD);
        t.after(() => peer.stop());
        complete(await runLoad(peer, { ...LOAD, ...(peer.script === undefined ? {} : { script: peer.script }) }));
    }
});

test('members who hear what another generator sends', async (t) => {
    const site = await startWcchat({ members: 11 });
    t.after(() => site.stop());
    const server = { proto: 'telnet', ports: site.portsFor('telnet'), pids: site.pids };
    const hear = { members: 10, listen: 3, seconds: 20, users: usersFile(10) };
    const load = startLoad(server, hear);
    await eventually(() => load.log.includes('ready') || load.ended !== null, { what: 'all members to be there' });
    complete(await runLoad(server, { ...LOAD, rooms: 1, members: 1, window: undefined, rate: 6, warmup: 0, users: usersFile(1, 10) }));
    const result = await load.result();
    assert.deepEqual([result.connections, result.delivered, result.lost], [10, 30, 0]);
    assert.ok(result.latency_ms.max > 0);
});

test('a member who gets nothing more is missed', async (t) => {
    const site = await startWcchat({ rooms: 2, members: 10 });
    t.after(() => site.stop());
    const load = startLoad({ proto: 'telnet', ports: site.portsFor('telnet'), pids: site.pids },
        { ...LOAD, window: undefined, rate: 50, seconds: 2, drain: 0.5 });
    await eventually(async () => Number(await site.redis.command('XLEN', `${roomKey(1)}:log`)) > 20, { timeout: 20000, what: 'texts' });
    await site.redis.script('room_leave', [roomKey(1)], [userName(15), userName(15), 'rest', '', '', '']);
    const result = await load.result();
    assert.ok(result.lost > 0 && result.lost < result.expected / 10, JSON.stringify(result));
});
