// People at browsers on two workers, and one at a telnet client, in one room: whatever breaks, nothing is missing and nothing
// comes twice.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { direct, room, shows, startWeb, truth } from './pages.mjs';

test('two browsers on two workers and a telnet client; a worker is killed', async (t) => {
    const { site, open } = await startWeb(t);
    const alice = await site.register('alice'), carol = await site.register('carol');
    await site.register('bob');
    const a = await open(), b = await open();
    await a.signIn('alice', '#/r/general');
    await b.signIn('bob', '#/r/general');
    await b.onAnotherWorkerThan(a);
    const dead = site.workers.findIndex((worker) => worker.log.includes(b.worker));
    const living = 1 - dead;
    const telnet = await site.telnet(carol, living);

    const said = ['from alice', 'from bob', 'from carol', '<b>as text</b> & "so on"'];
    await a.say(said[0]);
    await b.sees(said[0]);
    await b.say(said[1]);
    await telnet.expect(/\[general\] \d\d:\d\d bob: from bob/);
    telnet.send(said[2]);
    await a.sees(said[2]);
    await a.say(said[3]);
    await telnet.expect(`alice: ${said[3]}`);
    await shows(a, said, 'alice');
    await shows(b, said, 'bob');
    assert.equal(await b.page.locator('.message', { hasText: 'from carol' }).locator('.tag').textContent(), 'telnet');

    // Some of these are said while bob's worker dies, some while nobody has noticed, some when he is back.
    await site.workers[dead].crash();
    const more = Array.from({ length: 12 }, (_, i) => `meanwhile ${i}`);
    for (const [i, text] of more.entries()) {
        if (i % 3 === 0)
            await a.say(text);
        else if (i % 3 === 1)
            await b.say(text);
        else
            telnet.send(text);
        await a.sees(text);
    }
    await b.live();
    assert.equal(b.worker, a.worker);
    const all = await truth(alice, 'rooms/general', living);
    assert.deepEqual([...all].sort(), [...said, ...more].sort());
    await shows(a, all, 'alice');
    await shows(b, all, 'bob');
    for (const text of all)
        assert.equal(telnet.lines.filter((line) => line.endsWith(`: ${text}`)).length, 1, `telnet: ${text}`);
    a.quiet();
    b.quiet();
});

test('direct messages, unread counts and mentions', async (t) => {
    const { site, open } = await startWeb(t);
    const alice = await site.register('alice');
    await site.register('bob');
    await alice.api().must(201, 'POST', '/v1/rooms', { id: 'plans' });
    await alice.api().must(201, 'PUT', '/v1/rooms/plans/members/bob', {});
    const a = await open(), b = await open();
    await a.signIn('alice', '#/r/plans');
    await b.signIn('bob', '#/r/general');
    await b.showsBadge(room('plans'), '');

    await a.say('first');
    await b.showsBadge(room('plans'), '1');
    await a.say('@bob please look');
    await b.showsBadge(room('plans'), '@2');
    await b.page.waitForFunction(() => document.title === '(1) #general · wcchat');
    await b.page.reload();
    await b.showsBadge(room('plans'), '@2');
    await b.go('#/r/plans');
    await b.sees('please look');
    assert.equal(await b.page.locator('.marker').count(), 1);
    await b.page.bringToFront();
    await b.showsBadge(room('plans'), '');

    assert.equal(await b.badge(direct('alice')), null);
    await a.go('#/u/bob');
    await a.say('just for you');
    await b.showsBadge(direct('alice'), '1');
    await a.page.waitForSelector('.receipt:has-text("Delivered")');
    await b.go('#/u/alice');
    await b.sees('just for you');
    await b.showsBadge(direct('alice'), '');
    await a.page.waitForSelector('.receipt:has-text("Read")');
    await b.say('and back');
    await a.sees('and back');
    // Read in one window is read in all.
    const again = await open();
    await again.signIn('bob', '#/r/general');
    await again.showsBadge(direct('alice'), '');
    await a.say('once more');
    await again.showsBadge(direct('alice'), '1');
    await b.page.bringToFront();
    await b.sees('once more');
    await again.showsBadge(direct('alice'), '');

    // Who looks elsewhere, and wants it, is told of what is for them.
    await again.page.evaluate(() => {
        window.told = [];
        window.Notification = class {
            static permission = 'default';
            static requestPermission = async () => (window.Notification.permission = 'granted');
            constructor(title, { body }) { window.told.push(`${title}: ${body}`); }
        };
        document.hasFocus = () => false;
    });
    await again.page.click('.account');
    await again.page.selectOption('.choice:has-text("Notify me") select', 'yes');
    await a.say('told of');
    await a.go('#/r/plans');
    await a.say('not for bob');
    await a.say('but @bob this is');
    await eventually(() => again.page.evaluate(() => window.told.length === 2), { what: 'two notifications' });
    assert.deepEqual(await again.page.evaluate(() => window.told), ['alice: told of', 'alice in #plans: but @bob this is']);
    for (const page of [a, b, again])
        page.quiet();
});
