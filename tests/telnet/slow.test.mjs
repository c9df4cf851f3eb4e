// A reader that stops reading costs a bounded queue and loses nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { PASSWORD, startSite } from '../lib/site.mjs';
import { logIn, signUp } from './people.mjs';

const MESSAGES = 50000;
const PAD = 'x'.repeat(200);

let site;

before(async () => {
    // Without the sanitizer's quarantine, which keeps 256 MB of what was freed.
    const env = { ASAN_OPTIONS: 'detect_leaks=1:exitcode=99:strict_string_checks=1:quarantine_size_mb=1' };
    site = await startSite({ workers: 2, args: ['--post-rate', '0'], env });
});
after(() => site.stop());

/** Counts the lines of a session as they come, without keeping them. */
class Counter {
    #rest = '';
    next = 0;
    wrong = null;

    take(text) {
        const lines = (this.#rest + text).split('\r\n');
        this.#rest = lines.pop();
        for (const line of lines) {
            const match = /^\[general\] \d\d:\d\d writer: (\d+) x+$/.exec(line);
            if (match === null)
                continue;
            if (Number(match[1]) !== this.next)
                this.wrong ??= `${line.slice(0, 60)} where ${this.next} was to come`;
            this.next = Number(match[1]) + 1;
        }
    }
}

test('50,000 messages while a reader sleeps', { timeout: 280000 }, async () => {
    const writer = await signUp(site, 'writer', 0);
    const awake = await signUp(site, 'awake', 1);
    const sleeper = await signUp(site, 'sleeper', 1);
    const quick = new Counter(), slow = new Counter();
    for (const [telnet, counter] of [[awake, quick], [sleeper, slow]]) {
        telnet.socket.removeAllListeners('data');
        telnet.socket.setEncoding('utf8').on('data', (text) => counter.take(text));
    }
    writer.socket.removeAllListeners('data');
    writer.socket.resume();
    sleeper.pause();
    const before = await site.workers[1].memory();
    for (let at = 0; at < MESSAGES; at += 500) {
        const batch = Array.from({ length: 500 }, (_, i) => `${at + i} ${PAD}\r\n`).join('');
        writer.sendRaw(batch);
        await eventually(() => quick.next >= at - 2000, { timeout: 60000, what: 'the awake reader to follow' });
    }
    await eventually(() => quick.next === MESSAGES, { timeout: 200000, interval: 50, what: 'all messages' });
    assert.equal(quick.wrong, null);
    assert.ok(slow.next < MESSAGES / 2, 'the sleeper slept');
    const cost = await site.workers[1].memory() - before;
    assert.ok(cost < 32 * 1024 * 1024, `the worker grew by ${cost} bytes; the messages are ${MESSAGES * 230}`);
    sleeper.resume();
    await eventually(() => slow.next === MESSAGES, { timeout: 200000, interval: 50, what: 'the sleeper to catch up' });
    assert.equal(slow.wrong, null);
});

test('a socket that takes nothing for the stall time is closed', async () => {
    const worker = await site.addWorker({ args: ['--telnet-stall-timeout', '1s'] });
    const index = site.workers.indexOf(worker);
    const stalled = await logIn(site, 'awake', index);
    const talker = await logIn(site, 'writer', 0, { password: PASSWORD });
    stalled.pause();
    for (let i = 0; i < 400; i++)
        stalled.sendRaw('/help\r\n'.repeat(25));
    await eventually(async () => {
        const { text } = await worker.api.get('/metrics');
        return /^wcchat_telnet_stalled_total 1$/m.test(text) && /^wcchat_telnet_connections 0$/m.test(text);
    }, { timeout: 20000, what: 'the stalled connection to be closed' });
    talker.close();
});

test('an idle client is told and closed, if that is wanted', async () => {
    const worker = await site.addWorker({ args: ['--telnet-idle-timeout', '1500ms'] });
    const idle = await logIn(site, 'awake', site.workers.indexOf(worker));
    await idle.expect('* you were idle for too long');
    await idle.untilClosed();
});
