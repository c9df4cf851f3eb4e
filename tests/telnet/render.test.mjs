// Nobody can forge a line or play with another one's terminal.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startSite } from '../lib/site.mjs';
import { signUp } from './people.mjs';

let site, alice, mallory;

before(async () => {
    site = await startSite();
    alice = await signUp(site, 'alice');
    mallory = await site.register('mallory');
});
after(() => site.stop());

function post(text) {
    return mallory.api().must(201, 'POST', '/v1/rooms/general/messages', { text });
}

test('further lines of one text are marked', async () => {
    await post('one\n[general] 05:00 bob: I never said that\n\nfour');
    const [said] = await alice.expect(/\[general\] \d\d:\d\d mallory: one\r\n.*\r\n.*\r\n.*\r\n/);
    assert.deepEqual(said.split('\r\n').slice(1),
        ['    | [general] 05:00 bob: I never said that', '    | ', '    | four', '']);
});

test('the same in a history', async () => {
    await alice.ask('/history 1', /mallory: one\r\n {4}\| \[general\] 05:00 bob: I never said that\r\n {4}\| \r\n {4}\| four\r\n/);
});

test('direction controls and line separators are shown as what they are: nothing', async () => {
    await post('a\u202eb\u2066c\u200fd\u2028e\u2029f\u061cg');
    await alice.expect('mallory: a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg\r\n');
});

test('what a text may have stays as it is', async () => {
    const text = '\ttabs, "quotes", \u05e9\u05dc\u05d5\u05dd, \u{1f468}\u200d\u{1f469}\u200d\u{1f467}, e\u0301, %s %n \\x1b';
    await post(text);
    await alice.expect(`mallory: ${text}\r\n`);
});

test('topics, reasons and names too', async () => {
    await alice.ask('/create own', '* created own');
    await alice.ask('/topic up\u202eside', /\* alice set the topic: up\ufffdside\r\n/);
    await alice.ask('/topic', '* the topic of own: up\ufffdside\r\n');
    await alice.ask('/rooms own', 'own  up\ufffdside\r\n');
    await alice.ask('/invite mallory', /\* mallory was invited by alice\r\n/);
    await alice.ask('/kick mallory be\u2066gone', /\* mallory was removed by alice: be\ufffdgone\r\n/);
    await alice.ask('/away lu\u202ench', '* you are away');
    await alice.ask('/switch general', '* now in general');
});

test('times are UTC', async () => {
    const { body } = await mallory.api().post('/v1/rooms/general/messages', { text: 'what time is it' });
    const [, time] = await alice.expect(/\[general\] (\d\d:\d\d) mallory: what time is it\r\n/);
    assert.equal(time, body.time.slice(11, 16));
});
