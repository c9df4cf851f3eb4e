// Logging in, registering, and everything that can go wrong with it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { PASSWORD, startSite } from '../lib/site.mjs';
import { logIn, rawOf, signUp } from './people.mjs';

const IAC_WILL_ECHO = Buffer.from([255, 251, 1]);
const IAC_WONT_ECHO = Buffer.from([255, 252, 1]);

let site;

before(async () => {
    site = await startSite({ workers: 2 });
    (await signUp(site, 'alice')).close();
});
after(() => site.stop());

test('a program sees prompts and lines only', async () => {
    const alice = await logIn(site, 'alice');
    assert.deepEqual(alice.lines.slice(0, 2), ['login: password: ', 'welcome alice']);
    alice.send('/whoami');
    await alice.expect('* you are alice');
    assert.ok(!alice.text.includes('> '), 'no prompt for a program');
    assert.ok(!alice.text.includes('\x1b'), 'no escape sequences for a program');
    alice.close();
});

test('the login prompt does not wait for the negotiation', async () => {
    // Sooner than the 300 ms that the negotiation has; a machine that is busy may need a few attempts.
    await eventually(async () => {
        const telnet = await site.connect();
        try {
            return await telnet.expect('login: ', { timeout: 250 });
        } finally {
            telnet.close();
        }
    }, { what: 'a prompt within 250 ms' });
});

test('an account made on one worker is good on another', async () => {
    (await signUp(site, 'wanderer', 0)).close();
    const telnet = await logIn(site, 'wanderer', 1);
    telnet.close();
});

test('everything sent at once is taken in order', async () => {
    const telnet = await site.connect();
    telnet.sendRaw(`alice\r\n${PASSWORD}\n/whoami\r\0one\r\ntwo\r\n/quit\r\n`);
    await telnet.expect('welcome alice');
    await telnet.expect('* you are alice');
    await telnet.expect('bye');
    await telnet.untilClosed();
});

test('a wrong password is refused, a right one is taken after it', async () => {
    const telnet = await site.connect();
    await telnet.expect('login: ');
    telnet.send('alice');
    await telnet.expect('password: ');
    telnet.send('not this one');
    await telnet.expect(/error: unauthenticated the user or the password is wrong\r\nlogin: $/);
    telnet.send('alice');
    await telnet.expect('password: ');
    telnet.send(PASSWORD);
    await telnet.expect('welcome alice');
    telnet.close();
});

test('nobody and a name that can be nobody are refused alike', async () => {
    for (const name of ['nobody', 'Not A Name', '\u00e9', 'x'.repeat(500)]) {
        const telnet = await site.connect();
        await telnet.expect('login: ');
        telnet.send(name);
        await telnet.expect('password: ');
        telnet.send('something long');
        await telnet.expect(/error: (unauthenticated the user or the password is wrong|rate_limited )/);
        telnet.close();
    }
});

test('five tries, then it is over', async () => {
    const telnet = await site.connect();
    for (let i = 0; i < 5; i++) {
        await telnet.expect('login: ');
        telnet.send('Nobody');
        await telnet.expect('password: ');
        telnet.send('whatever it is');
        await telnet.expect('error: unauthenticated');
    }
    await telnet.untilClosed();
});

test('an empty line at the login prompt is ignored', async () => {
    const telnet = await site.connect();
    await telnet.expect('login: ');
    telnet.sendRaw('\r\n\r\0\n');
    telnet.send('alice');
    await telnet.expect('password: ');
    telnet.send(PASSWORD);
    await telnet.expect('welcome alice');
    telnet.close();
});

test('CR NUL ends a password without adding an empty one', async () => {
    const telnet = await site.connect();
    await telnet.expect('login: ');
    telnet.sendRaw('alice\r\0');
    await telnet.expect('password: ');
    telnet.sendRaw(`${PASSWORD}\r\0`);
    await telnet.expect('welcome alice');
    telnet.close();
});

test('the password is hidden by negotiation', async () => {
    const telnet = await logIn(site, 'alice');
    const raw = rawOf(telnet);
    assert.ok(raw.indexOf(IAC_WILL_ECHO) < raw.indexOf('password: '), 'WILL ECHO comes before the question');
    assert.ok(raw.includes(IAC_WILL_ECHO));
    telnet.close();

    // A client that edits its own lines echoes again afterwards.
    const line = await site.connect();
    await line.expect('login: ');
    line.sendRaw([255, 253, 1]); // DO ECHO, when it is asked
    line.send('alice');
    await line.expect('password: ');
    line.send(PASSWORD);
    await line.expect('welcome alice');
    const wire = rawOf(line);
    assert.ok(wire.includes(IAC_WONT_ECHO) || !wire.includes(IAC_WILL_ECHO), 'and is given back');
    line.close();
});

test('registration asks what it needs and refuses what is taken or too weak', async () => {
    const telnet = await site.connect();
    await telnet.expect('login: ');
    telnet.sendRaw('register\r\nalice\r\ncorrect horse battery\r\n');
    await telnet.expect(/error: conflict .+\r\nlogin: $/);
    telnet.sendRaw(`register\r\nregister\r\n${PASSWORD}\r\n`); // nobody could log in with that name
    await telnet.expect(/error: conflict .+\r\nlogin: $/);
    telnet.sendRaw('register\r\nNo Name\r\n');
    await telnet.expect(/error: bad_request .+\r\nlogin: $/);
    telnet.sendRaw('register\r\nshorty\r\nshort\r\n');
    await telnet.expect(/error: bad_\w+ .+\r\nlogin: $/);
    telnet.sendRaw(`register shorty\r\n${PASSWORD}\r\n`);
    await telnet.expect('welcome shorty');
    telnet.close();
});

test('/passwd asks for the old one and changes it', async () => {
    const telnet = await signUp(site, 'changer');
    telnet.send('/passwd');
    await telnet.expect('old password: ');
    telnet.send('this is wrong');
    await telnet.expect('new password: ');
    telnet.send('another password');
    await telnet.expect(/error: (unauthenticated|forbidden) /);
    telnet.send('/passwd');
    await telnet.expect('old password: ');
    telnet.send(PASSWORD);
    await telnet.expect('new password: ');
    telnet.send('another password');
    await telnet.expect('password changed');
    telnet.close();
    const again = await logIn(site, 'changer', 1, { password: 'another password' });
    again.close();
});

test('/passwd ends all other sessions, and its own not even when the news of it is lost', async () => {
    const telnet = await signUp(site, 'keeper');
    const other = await logIn(site, 'keeper');
    let going = true;
    const losing = (async () => {
        while (going)
            await site.redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    })();
    telnet.sendRaw(`/passwd\r\n${PASSWORD}\r\nanother password\r\n`);
    await telnet.expect('password changed');
    going = false;
    await losing;
    await other.expect('* you were logged out');
    await telnet.ask('/whoami', '* you are keeper');
    telnet.close();
});

test('a login that takes too long ends', async () => {
    const worker = await site.addWorker({ args: ['--telnet-login-timeout', '300ms'] });
    const telnet = await site.connect(site.workers.indexOf(worker));
    await telnet.expect('error: unauthenticated the login took too long');
    await telnet.untilClosed();
});

test('one connection too many is told so', async () => {
    const worker = await site.addWorker({ args: ['--telnet-max-connections', '2'] });
    const index = site.workers.indexOf(worker);
    const first = await logIn(site, 'alice', index);
    const second = await site.connect(index);
    await second.expect('login: ');
    const third = await site.connect(index);
    await third.expect('error: unavailable too many connections');
    await third.untilClosed();
    first.send('/whoami');
    await first.expect('* you are alice');
});
