// Whatever comes: each has its clear answer, none a crash, a leak, or an effect on the line after it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { PASSWORD, startSite } from '../lib/site.mjs';
import { logIn, rawOf, signUp } from './people.mjs';

const IAC = 255, SE = 240, SB = 250, WILL = 251, DO = 253;

let site, alice;

before(async () => {
    // Without the sanitizer's quarantine, which keeps 256 MB of what was freed.
    const env = { ASAN_OPTIONS: 'detect_leaks=1:exitcode=99:strict_string_checks=1:quarantine_size_mb=1' };
    site = await startSite({ env });
    alice = await signUp(site, 'alice');
});
after(() => site.stop());

/** The connection still works, and nothing but what `alice` said last has come. */
async function stillFine(telnet, mark) {
    telnet.send(mark);
    await telnet.expect(new RegExp(`\\[general\\] \\d\\d:\\d\\d \\w+: ${mark}\\r\\n`));
}

function memory() {
    return site.workers[0].memory();
}

test('the longest text is taken, one byte more is not', async () => {
    const long = '\u00e9'.repeat(4096);
    alice.send(long);
    await alice.expect(`alice: ${long}\r\n`);
    alice.send(`${long}x`);
    await alice.expect('error: too_large ');
    alice.send(`/msg nobody-here ${long}`);
    await alice.expect('error: not_found ');
    await stillFine(alice, 'after-long');
});

test('a line that is far too long is refused once and costs nothing', async () => {
    const before = await memory();
    alice.sendRaw('x'.repeat(1024 * 1024));
    await alice.expect('error: too_large ');
    alice.sendRaw('\r\n');
    await stillFine(alice, 'after-mebibyte');
    assert.equal(alice.lines.filter((line) => line.startsWith('error: too_large a line may')).length, 1);
    assert.ok(await memory() - before < 8 * 1024 * 1024);
});

test('a too long line and a good one in one piece', async () => {
    alice.sendRaw(`${'y'.repeat(20000)}\r\nbehind-it\r\n`);
    await alice.expect('error: too_large ');
    await alice.expect('alice: behind-it\r\n');
});

test('invalid UTF-8, NUL and control characters', async () => {
    const bad = [[0xc3, 0x28], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80], [0xe2, 0x82],
        [0x00], [0x1b, 0x5b, 0x33, 0x31, 0x6d], [0x07], [0x7f], [0xc2, 0x9b]];
    for (const bytes of bad) {
        alice.sendRaw(Buffer.concat([Buffer.from('a'), Buffer.from(bytes), Buffer.from('b\r\n')]));
        await alice.expect('error: bad_text ');
        alice.sendRaw(Buffer.concat([Buffer.from('/msg alice '), Buffer.from(bytes), Buffer.from('b\r\n')]));
        await alice.expect('error: bad_text ');
    }
    await stillFine(alice, 'after-garbage');
});

test('all ends of a line, wherever the pieces are cut', async () => {
    const bytes = Buffer.from('e1\r\ne2\ne3\r\0e4\re5\r\n\r\n\n\r\0e6\r\n');
    for (const byte of bytes) {
        alice.sendRaw([byte]);
        await new Promise((resolve) => setImmediate(resolve));
    }
    await alice.expect('alice: e6\r\n');
    const said = alice.lines.map((line) => /alice: (e\d)$/.exec(line)?.[1]).filter(Boolean);
    assert.deepEqual(said, ['e1', 'e2', 'e3', 'e4', 'e5', 'e6']);
    assert.ok(!alice.lines.slice(-6).some((line) => line.startsWith('error')));
});

test('10,000 options cost little', async () => {
    const before = await memory();
    const options = [];
    for (let i = 0; i < 10000; i++)
        options.push(IAC, i % 2 ? WILL : DO, i % 255);
    alice.sendRaw(options);
    await stillFine(alice, 'after-options');
    assert.ok(rawOf(alice).length < 300 * 1024);
    assert.ok(await memory() - before < 4 * 1024 * 1024);
});

test('10,000 options before the login, and no end of a subnegotiation', async () => {
    const telnet = await site.connect();
    const options = [];
    for (let i = 0; i < 10000; i++)
        options.push(IAC, DO, i % 255);
    telnet.sendRaw(options);
    telnet.sendRaw([IAC, SB, 24, ...Array(40000).fill(65), IAC, SE]);
    await telnet.expect('login: ');
    telnet.sendRaw('\r\n');
    telnet.send('alice');
    await telnet.expect('password: ');
    telnet.send(PASSWORD);
    telnet.close();
    await stillFine(alice, 'after-subnegotiation');
});

