// axe-core finds nothing serious, in light and dark, on a desk and on a phone.
import assert from 'node:assert/strict';
import test from 'node:test';

import { startWeb } from './pages.mjs';

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Something of everything that a conversation can show. */
async function fill(site) {
    const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map((name) => site.register(name)));
    const say = (who, path, text, more = {}) => who.api().must(201, 'POST', `/v1/${path}/messages`, { text, ...more });
    await alice.api().must(201, 'POST', '/v1/rooms', { id: 'plans', topic: 'What next', description: 'Where we plan.' });
    for (const { user } of [bob, carol])
        await alice.api().must(201, 'PUT', `/v1/rooms/plans/members/${user}`, {});
    await say(bob, 'rooms/plans', 'See https://example.org/, @alice');
    await say(bob, 'rooms/plans', 'and this');
    await say(carol, 'rooms/plans', 'waves', { action: true });
    await say(bob, 'users/alice', 'a word with you');
    await bob.api().must(200, 'PUT', '/v1/presence', { status: 'away', text: 'lunch' });
}

async function throughDialogs(a) {
    const open = async (what, selector) => {
        await a.page.click(what);
        await a.page.waitForSelector(selector);
        await a.accessible(what);
        await a.page.keyboard.press('Escape');
        await a.page.waitForFunction(() => !document.querySelector('dialog'));
    };
    await open('[aria-label="Create a room"]', '#field-id');
    await open('[aria-label="Browse rooms"]', '.directory li');
    await open('[aria-label="Write to somebody"]', '#field-user');
    await open('.jump', '.switcher-list li');
    await open('.about .button:has-text("Edit")', '#field-topic');
    await open('.about .button:has-text("Invite")', '#field-user');
    await a.page.click('.account');
    await a.accessible('the account menu');
    await open('text=Keyboard', '.keys');
}

for (const colorScheme of ['light', 'dark']) {
    test(`accessible in ${colorScheme}`, async (t) => {
        const { site, url, open } = await startWeb(t, { workers: 1 });
        await fill(site);
        const a = await open({ colorScheme });
        await a.page.goto(url);
        await a.page.waitForSelector('#user');
        await a.accessible('sign in');
        await a.page.click('text=Create an account');
        await a.page.click('button.primary');
        await a.page.waitForSelector('#user-error');
        await a.accessible('register');
        await a.page.reload();
        await a.signIn('alice', '#/r/plans');
        await a.sees('waves');
        await a.page.waitForSelector('.panel .tag');
        await a.accessible('a room');
        await a.page.keyboard.type('@b');
        await a.page.waitForSelector('.completions li');
        await a.accessible('completion of names');
        await a.page.fill('#composer', '');
        await throughDialogs(a);
        await a.go('#/u/bob');
        await a.sees('a word with you');
        await a.accessible('a direct conversation');
        await a.page.context().setOffline(true);
        await a.notLive();
        await a.say('on its way');
        await a.page.waitForSelector('.connection p');
        await a.accessible('offline');
        a.quiet();

        const phone = await open({ colorScheme, ...PHONE });
        await phone.signIn('alice', '#/r/plans');
        await phone.sees('waves');
        await phone.accessible('a room on a phone');
        assert.ok(await phone.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it fits the width');
        await phone.page.click('#menu-button');
        await phone.page.waitForSelector('.with-drawer');
        await phone.accessible('the list on a phone');
        await phone.page.keyboard.press('Escape');
        await phone.page.click('#panel-button');
        await phone.page.waitForSelector('.panel .tag');
        await phone.accessible('the members on a phone');
        phone.quiet();
    });
}
