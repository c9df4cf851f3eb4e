// The project's own client library over NATS, and the examples that use it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { connect, jwtAuthenticator } from '@nats-io/transport-node';

import { Client, Rest, Tokens, natsTransport } from '../../web/client/index.js';
import { eventually } from '../lib/eventually.mjs';
import { ROOT, tempFolder } from '../lib/process.mjs';
import { PASSWORD } from '../lib/site.mjs';
import { startNatsSite, stopNatsSite } from './people.mjs';

const GENERAL = 'wcchat://rooms/general';
const EXAMPLE = path.join(ROOT, 'web/examples/nats.mjs');
let site, adele, bob;

before(async () => {
    site = await startNatsSite({ workers: 2, args: ['--nats-ping', '1s'] });
    [adele, bob] = await Promise.all([site.register('adele'), site.register('bob')]);
});
after(() => stopNatsSite(site));

const say = (text, worker = 0) => bob.api(worker).must(201, 'POST', '/v1/rooms/general/messages', { text });

async function client(t) {
    const rest = new Rest(site.workers[0].httpUrl);
    const tokens = new Tokens(rest);
    await tokens.signIn(adele.user, PASSWORD);
    const made = new Client({ rest, tokens, pingTimeoutMs: 1500, timeoutMs: 3000, backoff: { firstMs: 50, mostMs: 500 },
        transport: natsTransport({ connect, jwtAuthenticator, rest, tokens }) });
    const seen = [];
    made.on('event', (event) => event.data.target === GENERAL && event.data.seq && seen.push(event));
    t.after(() => made.stop());
    made.start();
    await eventually(() => made.live, { what: 'the client to be live' });
    return { client: made, seen };
}

const texts = (seen) => seen.filter((event) => event.data.text).map((event) => event.data.text);

test('a session that is kept up, through a NATS server that restarts and a worker that dies', async (t) => {
    const { client: chat, seen } = await client(t);
    await chat.send('message.send', { target: GENERAL, text: 'one' });
    await eventually(() => texts(seen).includes('one'));
    await site.nats.restart();
    await say('two');
    await eventually(() => texts(seen).includes('two'), { timeout: 20000 });
    await eventually(() => chat.live, { timeout: 20000 });
    await site.workers[1].crash();
    site.workers.splice(1, 1);
    await say('three');
    await eventually(() => texts(seen).includes('three'), { timeout: 30000 });
    assert.deepEqual(texts(seen), ['one', 'two', 'three']);
    const seqs = seen.map((event) => event.data.seq);
    assert.deepEqual(seqs, seqs.map((_, i) => seqs[0] + i));
});

test('stopping ends the session', async (t) => {
    const { client: chat } = await client(t);
    const keys = await site.redis.command('KEYS', 'wcc:user:{adele}:nats:*');
    chat.stop();
    await eventually(async () => (await site.redis.command('KEYS', 'wcc:user:{adele}:nats:*')).length < keys.length);
});

/** The example beside the library, with the packages of the tests. */
function installed() {
    const folder = tempFolder('wcchat-example');
    fs.cpSync(path.join(ROOT, 'web/client'), path.join(folder, 'client'), { recursive: true });
    fs.cpSync(path.join(ROOT, 'web/examples'), path.join(folder, 'examples'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
    fs.symlinkSync(path.join(ROOT, 'tests/node_modules'), path.join(folder, 'node_modules'));
    return folder;
}

test('the example for Node, in less than 60 lines', async (t) => {
    assert.ok(fs.readFileSync(EXAMPLE, 'utf8').split('\n').length < 60);
    const child = spawn(process.execPath, [path.join(installed(), 'examples/nats.mjs'), site.workers[0].httpUrl, 'adele', PASSWORD]);
    t.after(() => child.kill('SIGKILL'));
    let out = '', err = '';
    child.stdout.on('data', (data) => { out += data; });
    child.stderr.on('data', (data) => { err += data; });
    await eventually(() => err.includes('[live]'), { timeout: 15000, what: `the example to be live: ${err}` });
    child.stdin.write('typed\n');
    await eventually(() => out.includes('adele: typed\n'), { timeout: 10000, what: `it to show what was typed: ${out} ${err}` });
    await say('answered');
    await eventually(() => out.includes('bob: answered\n'));
    child.stdin.end();
    await eventually(() => child.exitCode !== null, { timeout: 10000 });
    assert.equal(child.exitCode, 0, err);
});
