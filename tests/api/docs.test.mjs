// The page /docs: made of the descriptions, served by a worker, and fit to be read.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import { chromium } from 'playwright-core';

import { BUILD } from '../lib/process.mjs';
import { startSite } from '../lib/site.mjs';
import { ASYNCAPI, Description, OPENAPI, operationsOf } from './description.mjs';

const WEB = path.join(BUILD, 'web');
const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'];

let site, browser, url;

before(async () => {
    assert.ok(fs.existsSync(path.join(WEB, 'docs.html')), `${WEB} is not built: scripts/test builds it`);
    site = await startSite({ args: ['--web', WEB] });
    url = `${site.workers[0].httpUrl}/docs`;
    browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
});
after(async () => {
    await browser?.close();
    await site?.stop();
});

/** The page in a window of its own, which must have nothing to complain about. */
async function open(t, options) {
    const context = await browser.newContext(options);
    t.after(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(20000);
    const complaints = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(`${error}`));
    page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
    await page.goto(url);
    assert.deepEqual(complaints, []);
    return page;
}

describe('/docs', () => {
    test('is served with the descriptions beside it, under the policy of the web app', async () => {
        const page = await site.api().get('/docs');
        assert.deepEqual([page.status, page.headers['content-type']], [200, 'text/html; charset=utf-8']);
        assert.match(page.headers['content-security-policy'], /default-src 'none'/);
        assert.equal(page.headers['cache-control'], 'no-cache');
        assert.doesNotMatch(page.text, /<script|<style|\sstyle=|\son\w+=/);
        assert.doesNotMatch(page.text, /\[object|undefined/);
        for (const [name, file] of [['/openapi.yaml', OPENAPI], ['/asyncapi.yaml', ASYNCAPI]]) {
            const answer = await site.api().get(name);
            assert.deepEqual([answer.status, answer.headers['content-type']], [200, 'application/yaml']);
            assert.equal(answer.text, fs.readFileSync(file, 'utf8'), `${name} is that of the sources`);
        }
    });

    test('shows every operation, request, event and schema; all links lead somewhere', async (t) => {
        const page = await open(t);
        const ids = new Set(await page.locator('[id]').evaluateAll((nodes) => nodes.map((node) => node.id)));
        assert.equal(await page.locator('[id]').count(), ids.size, 'ids are unique');
        const openapi = new Description(OPENAPI);
        const asyncapi = new Description(ASYNCAPI).document;
        const shown = await page.locator('section.operation:has(.method)').evaluateAll((all) => all.map((one) => ({
            id: one.getAttribute('aria-labelledby'),
            path: one.querySelector('.path').textContent,
            method: one.querySelector('.method').textContent,
            responses: one.querySelectorAll('details.response').length,
        })));
        const expected = operationsOf(openapi)
            .map(({ id, path: at, method, responses }) => ({ id, path: at, method, responses: responses.length }));
        const byId = (a, b) => (a.id < b.id ? -1 : 1);
        assert.deepEqual(shown.sort(byId), expected.sort(byId));
        for (const message of Object.values(asyncapi.components.messages)) {
            if (message.payload.properties?.op)
                assert.ok(ids.has(`op-${message.name.replace(/[._]/g, '-')}`), message.name);
            else if (message.contentType)
                assert.ok(ids.has(`event-${message.name}`), message.name);
        }
        for (const name of [openapi.document, asyncapi].flatMap((one) => Object.keys(one.components.schemas)))
            assert.ok(ids.has(`schema-${name}`), name);
        const links = await page.locator('a[href^="#"]').evaluateAll((nodes) => nodes.map((node) => node.hash.slice(1)));
        assert.deepEqual([...new Set(links)].filter((id) => !ids.has(id)), []);
    });

    const LOOKS = [
        { name: 'in light on a desk', colorScheme: 'light', viewport: { width: 1280, height: 900 } },
        { name: 'in dark on a phone', colorScheme: 'dark', viewport: { width: 390, height: 844 } },
    ];
    for (const { name, ...options } of LOOKS) {
        test(`fits and is accessible ${name}`, async (t) => {
            const page = await open(t, options);
            await page.locator('details.contents, section:has(> #postMessage) details').evaluateAll((all) => all.forEach((one) => {
                one.open = true;
            }));
            const width = await page.evaluate(() => document.documentElement.scrollWidth);
            assert.ok(width <= options.viewport.width, `it is ${width} wide`);
            await page.evaluate(AXE);
            // The whole page has 2,000 elements of the same few kinds; looking at all of them takes minutes.
            const include = ['header', 'nav.contents', 'h1', '#tag-presence', '#postMessage', '#op-session-open',
                '#event-userjoined', '#schema-Problem'].map((one) => (one.startsWith('#') ? `section:has(> ${one})` : one));
            const { violations, passes } = await page.evaluate(
                (parts) => window.axe.run({ include: parts.map((part) => [part]) }), include);
            assert.ok(passes.some(({ id }) => id === 'color-contrast'), 'colours were looked at');
            assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)} (${nodes.length})`), []);
        });
    }

    test('its contents lead to an operation, with the keyboard too', async (t) => {
        const page = await open(t, { viewport: { width: 390, height: 844 } });
        await page.locator('details.contents > summary').press('Enter');
        await page.locator('details.contents a[href="#createRoom"]').press('Enter');
        await page.waitForFunction(() => document.getElementById('createRoom').getBoundingClientRect().top < 100);
        assert.equal(new URL(page.url()).hash, '#createRoom');
    });
});
