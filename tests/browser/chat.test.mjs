// People at browsers on two workers, and one at a telnet client, in one room: whatever breaks, nothing is missing and nothing
// comes twice.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { direct, room, startWeb } from './pages.mjs';

/** The messages of a room as the server has them. */
async function truth(account, path, worker = 0) {
    const { items } = await account.api(worker).must(200, 'GET', `/v1/${path}/messages?limit=200`);
    return items.map(({ text }) => text);
}

async function shows(page, texts, what) {
    await eventually(async () => {
        const seen = await page.texts();
        return seen.length === texts.length && seen.every((text, i) => text === texts[i]);
    }, { timeout: 20000, what: `${what} to show all ${texts.length} messages once` }).catch(async (error) => {
        assert.deepEqual(await page.texts(), texts, error.message);
        throw error;
    });
}

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

test('a worker that stops sends its pages away, and they go on elsewhere', async (t) => {
    const { site, open } = await startWeb(t);
    const alice = await site.register('alice');
    await site.register('bob');
    const a = await open(), b = await open();
    await a.signIn('alice', '#/r/general');
    await b.signIn('bob', '#/r/general');
    await b.onAnotherWorkerThan(a);
    const leaving = site.workers.findIndex((worker) => worker.log.includes(b.worker));
    const stopped = site.workers[leaving].stop();
    const said = Array.from({ length: 20 }, (_, i) => `meanwhile ${i}`);
    for (const text of said) {
        await a.say(text);
        await a.sees(text);
    }
    await stopped;
    await eventually(() => b.worker === a.worker, { timeout: 20000, what: 'bob to be on the other worker' });
    await b.live();
    await b.say('back');
    assert.deepEqual(await truth(alice, 'rooms/general', 1 - leaving), await eventually(async () => {
        const texts = await b.texts();
        return texts.length === 21 && texts;
    }, { timeout: 20000, what: 'all to be there' }));
    await shows(a, [...said, 'back'], 'alice');
    a.quiet();
    b.quiet();
});

test('a token that ends is renewed on the open connection', async (t) => {
    const { site, open } = await startWeb(t, { workers: 1, args: ['--token-lifetime', '4s'] });
    const alice = await site.register('alice');
    await site.register('bob');
    const b = await open();
    await b.signIn('bob', '#/r/general');
    await eventually(() => b.renewals >= 3, { timeout: 30000, what: 'three renewals' });
    const again = await site.login('alice', { password: alice.password });
    await again.api().must(201, 'POST', '/v1/rooms/general/messages', { text: 'still there?' });
    await b.sees('still there?');
    assert.equal(b.sockets, 1);
    b.quiet();
});

test('reload, back, and offline for a while', async (t) => {
    const { site, open } = await startWeb(t);
    const alice = await site.register('alice');
    await site.register('bob');
    await alice.api().must(201, 'POST', '/v1/rooms', { id: 'plans', topic: 'What next' });
    await alice.api().must(201, 'PUT', '/v1/rooms/plans/members/bob', {});
    const b = await open();
    await b.signIn('bob', '#/r/general');
    const post = (name, text) => alice.api().must(201, 'POST', `/v1/rooms/${name}/messages`, { text });
    await post('general', 'one');
    await b.sees('one');

    await b.page.reload();
    await b.live();
    await b.sees('one');
    await b.go('#/r/plans');
    await b.page.waitForSelector('.topic:has-text("What next")');
    await b.page.goBack();
    await b.sees('one');
    assert.equal(await b.page.evaluate(() => location.hash), '#/r/general');

    // Half-written texts stay with their conversation.
    await b.page.fill('#composer', 'half a th');
    await b.go('#/r/plans');
    assert.equal(await b.page.inputValue('#composer'), '');
    await b.go('#/r/general');
    assert.equal(await b.page.inputValue('#composer'), 'half a th');

    await b.page.context().setOffline(true);
    await b.notLive();
    await b.say('said offline');
    await b.page.waitForSelector('.pending.waiting');
    for (let i = 0; i < 30; i++)
        await post(i % 2 ? 'plans' : 'general', `missed ${i}`);
    await b.page.waitForSelector('.connection p');
    assert.deepEqual(await b.texts(), ['one', 'said offline']);
    await b.page.context().setOffline(false);
    await b.live();
    const missed = Array.from({ length: 15 }, (_, i) => `missed ${2 * i}`);
    await shows(b, ['one', ...missed, 'said offline'], 'bob');
    assert.equal(await b.page.locator('.pending').count(), 0);
    assert.deepEqual(await truth(alice, 'rooms/general'), ['one', ...missed, 'said offline']);
    await b.showsBadge(room('plans'), '15');
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
    for (const page of [a, b, again])
        page.quiet();
});
