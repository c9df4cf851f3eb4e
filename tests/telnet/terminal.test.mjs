// Clients with a terminal: the prompt, the line being typed, and the real telnet and nc.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { PASSWORD, startSite } from '../lib/site.mjs';
import { logIn, signUp } from './people.mjs';

let site, bob;

before(async () => {
    site = await startSite({ args: ['--grace', '60s'] }); // nobody is told to have gone meanwhile
    bob = await signUp(site, 'bob');
    for (const user of ['alice', 'carol', 'dave'])
        (await signUp(site, user)).close();
});
after(() => site.stop());

/** A real terminal with a program in it: tmux, on a socket of its own. */
class Screen {
    #socket;

    constructor(t, command, { columns = 60, rows = 20 } = {}) {
        this.#socket = path.join(site.dir, `tmux-${process.pid}-${Math.random().toString(36).slice(2)}`);
        this.#tmux('new-session', '-d', '-x', columns, '-y', rows, '-s', 'main', 'exec sh');
        this.#tmux('set', '-g', 'remain-on-exit', 'on');
        this.#tmux('respawn-pane', '-k', '-t', 'main', command);
        t.after(() => this.#tmux('kill-server'));
    }

    #tmux(...args) {
        return execFileSync('tmux', ['-f', '/dev/null', '-S', this.#socket, ...args.map(String)], {
            encoding: 'utf8',
            env: { ...process.env, LC_ALL: 'C.UTF-8', TERM: 'xterm' },
        });
    }

    /** What is on it: lines without blanks at their ends, and none of the empty ones below. */
    lines() {
        return this.#tmux('capture-pane', '-p', '-t', 'main').trimEnd().split('\n').map((line) => line.trimEnd());
    }

    get cursor() {
        const [x, y] = this.#tmux('display-message', '-p', '-t', 'main', '#{cursor_x} #{cursor_y}').split(' ');
        return { x: Number(x), y: Number(y) };
    }

    type(text) {
        this.#tmux('send-keys', '-t', 'main', '-l', text);
    }

    /** A line, ended with the key that people press. */
    enter(line) {
        this.type(line);
        this.press('Enter');
    }

    press(...keys) {
        this.#tmux('send-keys', '-t', 'main', ...keys);
    }

    resize(columns, rows) {
        this.#tmux('resize-window', '-t', 'main', '-x', columns, '-y', rows);
    }

    /** Waits until the last lines are these. */
    ends(...lines) {
        const clock = (line) => line.replace(/\] \d\d:\d\d /, '] HH:MM ');
        return eventually(() => {
            const shown = this.lines().map(clock).slice(-lines.length);
            if (JSON.stringify(shown) !== JSON.stringify(lines))
                throw new Error(`the screen is\n${this.lines().join('\n')}`);
            return true;
        }, { what: `the screen to end with ${JSON.stringify(lines)}` });
    }
}

/** `dash`: telnet begins to negotiate by itself, as it does on port 23. */
async function realTelnet(t, user, { dash = '', ...size } = {}) {
    const screen = new Screen(t, `telnet -- 127.0.0.1 ${dash}${site.workers[0].telnetPort}`, size);
    await screen.ends('login:');
    screen.enter(`${user}`);
    await screen.ends(`login: ${user}`, 'password:');
    screen.enter(`${PASSWORD}`);
    await screen.ends(`welcome ${user}`, '[general] >');
    assert.ok(!screen.lines().join('\n').includes(PASSWORD), 'the password is not shown');
    return screen;
}

test('the real telnet: a half-typed line survives what comes in', async (t) => {
    const screen = await realTelnet(t, 'alice');
    screen.type('half typed, w\u00f6rld');
    await screen.ends('[general] > half typed, w\u00f6rld');
    bob.send('an interruption');
    await screen.ends('[general] HH:MM bob: an interruption', '[general] > half typed, w\u00f6rld');
    assert.equal(screen.cursor.x, '[general] > half typed, w\u00f6rld'.length);
    screen.enter('!');
    await bob.expect('alice: half typed, w\u00f6rld!\r\n');
    await screen.ends('[general] > half typed, w\u00f6rld!', '[general] HH:MM alice: half typed, w\u00f6rld!', '[general] >');
});

