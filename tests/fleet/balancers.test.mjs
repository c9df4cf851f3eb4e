// scripts/up --workers: HAProxy and nginx from the files in deploy/, and whose word on addresses is taken.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import net from 'node:net';
import test from 'node:test';

import { eventually, within } from '../lib/eventually.mjs';
import { request } from '../lib/http.mjs';
import { PASSWORD } from '../lib/site.mjs';
import { connectTelnet, Telnet } from '../lib/telnet.mjs';
import { startUp } from './up.mjs';

/** A telnet client whose own address is `from`. */
async function telnetFrom(from, port) {
    const socket = net.connect({ port, host: '127.0.0.1', localAddress: from });
    await within(5000, new Promise((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
    }), 'the connection');
    return new Telnet(socket, { negotiate: false, columns: 80, rows: 24 });
}

async function addresses(site, user) {
    const fields = await site.redis('HGETALL', `wcc:user:{${user}}:sessions`);
    return fields.filter((_, i) => i % 2 === 1).map((value) => value.split(' ')[1]);
}

test('telnet through HAProxy, HTTP through nginx: client addresses, and no forged ones', async (t) => {
    const site = await startUp(t, { workers: 2 });
    const { TELNET_PORT, WORKER_TELNET_PORTS, WORKER_HTTP_URLS } = site.env;
    assert.ok(!WORKER_TELNET_PORTS.includes(TELNET_PORT), 'TELNET_PORT is the balancer\'s');
    await site.register('alice');
    await site.register('bob');
    await site.register('carol');

    const through = await telnetFrom('127.0.0.9', TELNET_PORT);
    await through.login('alice', PASSWORD);
    await eventually(async () => assert.deepEqual(await addresses(site, 'alice'), ['127.0.0.9']) ?? true);

    // a direct client is served, and what it says of itself is a name like any other
    const direct = await connectTelnet({ port: WORKER_TELNET_PORTS[1] });
    await direct.login('bob', PASSWORD);
    await eventually(async () => assert.deepEqual(await addresses(site, 'bob'), ['127.0.0.1']) ?? true);
    const forger = await connectTelnet({ port: WORKER_TELNET_PORTS[0] });
    await forger.expect('login: ');
    forger.send('PROXY TCP4 192.0.2.7 192.0.2.1 50000 23');
    await forger.expect(/password: |error: /);
    forger.close();

    // the balancer's address without its header is refused
    const silent = await telnetFrom('127.0.0.2', WORKER_TELNET_PORTS[0]);
    silent.send('alice');
    await silent.untilClosed();
    assert.equal(silent.text, '');

    // they hear each other across workers
    direct.send('hello from bob');
    await through.expect('bob: hello from bob');

    // whoever asks nginx with a forged header is delayed by their own address, not by the forged one
    await site.redis('DEL', 'wcc:login:{a:127.0.0.1}', 'wcc:login:{a:192.0.2.7}');
    const wrong = { body: { user: 'carol', password: 'not the password' }, headers: { 'x-forwarded-for': '192.0.2.7' } };
    assert.equal((await request('POST', `${site.env.HTTP_URL}/v1/auth/token`, wrong)).status, 401);
    assert.equal(await site.redis('EXISTS', 'wcc:login:{a:192.0.2.7}'), 0);
    assert.equal(await site.redis('EXISTS', 'wcc:login:{a:127.0.0.1}'), 1);
    // a worker takes it from its trusted proxy
    assert.equal((await request('POST', `${WORKER_HTTP_URLS[0]}/v1/auth/token`, wrong)).status, 401);
    assert.equal(await site.redis('EXISTS', 'wcc:login:{a:192.0.2.7}'), 1);

    const h2 = http2.connect(site.env.HTTPS_URL, { rejectUnauthorized: false });
    const stream = h2.request({ ':path': '/readyz' });
    const [headers] = await within(5000, new Promise((resolve, reject) => {
        stream.once('response', (...all) => resolve(all));
        h2.once('error', reject);
    }), 'an answer over HTTP/2');
    assert.equal(headers[':status'], 200);
    h2.destroy();
    for (const telnet of [through, direct])
        telnet.close();
});

test('a worker that is killed gets no new connections; the other takes them', async (t) => {
    const site = await startUp(t, { workers: 2 });
    await site.register('alice');
    const workers = async () => (await site.redis('HKEYS', 'wcc:user:{alice}:sessions')).map((name) => name.split('/')[0]);
    const open = async () => {
        const telnet = await connectTelnet({ port: site.env.TELNET_PORT });
        await telnet.login('alice', PASSWORD);
        return telnet;
    };
    const first = [await open(), await open()];
    assert.equal(new Set(await workers()).size, 2, 'the two have one each');
    process.kill(Number(site.env.WORKER_PIDS[0]), 'SIGKILL');
    await eventually(() => first.filter((telnet) => telnet.closed).length === 1, { what: 'its connection to end' });
    // The kernel closes what the dead had open one after the other, the connection before the listener: whoever comes
    // in between is let in by nobody, is cut off, and comes again.
    const refused = () => connectTelnet({ port: site.env.WORKER_TELNET_PORTS[0] }).then((telnet) => telnet.close(), () => true);
    await eventually(refused, { what: 'its port to be closed' });
    for (let i = 0; i < 4; i++)
        (await open()).close();
    first.find((telnet) => !telnet.closed).close();
});