test('malformed subnegotiations of every option', async () => {
    const telnet = await logIn(site, 'alice');
    for (let option = 0; option < 256; option++) {
        if (option === 86 || option === IAC) // 86 begins compression: the next test
            continue;
        for (const body of [[], [0], [1], [0, 65], [2, 0, 1, 3, 65, 0, 0], [0, 0, 0], [1, 2, 3, 4, 5], [IAC, IAC]])
            telnet.sendRaw([IAC, SB, option, ...body, IAC, SE]);
    }
    telnet.sendRaw([IAC, SB, 31, IAC, 200]);
    telnet.sendRaw([IAC, SE]);
    await stillFine(telnet, 'after-malformed');
    telnet.close();
});

test('a client that begins to compress is cut off: a bomb could follow', async () => {
    const telnet = await logIn(site, 'alice');
    telnet.sendRaw([IAC, SB, 86, IAC, SE, 0x78, 0x9c, 1, 2, 3]);
    await telnet.untilClosed();
    await stillFine(alice, 'after-compression');
});

test('half a command and close: nothing happens', async () => {
    const telnet = await logIn(site, 'alice');
    telnet.sendRaw('/create half-a-room');
    telnet.socket.end();
    await telnet.untilClosed();
    const another = await logIn(site, 'alice');
    another.sendRaw('half a text');
    await new Promise((resolve) => another.socket.write('', resolve));
    another.close();
    await stillFine(alice, 'after-half');
    await alice.ask('/rooms half', '* no such rooms');
    assert.ok(!alice.text.includes('half a text'));
});

test('closed in the middle of everything', async () => {
    for (let i = 0; i < 20; i++) {
        const telnet = await site.connect();
        telnet.sendRaw(`alice\r\n${PASSWORD}\r\n/whoami\r\n${'text\r\n'.repeat(i)}/history\r\n`.slice(0, 20 + i * 7));
        telnet.socket.resetAndDestroy();
    }
    await stillFine(alice, 'after-closes');
    await eventually(async () => {
        const { text } = await site.api().get('/metrics');
        return /^wcchat_telnet_connections 1$/m.test(text);
    }, { what: 'one connection to be left' });
});

test('who shuts down the sending side still gets all answers', async () => {
    const telnet = await site.connect();
    telnet.sendRaw(`alice\r\n${PASSWORD}\r\n/whoami\r\n/create closing-time\r\n/who\r\n`);
    telnet.socket.end();
    await telnet.expect('welcome alice');
    await telnet.expect('* you are alice');
    await telnet.expect('* created closing-time');
    await telnet.expect('alice owner online');
    await telnet.untilClosed();
});

test('thousands of commands at once are answered one after the other', async () => {
    const telnet = await logIn(site, 'alice');
    telnet.sendRaw('/help\r\n'.repeat(3000) + '/whoami\r\n');
    await telnet.expect('* you are alice', { timeout: 30000 });
    assert.equal(telnet.lines.filter((line) => line.startsWith('/quit ')).length, 3000);
    telnet.close();
});

test('too many answers for who does not read them: the worker stops reading, and goes on', async () => {
    const telnet = await logIn(site, 'alice');
    const before = await memory();
    telnet.pause();
    for (let i = 0; i < 100; i++)
        telnet.sendRaw('/help\r\n'.repeat(100));
    await stillFine(alice, 'meanwhile');
    assert.ok(await memory() - before < 3 * 1024 * 1024);
    telnet.resume();
    telnet.sendRaw('/whoami\r\n');
    await telnet.expect('* you are alice', { timeout: 120000 });
    telnet.close();
});

test('the last words arrive although the client sent more than was wanted', async () => {
    const telnet = await logIn(site, 'alice');
    const sent = async () =>
        Number(/^wcchat_telnet_sent_bytes_total (\d+)$/m.exec((await site.api().get('/metrics')).text)[1]);
    const before = await sent();
    telnet.pause();
    telnet.sendRaw(`${'/help\r\n'.repeat(300)}/quit\r\n${'x'.repeat(200000)}`);
    // All of it is in the kernel's hands; a reset would take it back.
    await eventually(async () => await sent() - before > 300 * 1000, { what: 'the answers to be written' });
    telnet.resume();
    await telnet.expect(/bye\r\n$/);
    assert.equal(telnet.lines.filter((line) => line.startsWith('/quit ')).length, 300);
});
