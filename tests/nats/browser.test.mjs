// A browser over the NATS server's WebSocket listener: the example page, in Chromium, with somebody on telnet.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';

import { build } from 'esbuild';

import { launchBrowser, openPage } from '../browser/pages.mjs';
import { eventually } from '../lib/eventually.mjs';
import { ROOT, tempFolder } from '../lib/process.mjs';
import { PASSWORD } from '../lib/site.mjs';
import { startNatsSite, stopNatsSite } from './people.mjs';

const PAGE = path.join(ROOT, 'web/examples/nats.html');
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript' };

/** The page as its comment says that it is served: beside the client library, and with nats-core in one file. */
async function published() {
    const folder = tempFolder('wcchat-page');
    fs.copyFileSync(PAGE, path.join(folder, 'nats.html'));
    fs.cpSync(path.join(ROOT, 'web/client'), path.join(folder, 'client'), { recursive: true });
    await build({ entryPoints: [path.join(ROOT, 'tests/node_modules/@nats-io/nats-core/lib/mod.js')], bundle: true, format: 'esm',
        platform: 'browser', outfile: path.join(folder, 'bundle.js'), logLevel: 'error' });
    // What was CommonJS has one default export; the page imports names.
    fs.writeFileSync(path.join(folder, 'nats-core.js'), 'import all from "./bundle.js";\nexport const {jwtAuthenticator, wsconnect} = all;\n');
    return folder;
}

async function serve(t, folder) {
    const server = http.createServer((request, response) => {
        const file = path.join(folder, path.normalize(new URL(request.url, 'http://x').pathname));
        if (!fs.existsSync(file))
            return response.writeHead(404).end();
        return response.writeHead(200, { 'content-type': TYPES[path.extname(file)] }).end(fs.readFileSync(file));
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    return `http://127.0.0.1:${server.address().port}`;
}

test('the example page, in less than 60 lines', async (t) => {
    assert.ok(fs.readFileSync(PAGE, 'utf8').split('\n').length < 60);
    const origin = await serve(t, await published());
    const site = await startNatsSite({ workers: 2, args: ['--http-cors', origin, '--nats-ping', '1s'] });
    t.after(() => stopNatsSite(site));
    await site.register('adele');
    const bob = await site.telnet(await site.register('bob'), 1);
    const browser = await launchBrowser();
    t.after(() => browser.close());
    const { page, complaints } = await openPage(browser, origin);
    const log = () => page.textContent('#log');
    await page.goto(`${origin}/nats.html?site=${site.workers[0].httpUrl}`);
    await page.fill('#user', 'adele');
    await page.fill('#password', PASSWORD);
    await page.click('#login button');
    await page.waitForSelector('#say:not([hidden])').catch((error) => assert.fail(`${complaints.join('\n')}\n${error}`));

    await page.fill('#text', 'hello from a page');
    await page.press('#text', 'Enter');
    await bob.expect('adele: hello from a page');
    bob.send('hello from a terminal');
    await eventually(async () => (await log()).includes('bob: hello from a terminal'), { timeout: 15000 });

    await site.nats.restart();
    bob.send('while it was away');
    await eventually(async () => (await log()).includes('bob: while it was away'), { timeout: 30000, what: 'the page to be back' });
    assert.deepEqual((await log()).trim().split('\n'), ['adele: hello from a page', 'bob: hello from a terminal', 'bob: while it was away']);
});
