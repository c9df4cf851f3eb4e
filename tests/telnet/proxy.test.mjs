// The PROXY protocol, as a balancer speaks it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { PASSWORD, startSite } from '../lib/site.mjs';
import { signUp } from './people.mjs';

const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];

let site;

before(async () => {
    site = await startSite();
    (await signUp(site, 'alice')).close();
    await site.addWorker({ args: ['--telnet-proxy'] });
});
after(() => site.stop());

function v2(command, family, body) {
    return [...SIGNATURE, 0x20 | command, family, body.length >> 8, body.length & 255, ...body];
}

/** Where the session of `alice` comes from, as Redis has it. */
async function addresses() {
    const sessions = await site.redis.hash('wcc:user:{alice}:sessions');
    return Object.values(sessions).map((value) => value.split(' ')[1]);
}

async function comesFrom(header, address) {
    const telnet = await site.connect(1);
    telnet.sendRaw(header);
    await telnet.login('alice', PASSWORD);
    await eventually(async () => (await addresses()).includes(address), { what: `a session from ${address}` });
    telnet.close();
}

test('version 1', async () => {
    await comesFrom('PROXY TCP4 192.0.2.7 192.0.2.1 50000 23\r\n', '192.0.2.7');
    await comesFrom('PROXY TCP6 2001:db8::7 2001:db8::1 50000 23\r\n', '2001:db8::7');
    await comesFrom('PROXY UNKNOWN whatever comes here\r\n', '127.0.0.1');
});

test('version 2', async () => {
    await comesFrom(v2(1, 0x11, [192, 0, 2, 9, 192, 0, 2, 1, 0xc3, 0x50, 0, 23]), '192.0.2.9');
    const tlv = [4, 0, 3, 1, 2, 3];
    await comesFrom(v2(1, 0x11, [192, 0, 2, 10, 192, 0, 2, 1, 0xc3, 0x50, 0, 23, ...tlv]), '192.0.2.10');
    const v6 = [0x20, 0x01, 0x0d, 0xb8, ...Array(11).fill(0), 9];
    await comesFrom(v2(1, 0x21, [...v6, ...v6, 0xc3, 0x50, 0, 23]), '2001:db8::9');
    await comesFrom(v2(0, 0x00, []), '127.0.0.1');
});

test('nothing is said before the header, and pieces of it are put together', async () => {
    const telnet = await site.connect(1);
    for (const byte of Buffer.from('PROXY TCP4 192.0.2.8 192.0.2.1 50000 23\r')) {
        telnet.sendRaw([byte]);
        await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(telnet.raw.length, 0);
    telnet.sendRaw(`\nalice\r\n${PASSWORD}\r\n`);
    await telnet.expect('welcome alice');
    telnet.close();
});

test('a health check is a connection like any other', async () => {
    const telnet = await site.connect(1);
    telnet.sendRaw(v2(0, 0x00, []));
    await telnet.expect('login: ');
    telnet.close();
});

test('anything else is refused without a word', async () => {
    const bad = [
        'alice\r\n',
        'PROXY TCP4 192.0.2.7 192.0.2.1 50000\r\n',
        'PROXY TCP4 192.0.2.7 192.0.2.1 50000 23 \r\n',
        'PROXY TCP4  192.0.2.7 192.0.2.1 50000 23\r\n',
        'PROXY TCP4 192.0.2.777 192.0.2.1 50000 23\r\n',
        'PROXY TCP4 2001:db8::7 192.0.2.1 50000 23\r\n',
        'PROXY TCP4 192.0.2.7 192.0.2.1 70000 23\r\n',
        'PROXY TCP4 192.0.2.7 192.0.2.1 50000 23\n',
        'PROXY UDP4 192.0.2.7 192.0.2.1 50000 23\r\n',
        'PROXY \r\n',
        'PROXY \n',
        `PROXY UNKNOWN ${'x'.repeat(200)}\r\n`,
        [...SIGNATURE, 0x10, 0x11, 0, 0],
        [...SIGNATURE, 0x22, 0x11, 0, 0],
        [...SIGNATURE, 0x21, 0x11, 0xff, 0xff],
        v2(1, 0x11, [1, 2, 3]),
        v2(1, 0x21, Array(12).fill(1)),
        v2(1, 0x41, Array(12).fill(1)),
    ];
    for (const header of bad) {
        const telnet = await site.connect(1);
        telnet.sendRaw(header);
        await telnet.untilClosed({ timeout: 4000 }).catch(() => assert.fail(`taken: ${JSON.stringify(header)}`));
        assert.equal(telnet.text, '');
    }
    assert.match(site.workers[1].log, /telnet: no PROXY header/);
});

test('a header that does not come in time', async () => {
    const telnet = await site.connect(1);
    telnet.sendRaw('PROXY ');
    await telnet.untilClosed();
    assert.equal(telnet.text, '');
});
