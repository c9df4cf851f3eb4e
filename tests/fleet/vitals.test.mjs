// What an autoscaler reads: sessions, processor time, the loop's lag, the queue.
import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { metric } from '../events/watch.mjs';
import { eventually } from '../lib/eventually.mjs';
import { startSite } from '../lib/site.mjs';

test('the loop\'s lag shows a stop and forgets it; processor time, memory and sessions are counted', async (t) => {
    const site = await startSite();
    t.after(() => site.stop());
    const [worker] = site.workers;
    const account = await site.register('alice');
    const telnet = await site.telnet(account);
    assert.equal(await metric(worker, 'wcchat_sessions'), 1);
    assert.equal(await metric(worker, 'wcchat_draining'), 0);
    assert.ok(await metric(worker, 'wcchat_redis_queue') >= 0);
    await eventually(async () => Math.abs(await metric(worker, 'process_resident_memory_bytes') / await worker.memory() - 1) < 0.5,
        { timeout: 15000, what: 'its memory, as the kernel has it' });
    assert.ok(Math.abs(await metric(worker, 'process_start_time_seconds') - Date.now() / 1000) < 120);

    worker.pause();
    await sleep(1500); // how long it stands still is what is measured
    worker.resume();
    await eventually(async () => await metric(worker, 'wcchat_loop_lag_seconds') >= 1.3, { what: 'the lag to be seen' });
    const before = await metric(worker, 'process_cpu_seconds_total');
    await Promise.all(Array.from({ length: 20 }, () => site.login('alice')));
    await eventually(async () => await metric(worker, 'process_cpu_seconds_total') > before, { what: 'processor time to grow' });
    await eventually(async () => await metric(worker, 'wcchat_cpu_usage') > 0, { timeout: 15000, what: 'its share' });
    await eventually(async () => await metric(worker, 'wcchat_loop_lag_seconds') < 1.3, { timeout: 20000, what: 'the lag to be forgotten' });
    telnet.close();
});