test('the real telnet: a line over several rows, at any width', async (t) => {
    const screen = await realTelnet(t, 'alice', { columns: 40, rows: 24 });
    const typed = 'x'.repeat(40 - '[general] > '.length);
    screen.type(typed); // exactly a row
    await screen.ends(`[general] > ${typed}`);
    bob.send('first');
    await screen.ends('[general] HH:MM bob: first', `[general] > ${typed}`);
    screen.type('yy');
    await screen.ends('[general] HH:MM bob: first', `[general] > ${typed}`, 'yy');
    bob.send('second');
    await screen.ends('[general] HH:MM bob: first', '[general] HH:MM bob: second', `[general] > ${typed}`, 'yy');
    screen.press('BSpace', 'BSpace', 'BSpace');
    await screen.ends('[general] HH:MM bob: second', `[general] > ${typed.slice(1)}`);
    screen.resize(30, 24);
    await eventually(() => screen.lines().every((line) => line.length <= 30), { what: 'the window to be smaller' });
    bob.send('third');
    await screen.ends('[general] HH:MM bob: third', `[general] > ${typed.slice(0, 18)}`, typed.slice(19));
});

test('the real telnet that begins to negotiate by itself', async (t) => {
    const screen = await realTelnet(t, 'alice', { dash: '-' });
    screen.type('half');
    await screen.ends('[general] > half');
    bob.send('hello there');
    await screen.ends('[general] HH:MM bob: hello there', '[general] > half');
});

test('the real telnet: keys', async (t) => {
    const screen = await realTelnet(t, 'alice');
    screen.type('some words');
    await screen.ends('[general] > some words');
    screen.press('C-w');
    await screen.ends('[general] > some');
    screen.press('C-u');
    await screen.ends('[general] >');
    screen.type('\u00e4\u4e2d');
    await screen.ends('[general] > \u00e4\u4e2d');
    screen.press('BSpace');
    await screen.ends('[general] > \u00e4');
    screen.press('BSpace');
    screen.press('Up', 'Left', 'F5');
    screen.type('ok');
    await screen.ends('[general] > ok');
    screen.press('C-c');
    await screen.ends('[general] > ok^C', '[general] >');
    screen.enter('/whoami');
    await screen.ends('[general] > /whoami', '* you are alice (alice), talking to general', '[general] >');
    screen.enter('/passwd');
    await screen.ends('old password:');
    bob.send('in between');
    await screen.ends('[general] HH:MM bob: in between', 'old password:');
    screen.press('Enter');
    await screen.ends('the password was not changed', '[general] >');
    screen.enter('/passwd');
    await screen.ends('old password:');
    screen.enter('something');
    await screen.ends('new password:');
    screen.type('some');
    screen.press('C-c');
    await screen.ends('new password: ^C', 'the password was not changed', '[general] >');
    screen.press('C-d');
    await eventually(() => screen.lines().join('\n').includes('Connection closed'), { what: 'the end' });
    assert.ok(screen.lines().includes('bye'));
});

test('the real telnet: no letter is taken for its escape character', async (t) => {
    const screen = await realTelnet(t, 'alice');
    const typed = '\u041d\u0435\u0442, \u201dno\u201d'; // with bytes 9D: without their highest bit ^]
    screen.type(typed);
    await screen.ends(`[general] > ${typed}`);
    screen.press('Enter');
    await bob.expect(`alice: ${typed}\r\n`);
    await screen.ends(`[general] > ${typed}`, `[general] HH:MM alice: ${typed}`, '[general] >');
    // nor where the client edits its lines itself, and what it shows then is as straight
    screen.press('C-]');
    await screen.ends('telnet>');
    screen.enter('mode line');
    await screen.ends('telnet> mode line');
    screen.enter(`by lines ${typed}`);
    await bob.expect(`alice: by lines ${typed}\r\n`);
    await screen.ends(`by lines ${typed}`, `[general] HH:MM alice: by lines ${typed}`, '[general] >');
});

