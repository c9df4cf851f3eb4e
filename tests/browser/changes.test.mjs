// Replies, edits, reactions and deletion in the web app, as both sides see them.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { startWeb } from './pages.mjs';

test('what is done to messages is seen by the other side at once, and after a reload', { timeout: 120000 }, async (t) => {
    const web = await startWeb(t);
    await web.site.register('alice');
    await web.site.register('bob');
    const [alice, bob] = [await web.open(), await web.open()];
    await alice.signIn('alice', '#/r/general');
    await bob.signIn('bob', '#/r/general');
    const message = (page, text) => page.page.locator('.message:not(.pending)', { has: page.page.locator('.text', { hasText: text }) });
    const act = async (page, text, label) => {
        await message(page, text).hover();
        await message(page, text).getByRole('button', { name: label, exact: true }).click();
    };

    await alice.say('helo');
    await bob.sees('helo');
    await act(alice, 'helo', 'Edit');
    await eventually(async () => await alice.page.inputValue('#composer') === 'helo', { what: 'the text to be there' });
    await alice.say('hello');
    await message(bob, 'hello').locator('.edited').waitFor();

    await act(bob, 'hello', 'Reply');
    await bob.page.locator('.writing', { hasText: 'alice' }).waitFor();
    await bob.say('good morning');
    await message(alice, 'good morning').locator('.quote', { hasText: 'alice hello' }).waitFor();

    await act(bob, 'good morning', 'React');
    await message(bob, 'good morning').getByRole('button', { name: 'React with 🎉' }).click();
    const reaction = (page) => message(page, 'good morning').locator('.reaction', { hasText: '🎉' });
    await reaction(alice).click();
    await eventually(async () => (await reaction(bob).textContent()) === '🎉 2', { what: 'both reactions' });
    assert.equal(await reaction(bob).getAttribute('aria-pressed'), 'true');
    await reaction(bob).click();
    await eventually(async () => (await reaction(alice).textContent()) === '🎉 1', { what: 'one to be taken back' });

    // The same by keyboard: the focus is never lost.
    const focused = () => alice.page.evaluate(() => document.activeElement.getAttribute('aria-label'));
    await message(alice, 'good morning').getByRole('button', { name: 'React', exact: true }).focus();
    await alice.page.keyboard.press('Enter');
    await message(alice, 'good morning').getByRole('button', { name: 'React with 👍' }).waitFor();
    await alice.page.keyboard.press('Tab');
    assert.equal(await focused(), 'React with 👍');
    await alice.page.keyboard.press('Enter');
    await message(bob, 'good morning').locator('.reaction', { hasText: '👍' }).waitFor();
    assert.equal(await focused(), 'React');
    await alice.page.keyboard.press('Escape');

    assert.equal(await message(alice, 'good morning').getByRole('button', { name: 'Edit', exact: true }).count(), 0);
    assert.equal(await message(alice, 'good morning').getByRole('button', { name: 'Delete', exact: true }).count(), 0);
    await alice.page.reload();
    await alice.sees('good morning');
    await message(alice, 'good morning').locator('.quote', { hasText: 'hello' }).waitFor();
    assert.equal(await reaction(alice).getAttribute('aria-pressed'), 'true');
    await message(alice, 'good morning').hover();
    await alice.accessible('messages with all that belongs to them');

    alice.page.on('dialog', (dialog) => dialog.accept());
    await act(alice, 'hello', 'Edit');
    await eventually(async () => await alice.page.inputValue('#composer') === 'hello', { what: 'the text to be there' });
    await alice.page.keyboard.press('Escape');
    await eventually(async () => await alice.page.inputValue('#composer') === '', { what: 'the text to be gone' });
    await act(alice, 'hello', 'Delete');
    await eventually(async () => JSON.stringify(await bob.texts()) === JSON.stringify(['good morning']), { what: 'the message to go' });
    await message(bob, 'good morning').locator('.quote', { hasText: 'not shown here' }).waitFor();
    alice.quiet();
    bob.quiet();
});
