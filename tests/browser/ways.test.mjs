// The ways through the app: registering, signing in and out, rooms, the keyboard, a long history.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { room, startWeb } from './pages.mjs';

test('register, sign in, sign out, and a login that ends elsewhere', async (t) => {
    const { site, url, open } = await startWeb(t, { workers: 1 });
    await site.register('alice');
    const { page } = await open();
    await page.goto(url);
    await page.click('text=Create an account');
    await page.click('button.primary');
    await page.waitForSelector('#user-error');
    await page.fill('#user', 'alice');
    await page.fill('#password', 'short');
    await page.click('button.primary');
    await page.waitForSelector('#password-error');
    await page.fill('#password', 'long enough now');
    await page.click('button.primary');
    await page.waitForSelector('#user-error:has-text("taken")');
    await page.fill('#user', 'newcomer');
    await page.click('button.primary');
    await page.waitForSelector('#composer');
    assert.equal(await page.evaluate(() => location.hash), '#/r/general');

    // Signed out in one window is signed out in all.
    const second = await page.context().newPage();
    await second.goto(url);
    await second.waitForSelector('#composer');
    await page.click('.account');
    await page.click('text=Sign out');
    await page.waitForSelector('#user');
    await second.waitForSelector('#user');
    await second.close();
    assert.equal(await page.textContent('.lead'), 'Sign in to go on chatting.');
    await page.waitForFunction(() => location.hash === ''); // who comes next is not where this one was

    await page.fill('#user', 'newcomer');
    await page.fill('#password', 'not the password');
    await page.click('button.primary');
    await page.waitForSelector('.error:has-text("Name or password is wrong")');
    await page.fill('#password', 'long enough now');
    await page.click('button.primary');
    await page.waitForSelector('#composer');

    // Another password: here one goes on.
    await page.click('.account');
    await page.click('text=Password');
    await page.fill('#field-password', 'not the password');
    await page.fill('#field-new_password', 'longer than that');
    await page.click('dialog .button.primary');
    await page.waitForSelector('dialog .error:not(:empty)');
    await page.fill('#field-password', 'long enough now');
    await page.click('dialog .button.primary');
    await page.waitForSelector('.notice-bar:has-text("password is changed")');
    await page.fill('#composer', 'still here');
    await page.press('#composer', 'Enter');
    await page.waitForSelector('.message:not(.pending):has-text("still here")');

    const elsewhere = await site.login('newcomer', { password: 'longer than that' });
    await elsewhere.api().must(204, 'POST', '/v1/auth/logout', { everywhere: true });
    await page.waitForSelector('.lead:has-text("You have been signed out.")');
});

test('rooms: create, find, join, invite, change, leave', async (t) => {
    const { site, open } = await startWeb(t);
    const alice = await site.register('alice');
    await site.register('bob');
    const a = await open(), b = await open();
    await a.signIn('alice');
    await b.signIn('bob');

    await a.page.click('[aria-label="Create a room"]');
    await a.page.fill('#field-id', 'Bad Name!');
    await a.page.click('dialog .button.primary');
    await a.page.waitForSelector('dialog .error:not(:empty)');
    await a.page.fill('#field-id', 'plans');
    await a.page.fill('#field-topic', 'What next');
    await a.page.click('dialog .button.primary');
    await a.page.waitForSelector('.topic:has-text("What next")');
    await a.say('the first');

    // Bob finds it, looks, joins.
    await b.page.click('[aria-label="Browse rooms"]');
    await b.page.click('.directory a:has-text("#plans")');
    await b.sees('the first');
    assert.equal(await b.badge(room('plans')), null);
    await b.page.click('.join-bar button');
    await b.page.waitForSelector('#composer');
    await a.page.waitForSelector('.notice:has-text("bob joined")');
    await b.say('hello');
    await a.sees('hello');
    await b.page.click('.about .button:has-text("Leave")');
    await b.page.waitForSelector('.join-bar, .empty');
    await a.page.waitForSelector('.notice:has-text("bob left")');

    // Alice asks him back in, and gives the room another topic.
    await a.page.click('.about .button:has-text("Invite")');
    await a.page.fill('#field-user', 'bob');
    await a.page.click('dialog .button.primary');
    await b.page.waitForSelector(`[data-target="${room('plans')}"]`);
    await b.go('#/r/plans');
    await a.page.click('.about .button:has-text("Edit")');
    await a.page.fill('#field-topic', 'What else');
    await a.page.click('dialog .button.primary');
    await b.page.waitForSelector('.topic:has-text("What else")');

    // Removed, one sees it at once.
    await a.say('/kick bob too loud');
    await b.page.waitForSelector('.join-bar');
    assert.equal(await b.badge(room('plans')), null);

    // What one can't see any more is not there: banned, asked in again, and when the room is gone.
    const missing = (text) => b.page.waitForSelector(`.empty:has-text("${text}")`);
    await b.page.click('.join-bar button');
    await b.page.waitForSelector('#composer');
    await a.say('/ban bob');
    await missing('You are banned from #plans');
    assert.equal(await b.page.locator('.join-bar').count(), 0);
    await a.say('/unban bob');
    await a.sees('hello');
    await a.page.waitForSelector('.notice-bar:has-text("not banned any more")');
    await a.say('/invite bob');
    await b.sees('hello');
    await b.page.waitForSelector('#composer');
    await alice.api().must(204, 'DELETE', '/v1/rooms/plans');
    await missing('There is no room #plans');
    await b.page.goto('about:blank');
    await b.page.goto(b.url);
    await b.page.waitForFunction(() => location.hash === '#/r/general');
    a.quiet();
    b.quiet();
});