test('a negotiating client: prompts, and who comes and goes', async () => {
    const cora = await signUp(site, 'cora', 0, { negotiate: true });
    await cora.expect('[general] > ');
    (await signUp(site, 'erin')).close();
    await cora.expect('* erin is online\r\n');
    await cora.expect('[general] > ');
    cora.sendRaw('ha');
    await cora.expect('ha');
    bob.send('again');
    await cora.expect(/\r\x1b\[J\[general\] \d\d:\d\d bob: again\r\n\[general\] > ha$/);
    cora.sendRaw('lf\r\0');
    await bob.expect('cora: half\r\n');
    cora.send('/switch @bob');
    await cora.expect(/\* now talking to @bob\r\n\[@bob\] > $/);
    assert.ok(!bob.text.includes('is online'), 'programs are not told');
    assert.ok(!cora.text.includes('cora is online'), 'and nobody of oneself');
    cora.close();
});

test('somebody one shares several conversations with is told of once', async () => {
    const cora = await logIn(site, 'carol', 0, { negotiate: true });
    cora.send('/msg bob between the two of us');
    await bob.expect('[@carol]');
    for (const [command, line] of [['/away at lunch', '* bob is away: at lunch'], ['/back', '* bob is online']]) {
        bob.send(command);
        await cora.expect(line);
    }
    bob.send('after that');
    await cora.expect('bob: after that');
    assert.equal(cora.text.split('bob is away').length, 2);
    cora.close();
});

test('a client that only has a window size, and edits its lines itself', async () => {
    const telnet = await site.connect();
    await telnet.expect('login: ');
    telnet.sendRaw([255, 251, 31, 255, 250, 31, 0, 80, 0, 24, 255, 240]); // WILL NAWS; it answers no offer
    telnet.send('carol');
    await telnet.expect('password: ');
    telnet.send(PASSWORD);
    await telnet.expect(/welcome carol\r\n.*\[general\] > $/s);
    telnet.sendRaw('not sent yet');
    await bob.ask('/whoami', '* you are bob'); // what came before has been read by now
    bob.send('disturbing');
    await telnet.expect(/bob: disturbing\r\n\[general\] > not sent yet$/);
    telnet.sendRaw('\r\n');
    await bob.expect('carol: not sent yet\r\n');
    telnet.close();
});

test('a client that refuses character mode echoes by itself, but for passwords', async () => {
    const telnet = await site.connect();
    await telnet.expect('login: ');
    telnet.sendRaw([255, 251, 31, 255, 254, 3, 255, 253, 1]); // WILL NAWS, DONT SGA, DO ECHO
    await telnet.waitFor(() => telnet.options.some(([code, option]) => code === 252 && option === 1), { what: 'WONT ECHO' });
    telnet.sendRaw([255, 254, 1]); // DONT ECHO
    telnet.sendRaw('carol\r\n');
    await telnet.expect('password: ');
    assert.equal(telnet.echo, false);
    telnet.sendRaw([255, 253, 1]);
    telnet.sendRaw(`${PASSWORD}\r\n`);
    await telnet.expect(/welcome carol\r\n.*\[general\] > $/s);
    assert.equal(telnet.echo, true);
    assert.ok(!telnet.text.includes('carol\r\n\r'), 'the name is not echoed twice');
    telnet.close();
});

test('who negotiates too late stays a program', async () => {
    const telnet = await site.connect();
    await telnet.expect('login: ');
    await new Promise((resolve) => setTimeout(resolve, 400)); // the 300 ms of the contract
    telnet.sendRaw([255, 251, 31, 255, 251, 24]);
    telnet.send('carol');
    await telnet.expect('password: ');
    telnet.send(PASSWORD);
    await telnet.expect('welcome carol');
    await telnet.ask('/whoami', 'general\r\n');
    assert.ok(!telnet.text.includes('[general] >'));
    telnet.close();
});

test('who refuses everything is a program', async () => {
    const telnet = await site.connect();
    await telnet.expect('login: ');
    telnet.sendRaw([255, 252, 31, 255, 252, 24]);
    telnet.send('carol');
    await telnet.expect('password: ');
    telnet.send(PASSWORD);
    await telnet.expect('welcome carol');
    await telnet.ask('/whoami', 'general\r\n');
    assert.ok(!telnet.text.includes('[general] >'));
    telnet.close();
});

test('nc', async () => {
    const nc = spawn('nc', ['-N', '127.0.0.1', String(site.workers[0].telnetPort)], { stdio: ['pipe', 'pipe', 'ignore'] });
    let out = '';
    nc.stdout.setEncoding('latin1').on('data', (text) => { out += text; });
    nc.stdin.end(`dave\n${PASSWORD}\nfrom nc\n/whoami\n`);
    const status = await new Promise((resolve) => nc.on('close', resolve));
    assert.equal(status, 0);
    assert.match(out, /welcome dave\r\n/);
    assert.match(out, /\* you are dave/);
    await bob.expect('dave: from nc\r\n');
});
