// How a worker serves the web app: types, compression, caching, the security policy, and nothing beside it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';

import { request } from '../lib/http.mjs';
import { startSite } from '../lib/site.mjs';
import { WEB } from './pages.mjs';

async function start(t, args = ['--web', WEB]) {
    const site = await startSite({ args });
    t.after(() => site.stop());
    return (where, options = {}) => request(options.method ?? 'GET', site.workers[0].httpUrl + where, { keepAlive: false, ...options });
}

/** The bytes of an answer in some encoding. */
async function encoded(site, where, encoding) {
    const response = await fetch(site + where, { headers: { 'accept-encoding': encoding } });
    return { response, text: await response.text() };
}

test('the page and what it is made of', async (t) => {
    const site = await startSite({ args: ['--web', WEB] });
    t.after(() => site.stop());
    const base = site.workers[0].httpUrl;
    const page = await fetch(`${base}/`);
    const html = await page.text();
    assert.equal(page.status, 200);
    assert.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(page.headers.get('cache-control'), 'no-cache');
    assert.equal(html, fs.readFileSync(path.join(WEB, 'index.html'), 'utf8'));
    const policy = page.headers.get('content-security-policy');
    assert.match(policy, /default-src 'none'/);
    assert.match(policy, /script-src 'self'/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.doesNotMatch(html, /<script(?![^>]*src=)|<style|style=| on\w+=/, 'nothing inline');
    const again = await fetch(`${base}/`, { headers: { 'if-none-match': page.headers.get('etag') } });
    assert.equal(again.status, 304);

    const names = [...new Set([...html.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, name]) => name))];
    assert.ok(names.length > 30, `${names.length} files`);
    const types = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8', svg: 'image/svg+xml', txt: 'text/plain; charset=utf-8' };
    for (const name of names) {
        const plain = fs.readFileSync(path.join(WEB, name), 'utf8');
        for (const [encoding, as] of [['br', 'br'], ['gzip', 'gzip'], ['identity', null]]) {
            const { response, text } = await encoded(base, name, encoding);
            assert.equal(response.status, 200);
            assert.equal(response.headers.get('content-encoding'), as, name);
            assert.equal(text, plain, `${name} as ${encoding}`);
            assert.equal(response.headers.get('content-type'), types[name.split('.').at(-1)], name);
            assert.equal(response.headers.get('cache-control'), 'public, max-age=31536000, immutable');
            assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
            assert.equal(response.headers.get('content-security-policy'), policy);
        }
    }
});

test('nothing else of the disk is served, and no page without --web', async (t) => {
    const secret = path.join(WEB, 'assets', '.hidden.txt');
    const get = await start(t);
    fs.writeFileSync(secret, 'secret');
    t.after(() => fs.rmSync(secret));
    for (const where of ['/index.html', '/assets/', '/assets', '/assets/none.js', '/assets/.hidden.txt', '/assets/../index.html',
        '/assets/%2e%2e/index.html', '/assets/..%2findex.html', '/assets/../../../../../../etc/passwd', '/assets//etc/passwd',
        '/assets/%2e%2e%2f%2e%2e%2fetc%2fpasswd', '/assets/x%00.js', '//etc/passwd', '/assets/../assets/.hidden.txt']) {
        const { status, text } = await get(where);
        assert.ok(status === 404 || status === 400, `${where}: ${status}`);
        assert.doesNotMatch(text, /root:|secret|<html/, where);
    }
    assert.equal((await get('/', { method: 'HEAD' })).status, 200);
    assert.notEqual((await get('/', { method: 'POST', body: {} })).status, 200);
    assert.equal((await get('/v1/nowhere')).status, 404);
    const without = await start(t, []);
    assert.equal((await without('/')).status, 404);
});