test('narrow pages: what lies over the conversation is closed, or closes when one goes there', async (t) => {
    const { site, open } = await startWeb(t, { workers: 1 });
    await site.register('alice');
    const laptop = await open({ viewport: { width: 1024, height: 700 } });
    await laptop.signIn('alice', '#/r/general');
    assert.equal(await laptop.page.locator('.panel').count(), 0);
    await laptop.page.click('#panel-button');
    await laptop.page.waitForSelector('.panel');
    const phone = await open({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    await phone.signIn('alice', '#/r/general');
    await phone.page.tap('#menu-button');
    await phone.page.waitForSelector('.with-drawer');
    await phone.page.tap(`[data-target="${room('general')}"]`);
    await phone.page.waitForFunction(() => !document.querySelector('.with-drawer'));
    laptop.quiet();
    phone.quiet();
});

test('many rooms: the list shows where one is, the directory what was asked for last', async (t) => {
    const { site, open } = await startWeb(t, { workers: 1 });
    const alice = await site.register('alice');
    for (let i = 10; i < 50; i++)
        await alice.api().must(201, 'POST', '/v1/rooms', { id: `room-${i}` });
    const a = await open();
    await a.signIn('alice', '#/r/room-49');
    await a.page.waitForFunction(() => document.querySelector('#conversations [aria-current]')?.getBoundingClientRect().bottom < innerHeight);
    await a.page.click('[aria-label="Browse rooms"]');
    await a.page.waitForSelector('.directory li');
    // The scroll bar belongs to what is in the dialog: a click on the dialog itself closes it.
    assert.ok(await a.page.evaluate(() => { const one = document.querySelector('dialog'); return one.scrollHeight <= one.clientHeight; }));
    await a.page.route('**/v1/rooms?q=g*', async (route) => {
        await new Promise((resolve) => setTimeout(resolve, 1500));
        await route.continue();
    });
    const slow = a.page.waitForResponse(/q=g/);
    await Promise.all([a.page.waitForRequest(/q=g/), a.page.fill('#browse-q', 'g')]);
    await a.page.fill('#browse-q', 'room-42');
    await slow;
    await eventually(async () => (await a.page.locator('.directory .name').allTextContents()).join() === '#room-42', { what: 'what begins with room-42' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual(await a.page.locator('.directory .name').allTextContents(), ['#room-42']);
    a.quiet();
});

test('by keyboard alone; typing is seen', async (t) => {
    const { site, open } = await startWeb(t);
    const alice = await site.register('alice');
    await site.register('bob');
    await alice.api().must(201, 'POST', '/v1/rooms', { id: 'plans' });
    await alice.api().must(201, 'PUT', '/v1/rooms/plans/members/bob', {});
    const a = await open(), b = await open();
    await b.signIn('bob', '#/r/plans');
    const { page } = a;
    await page.goto(a.url);
    const focusIn = (id) => page.waitForFunction((name) => document.activeElement.id === name, id);
    await focusIn('user');
    await page.keyboard.type('alice');
    await page.keyboard.press('Tab');
    await page.keyboard.type(alice.password);
    await page.keyboard.press('Enter');
    await a.live();
    await focusIn('composer');

    await page.keyboard.press('Control+k');
    await page.waitForSelector('.switcher-input');
    await page.keyboard.type('pla');
    await page.keyboard.press('Enter');
    await page.waitForFunction(() => location.hash === '#/r/plans');
    await focusIn('composer');

    await page.keyboard.type('hey @bo');
    await page.waitForSelector('.completions li');
    await b.page.waitForSelector('.typing:has-text("alice is typing")');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Shift+Enter');
    await page.keyboard.type('look');
    await page.keyboard.press('Enter');
    await b.sees('look');
    assert.deepEqual(await b.texts(), ['hey @bob \nlook']);
    await b.page.waitForFunction(() => document.querySelector('.typing').textContent === '');

    await page.waitForSelector('.message:not(.pending):has-text("look")');
    await page.keyboard.press('ArrowUp');
    await page.waitForSelector('.writing:has-text("Editing")');
    await page.keyboard.type(' here');
    await page.keyboard.press('Enter');
    await b.page.waitForSelector('.edited');
    assert.deepEqual(await b.texts(), ['hey @bob \nlook here']);

    await page.keyboard.press('Alt+ArrowUp');
    await page.waitForFunction(() => location.hash === '#/r/general');
    await page.goBack();
    await page.waitForFunction(() => location.hash === '#/r/plans');

    // Keys that come faster than the page is drawn.
    await page.keyboard.press('Control+k');
    await page.waitForSelector('.switcher-input:focus');
    await page.evaluate(() => {
        const field = document.activeElement;
        field.value = 'gener';
        field.dispatchEvent(new Event('input', { bubbles: true }));
        field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }));
    });
    await page.waitForFunction(() => location.hash === '#/r/general');
    a.quiet();
    b.quiet();
});

test('a long history: the mark of what is new, and everything above it', async (t) => {
    const { site, open } = await startWeb(t, { workers: 1 });
    const alice = await site.register('alice');
    await site.register('bob');
    await alice.api().must(201, 'POST', '/v1/rooms', { id: 'plans' });
    await alice.api().must(201, 'PUT', '/v1/rooms/plans/members/bob', {});
    const all = Array.from({ length: 400 }, (_, i) => `line ${i}`);
    for (const text of all)
        await alice.api().must(201, 'POST', '/v1/rooms/plans/messages', { text });
    const b = await open();
    await b.signIn('bob', '#/r/general');
    await b.showsBadge(room('plans'), '99+');
    await b.go('#/r/plans');
    await b.sees('line 399');
    await b.page.click('.to-marker');
    await b.page.waitForSelector('#new-messages');
    await b.sees('line 0');
    const top = await b.page.evaluate(() => document.querySelector('#new-messages').getBoundingClientRect().top);
    assert.ok(top > 0 && top < 800, `the mark is at ${top}`);
    assert.deepEqual(await b.texts(), all);

    // Scrolled up by hand, from the newest page on.
    await b.page.reload();
    await b.sees('line 399');
    await eventually(async () => {
        await b.page.evaluate(() => { document.querySelector('.scroller').scrollTop = 0; });
        return (await b.texts()).length === all.length;
    }, { timeout: 20000, interval: 100, what: 'all to be there' });
    assert.deepEqual(await b.texts(), all);
    // What comes now does not move what one reads.
    const place = () => b.page.evaluate(() => document.querySelector('.scroller').scrollTop);
    await b.page.evaluate(() => { document.querySelector('.scroller').scrollTop = 3000; });
    await b.page.waitForSelector('.to-bottom');
    const before = await place();
    await alice.api().must(201, 'POST', '/v1/rooms/plans/messages', { text: 'and one more' });
    await b.page.click('.to-bottom:has-text("1 new")', { trial: true });
    assert.equal(await place(), before);
    await b.page.click('.to-bottom');
    await b.sees('and one more');
    // What one writes, however long, leaves it at its end.
    const fromEnd = () => b.page.evaluate(() => {
        const one = document.querySelector('.scroller');
        return one.scrollHeight - one.scrollTop - one.clientHeight;
    });
    await b.page.focus('#composer');
    for (let i = 0; i < 8; i++) {
        await b.page.keyboard.type(`line ${i}`);
        await b.page.keyboard.press('Shift+Enter');
    }
    await b.page.keyboard.type('/no such command');
    await eventually(async () => await fromEnd() < 2, { what: 'the end to be in sight' });
    await b.page.fill('#composer', `/topic ${'x\n'.repeat(9)}`);
    await b.page.keyboard.press('Enter');
    await b.page.waitForSelector('.composer .error:not(:empty)');
    await alice.api().must(201, 'POST', '/v1/rooms/plans/messages', { text: 'and the last' });
    await b.sees('and the last');
    await eventually(async () => await fromEnd() < 2, { what: 'the end to be in sight again' });
    b.quiet();
});
