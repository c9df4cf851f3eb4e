// scripts/up in the foreground: only Ctrl-C ends it, as long as a worker is left.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { BUILD, Child, ROOT, tempFolder } from '../lib/process.mjs';
import { script, UpSite } from './up.mjs';

/** Starts it, resolves when DIR/env is there. */
async function foreground(t, workers) {
    const dir = path.join(tempFolder('wcchat-up'), 'a site');
    const up = new Child(path.join(ROOT, 'scripts/up'), ['--no-install', '--no-build', '--preset', 'debug', '--ports', 'auto',
        '--dir', dir, '--workers', workers], { env: { WCCHAT_BUILD: BUILD } });
    t.after(async () => {
        await script('down', '--dir', dir);
        await up.end();
    });
    await eventually(() => {
        assert.equal(up.ended, null, up.tail());
        return fs.existsSync(path.join(dir, 'env'));
    }, { timeout: 120000, what: 'the site' });
    return { up, site: new UpSite(dir) };
}

const kill = (pid) => process.kill(Number(pid), 'SIGKILL');
const alive = (pid) => fs.existsSync(`/proc/${pid}`);

test('a site in the foreground goes on without what was killed, and Ctrl-C ends the rest', async (t) => {
    const { up, site } = await foreground(t, 2);
    const { WORKER_PIDS: workers, REDIS_PID: redis, NATS_PID: nats } = site.env;
    const alice = await site.register('alice');
    kill(workers[0]);
    await eventually(() => up.log.includes('worker-1 ended'), { what: 'a word about the worker' });
    await alice.api.must(201, 'POST', '/v1/rooms/general/messages', { text: 'still here' });
    kill(redis);
    await eventually(() => up.log.includes('redis ended'), { what: 'a word about Redis' });
    assert.equal((await alice.api.get('/v1/conversations')).body.code, 'unavailable');
    assert.equal(up.log.split('worker-1 ended').length, 2, 'said once');
    assert.doesNotMatch(up.log, /line \d+:/, 'nothing of the shell\'s own');
    assert.ok(alive(workers[1]) && alive(nats));
    up.signal('SIGINT');
    await eventually(() => up.log.includes('ending everything'), { what: 'a word about the end' });
    const { code, killed } = await up.end('SIGINT', 60000); // who is impatient leaves nothing behind either
    assert.deepEqual({ code, killed }, { code: 0, killed: false }, up.tail());
    await eventually(() => ![...workers, nats].some(alive), { what: 'the end of all' });
    assert.ok(!fs.existsSync(path.join(site.dir, 'env')));
});

test('a second one is refused, with a command that ends the first, and without a worker there is no site', async (t) => {
    const { up, site } = await foreground(t, 1);
    const second = await script('up', '--no-install', '--no-build', '--preset', 'debug', '--dir', site.dir);
    assert.equal(second.code, 1);
    assert.match(second.err, /a site runs in .*; scripts\/down --dir \S+\/a\\ site ends it/);
    kill(site.env.WORKER_PIDS[0]);
    assert.equal((await up.exited).code, 1, up.tail());
    assert.match(up.log, /worker-1 ended; the end of .*worker-1\.log:/);
    await eventually(() => !alive(site.env.REDIS_PID) && !alive(site.env.NATS_PID), { what: 'the end of all' });
});
