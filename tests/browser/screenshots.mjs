// node tests/browser/screenshots.mjs ENV OUT
// Fills a fresh site with a conversation and takes pictures of the web app: ENV is the file that scripts/up wrote, OUT the folder
// for the pictures. scripts/screenshots does both.
import fs from 'node:fs';
import path from 'node:path';

import { Api } from '../lib/http.mjs';
import { connectTelnet } from '../lib/telnet.mjs';
import { launchBrowser, openPage } from './pages.mjs';

const [, , envFile, out] = process.argv;
if (!out) {
    console.error('usage: node screenshots.mjs ENV OUT');
    process.exit(2);
}
const env = Object.fromEntries(fs.readFileSync(envFile, 'utf8').trim().split('\n').map((line) => {
    const [, name, value] = /^(\w+)=(.*)$/.exec(line);
    return [name, value];
}));
const PASSWORD = 'correct horse battery';
const people = new Map();

async function register(...names) {
    for (const user of names) {
        const api = new Api(env.HTTP_URL);
        await api.must(201, 'POST', '/v1/users', { user, password: PASSWORD });
        const { access_token } = await api.must(200, 'POST', '/v1/auth/token', { user, password: PASSWORD });
        people.set(user, api.as(access_token));
    }
}

async function makeRoom(owner, id, members, details) {
    await people.get(owner).must(201, 'POST', '/v1/rooms', { id, ...details });
    for (const user of members)
        await people.get(user).must(201, 'PUT', `/v1/rooms/${id}/members/${user}`, {});
}

const say = (user, where, text, more = {}) => people.get(user).must(201, 'POST', `/v1/${where}/messages`, { text, ...more });

/** What was said before alice came. */
async function before() {
    await register('alice', 'bob', 'carol', 'judy', 'omar', 'ci');
    await makeRoom('bob', 'release', ['alice', 'carol', 'judy', 'omar', 'ci'],
        { topic: 'Friday, 15:00 UTC', description: 'What goes out this week, and who is on call for it.' });
    await makeRoom('carol', 'kitchen', ['alice', 'bob', 'judy'], { topic: 'Bread on Wednesdays' });
    await makeRoom('judy', 'support', ['alice'], { topic: 'What people ask' });
    await say('alice', 'users/bob', 'Thanks for the review!');
    await say('carol', 'users/alice', 'Have you a minute before the call?');
    await say('judy', 'rooms/kitchen', 'There is cake. Be quick.');
    await say('bob', 'rooms/kitchen', 'On my way');
}

/** A conversation on four channels: pages, a terminal and a program. */
async function talk({ alice, bob, carol }) {
    await bob.say('Morning! Is anything still open for today?');
    await carol.sees('still open');
    await carol.say('The migration ran on the copy: 41 seconds, no locks. I would go ahead.');
    await alice.sees('41 seconds');
    await alice.say('Then only the notes are missing. I write them after lunch.');
    await bob.sees('notes are missing');
    await say('ci', 'rooms/release', 'main is green, 1,204 tests: https://ci.example.org/main/4711');
    const telnet = await connectTelnet({ host: env.TELNET_HOST, port: env.TELNET_PORT });
    await telnet.login('omar', PASSWORD);
    await telnet.ask('/switch release', /release/);
    telnet.send('on the train, only a terminal here');
    telnet.send('@alice could you mention the new limits?');
    await alice.sees('new limits');
    await alice.say('Will do. They are 100 messages a second now, and 1,000 at once.');
    await carol.sees('1,000 at once');
    await carol.say('/me crosses fingers');
    await bob.sees('crosses fingers');
    await bob.say('Thank you all. If anything looks odd, this is the way back:\n    scripts/up --workers 3');
    await say('judy', 'rooms/support', '@alice somebody asks about the limits, too');
    return telnet;
}

const DESK = { viewport: { width: 1180, height: 840 } };
const PHONE = { viewport: { width: 390, height: 780 }, hasTouch: true, isMobile: true };

async function picture({ page }, name) {
    await page.mouse.move(0, 0);
    await page.evaluate(() => document.fonts.ready);
    await page.screenshot({ path: path.join(out, `${name}.png`), animations: 'disabled', caret: 'hide' });
}

async function pictures(browser) {
    const enter = async (user, options) => {
        const page = await openPage(browser, env.HTTP_URL, { locale: 'en-GB', ...options });
        await page.signIn(user, '#/r/release', PASSWORD);
        return page;
    };
    const bob = await enter('bob', DESK), carol = await enter('carol', DESK);
    const light = await enter('alice', { ...DESK, colorScheme: 'light' });
    const telnet = await talk({ alice: light, bob, carol });
    const dark = await enter('alice', { ...DESK, colorScheme: 'dark' });
    const phone = await enter('alice', { ...PHONE, colorScheme: 'light' });
    const list = await enter('alice', { ...PHONE, colorScheme: 'dark' });
    await list.page.click('#menu-button');
    await list.page.waitForSelector('.with-drawer');
    await carol.page.locator('#composer').pressSequentially('and');
    for (const page of [light, dark, phone]) {
        await page.sees('the way back');
        await page.page.waitForSelector('.typing:has-text("carol is typing")');
    }
    await Promise.all([picture(light, 'desk-light'), picture(dark, 'desk-dark'), picture(phone, 'phone-light'), picture(list, 'phone-dark')]);
    telnet.close();
}

const browser = await launchBrowser();
try {
    await before();
    await pictures(browser);
} finally {
    await browser.close();
}
