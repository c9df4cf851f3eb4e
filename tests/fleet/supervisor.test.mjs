// What a supervisor sees: readiness, the watchdog, reloading, the end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';

import { eventually, within } from '../lib/eventually.mjs';
import { Child, freePort, tempFolder } from '../lib/process.mjs';
import { startSite } from '../lib/site.mjs';
import { startWorker } from '../lib/worker.mjs';

// Node has no datagrams over Unix sockets.
const LISTENER = `use Socket; $| = 1; socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; bind($s, sockaddr_un($ARGV[0])) or die;
print "listening\\n"; while (defined recv($s, my $m, 4096, 0)) { $m =~ s/\\n/ /g; print "$m\\n" }`;

async function supervisor(t) {
    const socket = path.join(tempFolder('wcchat-notify'), 'notify');
    const child = new Child('perl', ['-e', LISTENER, socket], { name: 'supervisor' });
    t.after(() => child.end('SIGKILL'));
    await eventually(() => child.log.includes('listening'));
    return { socket, heard: () => child.log.split('\n').slice(1, -1) };
}

test('ready when it serves, alive while the loop turns, stopping when asked to', async (t) => {
    const { socket, heard } = await supervisor(t);
    const site = await startSite({ workers: 0 });
    t.after(() => site.stop());
    await site.redis.pause();
    const starting = site.addWorker({ env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '400000' } });
    await eventually(() => heard().includes('WATCHDOG=1'), { what: 'the watchdog' });
    assert.ok(!heard().some((line) => line.startsWith('READY=1')), 'not ready without Redis');
    site.redis.resume();
    const worker = await starting;
    await eventually(() => heard().includes('READY=1 STATUS=serving'), { what: 'READY' });
    const beats = () => heard().filter((line) => line === 'WATCHDOG=1').length;
    const before = beats();
    await eventually(() => beats() > before + 2, { what: 'more beats' });
    worker.pause();
    await eventually(async () => /^State:\s+T/m.test(fs.readFileSync(`/proc/${worker.pid}/status`, 'utf8')));
    const frozen = beats();
    await new Promise((resolve) => setTimeout(resolve, 1000)); // silence is what is tested
    assert.ok(beats() <= frozen + 1);
    worker.resume();
    worker.child.signal('SIGHUP');
    await eventually(() => heard().some((line) => /^RELOADING=1 MONOTONIC_USEC=\d+$/.test(line)), { what: 'RELOADING' });
    await eventually(() => heard().at(-1) === 'READY=1' || heard().slice(-3).includes('READY=1'), { what: 'READY again' });
    worker.child.signal('SIGTERM');
    await eventually(() => heard().includes('STOPPING=1 STATUS=draining'), { what: 'STOPPING' });
    await worker.child.exited;
});

test('a watchdog that is another process\'s is left alone', async (t) => {
    const { socket, heard } = await supervisor(t);
    const site = await startSite({ env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '100000', WATCHDOG_PID: '1' } });
    t.after(() => site.stop());
    await eventually(() => heard().includes('READY=1 STATUS=serving'), { what: 'READY' });
    assert.ok(!heard().includes('WATCHDOG=1'));
});

test('SIGHUP reads the options again, and keeps the old ones when they are wrong', async (t) => {
    const config = path.join(tempFolder('wcchat-config'), 'wcchat.conf');
    fs.writeFileSync(config, 'log-level = info\nregistration = on\n');
    const site = await startSite({ args: ['--config', config] });
    t.after(() => site.stop());
    const [worker] = site.workers;
    await site.register('alice');
    assert.doesNotMatch(worker.log, /level=debug/);
    const count = (what) => worker.log.split(what).length - 1;
    fs.writeFileSync(config, 'log-level = loud\n');
    worker.child.signal('SIGHUP');
    await eventually(() => count('options not read again') === 1);
    fs.writeFileSync(config, 'log-level = debug\nregistration = off\n');
    worker.child.signal('SIGHUP');
    await eventually(() => count('options read again') === 1);
    const answer = await site.api().post('/v1/users', { user: 'bob', password: 'long enough a password' });
    assert.equal(answer.status, 403);
    await eventually(() => /level=debug/.test(worker.log), { what: 'debug lines' });
});

test('a worker whose port is taken says so and ends, for each channel', async (t) => {
    const site = await startSite();
    t.after(() => site.stop());
    const [first] = site.workers;
    const ipv6 = await freePort();
    const other = net.createServer().listen({ port: ipv6, host: '::1' });
    const halves = await once(other, 'listening').then(() => ['--telnet', '--http'], () => []); // no IPv6 here
    t.after(() => other.close());
    for (const [option, address] of [
        ['--telnet', `127.0.0.1:${first.telnetPort}`], ['--http', `127.0.0.1:${first.httpPort}`],
        ...halves.map((option) => [option, `:${ipv6}`]), // half of it is not enough
    ]) {
        const late = await startWorker({ redis: site.redis.url, key: site.key, args: [option, address], ready: false });
        t.after(() => late.child.end('SIGKILL'));
        assert.equal((await within(20000, late.child.exited, `the end for ${option} ${address}`)).code, 1);
        assert.match(late.log, new RegExp(`can't listen on ${address}.*: Address already in use`));
    }
});
