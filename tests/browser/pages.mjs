// Pages of the web app in Debian's Chromium, on real workers behind nginx.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';

import { chromium } from 'playwright-core';

import { eventually } from '../lib/eventually.mjs';
import { startNginx } from '../lib/nginx.mjs';
import { BUILD, ROOT } from '../lib/process.mjs';
import { PASSWORD, startSite } from '../lib/site.mjs';

export const WEB = path.join(BUILD, 'web');
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];

export const room = (name) => `wcchat://rooms/${name}`;
export const direct = (name) => `wcchat://users/${name}`;

/** A site of two workers with the web app, nginx, and a browser; all ends with the test `t`. */
export async function startWeb(t, { workers = 2, args = [], redis = {} } = {}) {
    assert.ok(fs.existsSync(path.join(WEB, 'index.html')), `${WEB} is not built: scripts/test builds it`);
    const site = await startSite({ workers, args: ['--web', WEB, '--http-trusted', '127.0.0.1', ...args], redis });
    t.after(() => site.stop());
    const nginx = await startNginx(site);
    t.after(() => nginx.stop());
    const browser = await launchBrowser();
    t.after(() => browser.close());
    return { site, url: nginx.url, open: (options) => openPage(browser, nginx.url, options) };
}

export function launchBrowser() {
    return chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: FLAGS });
}

/** A page in a profile of its own, not signed in. What it complains of is kept in `complaints`. */
export async function openPage(browser, url, options = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(20000);
    return new Page(await context.newPage(), url);
}

export class Page {
    constructor(page, url) {
        this.page = page;
        this.url = url;
        this.complaints = [];
        this.session = null; // as session.open named it: worker/channel/number
        this.sockets = 0; // how many WebSockets there were
        this.renewals = 0; // how often the session got a new token
        page.on('console', (message) => {
            if (message.type() === 'error' || message.type() === 'warning')
                this.complaints.push(message.text());
        });
        page.on('pageerror', (error) => this.complaints.push(error.stack ?? String(error)));
        page.on('websocket', (socket) => this.#watch(socket));
    }

    #watch(socket) {
        this.sockets++;
        socket.on('framereceived', ({ payload }) => {
            this.session = /"result":{"session":"([^"]+)"/.exec(String(payload))?.[1] ?? this.session;
        });
        socket.on('framesent', ({ payload }) => {
            this.renewals += /"op":"session.auth"/.test(String(payload)) ? 1 : 0;
        });
    }

    /** Opens the site at `where` (as `#/r/general`) and signs in. */
    async signIn(user, where = '', password = PASSWORD) {
        await this.page.goto(`${this.url}/${where}`);
        await this.page.fill('#user', user);
        await this.page.fill('#password', password);
        await this.page.click('button.primary');
        await this.live();
    }

    /** Waits for the connection to be live. */
    async live() {
        await eventually(() => this.session !== null, { timeout: 20000, what: 'a session' });
        await this.page.waitForFunction(() => document.querySelector('#connection-state')?.textContent === 'Live');
    }

    async notLive() {
        await this.page.waitForFunction(() => document.querySelector('#connection-state')?.textContent !== 'Live');
    }

    /** The id of the worker that has the page's session. */
    get worker() {
        return this.session?.split('/')[0];
    }

    /** Until the page's session is on another worker than `other`'s: nginx gives them out in turn. */
    async onAnotherWorkerThan(other) {
        for (let i = 0; i < 10 && this.worker === other.worker; i++) {
            this.session = null;
            await this.page.reload();
            await this.live();
        }
        assert.notEqual(this.worker, other.worker);
    }

    async go(hash) {
        await this.page.evaluate((to) => { location.hash = to; }, hash);
        const name = hash.replace(/^#\/[a-z]\//, '');
        await this.page.waitForSelector(`#composer[placeholder$="${name}"], .join-bar, .empty`);
    }

    /** Types a text and sends it, once no dialog is in the way: it has the keyboard until it is gone. */
    async say(text) {
        await this.page.waitForFunction(() => document.querySelector('dialog') === null);
        await this.page.fill('#composer', text);
        await this.page.press('#composer', 'Enter');
    }

    /** Waits until a message with this text is shown. */
    async sees(text) {
        await this.page.locator('.message:not(.pending) .text', { hasText: text }).first().waitFor();
    }

    /** The texts of all messages that are shown, those on their way too. */
    texts() {
        return this.page.$$eval('.message .text', (all) => all.map((one) => one.textContent));
    }

    /** What the list shows beside a conversation: a number, `@` and a number with mentions, or ''; null when it is not there. */
    badge(target) {
        return this.page.evaluate((name) => {
            const entry = document.querySelector(`[data-target="${name}"]`);
            return entry && (entry.querySelector('.count [aria-hidden]')?.textContent ?? '');
        }, target);
    }

    async showsBadge(target, text) {
        await eventually(async () => await this.badge(target) === text, { timeout: 15000, what: `${target} to show "${text}"` });
    }

    /** Nothing serious or critical, by axe-core. */
    async accessible(what) {
        if (!await this.page.evaluate(() => 'axe' in window))
            await this.page.evaluate(fs.readFileSync(path.join(ROOT, 'tests/node_modules/axe-core/axe.min.js'), 'utf8'));
        const found = await this.page.evaluate(async () => (await window.axe.run(document, { resultTypes: ['violations'] })).violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html).join(' | ')}`));
        assert.deepEqual(found, [], what);
    }

    /** Nothing was written to the console but what a lost connection makes the browser itself say. */
    quiet() {
        const own = this.complaints.filter((text) => !/WebSocket connection to|Failed to load resource|net::ERR_/.test(text));
        assert.deepEqual(own, []);
    }
}

/** The texts of a conversation (`rooms/general`) as the server has them. */
export async function truth(account, path, worker = 0) {
    const { items } = await account.api(worker).must(200, 'GET', `/v1/${path}/messages?limit=200`);
    return items.map(({ text }) => text);
}

/** Waits until the page shows these texts, each once and in this order, and no others. */
export async function shows(page, texts, what) {
    await eventually(async () => {
        const seen = await page.texts();
        return seen.length === texts.length && seen.every((text, i) => text === texts[i]);
    }, { timeout: 20000, what: `${what} to show all ${texts.length} messages once` }).catch(async (error) => {
        assert.deepEqual(await page.texts(), texts, error.message);
        throw error;
    });
}
