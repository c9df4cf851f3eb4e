// A page goes on: after a reload, without a network for a while, when its worker stops, when its token ends.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { room, shows, startWeb, truth } from './pages.mjs';

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
    await shows(a, [...said, 'back'], 'alice'); // who sees it after it was stored; bob's own page shows it before
    assert.deepEqual(await truth(alice, 'rooms/general', 1 - leaving), await eventually(async () => {
        const texts = await b.texts();
        return texts.length === 21 && texts;
    }, { timeout: 20000, what: 'all to be there' }));
    a.quiet();
    b.quiet();
});

test('a token that ends is renewed on the open connection', async (t) => {
    const { site, open } = await startWeb(t, { workers: 1, args: ['--token-lifetime', '8s'] });
    const alice = await site.register('alice');
    await site.register('bob');
    const b = await open();
    await b.signIn('bob', '#/r/general');
    await eventually(() => b.renewals >= 3, { timeout: 60000, what: 'three renewals' });
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
    const mayGo = () => b.page.evaluate(() => dispatchEvent(new Event('beforeunload', { cancelable: true })));
    assert.equal(await mayGo(), false); // before it was posted
    for (let i = 0; i < 30; i++)
        await post(i % 2 ? 'plans' : 'general', `missed ${i}`);
    await b.page.waitForSelector('.connection p');
    assert.deepEqual(await b.texts(), ['one', 'said offline']);
    await b.page.context().setOffline(false);
    await b.live();
    const missed = Array.from({ length: 15 }, (_, i) => `missed ${2 * i}`);
    await shows(b, ['one', ...missed, 'said offline'], 'bob');
    assert.equal(await b.page.locator('.pending').count(), 0);
    assert.equal(await mayGo(), true);
    assert.deepEqual(await truth(alice, 'rooms/general'), ['one', ...missed, 'said offline']);
    await b.showsBadge(room('plans'), '15');
    b.quiet();
});

test('Redis goes away and comes back: what was written meanwhile is posted once', async (t) => {
    const { site, open } = await startWeb(t, { redis: { appendonly: true } });
    const alice = await site.register('alice');
    await site.register('bob');
    const a = await open(), b = await open();
    await a.signIn('alice', '#/r/general');
    await b.signIn('bob', '#/r/general');
    await a.say('before');
    await b.sees('before');
    await site.redis.crash();
    await a.say('in between');
    await a.page.waitForSelector('.pending.waiting, .pending.sending');
    assert.equal(a.sockets, 1);
    await site.redis.start();
    await b.sees('in between');
    await b.say('after');
    for (const [page, name] of [[a, 'alice'], [b, 'bob']])
        await shows(page, ['before', 'in between', 'after'], name);
    assert.deepEqual(await truth(alice, 'rooms/general'), ['before', 'in between', 'after']);
    assert.equal(await a.page.locator('.pending').count(), 0);
    a.quiet();
    b.quiet();
});

test('what was trimmed while one was away is not waited for', async (t) => {
    const { site, open } = await startWeb(t, { workers: 1 });
    const alice = await site.register('alice');
    await site.register('bob');
    const b = await open();
    await b.signIn('bob', '#/r/general');
    const post = (text) => alice.api().must(201, 'POST', '/v1/rooms/general/messages', { text });
    await post('old');
    await b.sees('old');
    await b.page.context().setOffline(true);
    await b.notLive();
    for (let i = 0; i < 20; i++)
        await post(`missed ${i}`);
    await site.redis.command('XTRIM', 'wcc:room:{general}:log', 'MAXLEN', 5);
    await b.page.context().setOffline(false);
    await b.live();
    const left = Array.from({ length: 5 }, (_, i) => `missed ${15 + i}`);
    await shows(b, left, 'bob');
    await post('and on');
    await shows(b, [...left, 'and on'], 'bob');
    b.quiet();
});

test('what is half written stays, each user\'s own', async (t) => {
    const { site, open } = await startWeb(t, { workers: 1 });
    const alice = await site.register('alice');
    await site.register('bob');
    await alice.api().must(201, 'POST', '/v1/rooms', { id: 'plans' });
    const a = await open();
    const shows = (text) => eventually(async () => await a.page.inputValue('#composer') === text, { what: `"${text}" to be there` });
    await a.signIn('alice', '#/r/general');
    await a.say('helo');
    await a.sees('helo');
    await a.page.fill('#composer', 'half a th');
    await a.page.reload();
    await a.live();
    await shows('half a th');

    // An edit is begun, left, gone on with, given up; a second one is sent. The text that was there before comes back.
    const edit = async () => {
        await a.page.locator('.message').hover();
        await a.page.getByRole('button', { name: 'Edit', exact: true }).first().click();
    };
    await edit();
    await shows('helo');
    await a.page.fill('#composer', 'hello');
    await a.go('#/r/plans');
    await shows('');
    await a.go('#/r/general');
    await shows('hello');
    await a.page.press('#composer', 'Escape');
    await shows('half a th');
    await edit();
    await a.say('hello there');
    await shows('half a th');
    await a.sees('hello there');

    // An edit that is refused is still there, with the reason.
    await edit();
    await a.page.route('**/messages/*', (route) => route.fulfill({ status: 403, json: { code: 'forbidden', detail: 'not now' } }));
    await a.say('hello you');
    await a.page.waitForSelector('.composer .error:has-text("Not now.")');
    await shows('hello you');
    await a.page.press('#composer', 'Escape');
    await shows('half a th');

    // The next user of the window sees nothing of it; alice does when she is back.
    await a.page.click('.account');
    await a.page.click('text=Sign out');
    await a.page.waitForSelector('#user');
    await a.signIn('bob', '#/r/general');
    await shows('');
    await a.page.click('.account');
    await a.page.click('text=Sign out');
    await a.page.waitForSelector('#user');
    await a.signIn('alice', '#/r/general');
    await shows('half a th');
    a.quiet();
});
