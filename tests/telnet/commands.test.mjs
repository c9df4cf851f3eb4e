// Every command, by what people see of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { flood, truth } from '../events/watch.mjs';
import { startSite } from '../lib/site.mjs';
import { signUp, untimed } from './people.mjs';

let site, alice, bob;

before(async () => {
    site = await startSite({ workers: 2 });
    alice = await signUp(site, 'alice', 0);
    bob = await signUp(site, 'bob', 1);
    await alice.expect('* bob joined');
});
after(() => site.stop());

test('a text reaches everybody in the room, its author too', async () => {
    alice.send('hello, "w\u00f6rld" \u{1f600}');
    for (const telnet of [alice, bob]) {
        const [line] = await telnet.expect(/\[general\] \d\d:\d\d alice: hello.+\r\n/);
        assert.equal(untimed(line), '[general] HH:MM alice: hello, "w\u00f6rld" \u{1f600}\r\n');
    }
});

test('a text that begins with / is sent with //', async () => {
    alice.send('//etc/passwd');
    await bob.expect(/\[general\] \d\d:\d\d alice: \/etc\/passwd\r\n/);
});

test('/me', async () => {
    alice.send('/me waves');
    await bob.expect(/\[general\] \d\d:\d\d \* alice waves\r\n/);
    await alice.ask('/me', 'error: bad_request usage: /me <text>');
});

test('/msg: each side sees the other one\'s name, one\'s own elsewhere alike', async () => {
    alice.send('/msg bob psst');
    await bob.expect(/\[@alice\] \d\d:\d\d alice: psst\r\n/);
    await alice.expect(/\[@bob\] \d\d:\d\d alice: psst\r\n/);
    await alice.ask('/msg nobody-there hi', 'error: not_found');
    await alice.ask('/msg bob', 'error: bad_request usage: /msg <user> <text>');
});

test('/switch: plain text goes there', async () => {
    await alice.ask('/switch @bob', '* now talking to @bob');
    alice.send('only you');
    await bob.expect(/\[@alice\] \d\d:\d\d alice: only you\r\n/);
    await alice.ask('/who', /^bob online/m);
    await alice.ask('/topic x', 'error: bad_request');
    await alice.ask('/switch @nobody', 'error: not_found');
    await alice.ask('/switch nowhere', 'error: not_found no such room');
    await alice.ask('/switch Bad!', 'error: bad_request usage: /switch <room or @user>');
    await alice.ask('/switch general', '* now in general');
});

test('/create, /join, /topic, /who, /leave', async () => {
    await alice.ask('/create dev about the code', '* created dev');
    await bob.ask('/switch dev', 'error: not_a_member');
    await bob.ask('/join dev', '* joined dev');
    await alice.expect(/\[dev\] \d\d:\d\d \* bob joined\r\n/);
    bob.send('here I am');
    await alice.expect(/\[dev\] \d\d:\d\d bob: here I am\r\n/);
    await alice.ask('/topic', '* the topic of dev is not set');
    await alice.ask('/topic all things C', /\[dev\] \d\d:\d\d \* alice set the topic: all things C\r\n/);
    await bob.ask('/topic', '* the topic of dev: all things C');
    await bob.ask('/topic mine', 'error: forbidden');
    await bob.ask('/who', /alice owner online\r\nbob online\r\n/);
    await bob.ask('/who general', /alice online\r\nbob online\r\n/);
    await bob.ask('/rooms', /dev {2}all things C\r\ngeneral/);
    await bob.ask('/rooms de', /dev {2}all things C\r\n/);
    await bob.ask('/rooms zz', '* no such rooms');
    await bob.ask('/leave', '* left dev');
    await alice.expect(/\[dev\] \d\d:\d\d \* bob left\r\n/);
    await bob.ask('/whoami', 'talking to general');
    await bob.ask('/leave dev', 'error: not_a_member');
    await bob.ask('/leave', 'error: forbidden'); // general
    await bob.ask('/create dev', 'error: conflict');
    await bob.ask('/create', 'error: bad_request usage: /create');
});

test('/invite and /kick in a private room', async () => {
    await alice.ask('/create -p den', '* created den');
    await bob.ask('/join den', 'error: not_found no such room');
    await bob.ask('/rooms den', '* no such rooms');
    alice.send('/invite bob');
    await bob.expect(/\[den\] \d\d:\d\d \* bob was invited by alice\r\n/);
    bob.send('/switch den');
    await bob.expect('* now in den');
    await bob.ask('/kick alice', 'error: forbidden');
    await alice.ask('/invite bob', '* bob is here already');
    alice.send('/kick @bob too loud');
    await bob.expect(/\[den\] \d\d:\d\d \* bob was removed by alice: too loud\r\n/);
    await bob.ask('still here?', /error: (not_found|not_a_member) /);
    await bob.ask('/switch general', '* now in general');
    alice.send('/invite @bob');
    await bob.expect(/\[den\] \d\d:\d\d \* bob was invited by alice\r\n/);
    await alice.ask('/kick', 'error: bad_request usage: /kick <user> [reason]');
    await alice.ask('/kick @', 'error: bad_request usage: /kick <user> [reason]');
    await alice.ask('/invite nobody-there', 'error: not_found');
    await alice.ask('/switch general', '* now in general');
});

test('/ban keeps somebody out, /unban lets them in again', async () => {
    await alice.ask('/create club', '* created club');
    await bob.ask('/join club', '* joined club');
    await bob.ask('/ban alice', 'error: forbidden');
    alice.send('/ban @bob 10 too loud');
    await bob.expect(/\[club\] \d\d:\d\d \* bob was removed by alice: too loud\r\n/);
    await alice.expect(/\* bob is banned until \d{4}-\d\d-\d\d \d\d:\d\d UTC\r\n/);
    await bob.ask('/join club', 'error: banned');
    await alice.ask('/invite bob', 'error: banned');
    await alice.ask('/ban bob for good', /\* bob is banned\r\n/);
    await alice.ask('/unban bob', '* bob may come in again');
    await alice.ask('/unban bob', 'error: not_found');
    await bob.ask('/join club', '* joined club');
    await alice.ask('/ban', 'error: bad_request usage: /ban <user> [minutes] [reason]');
    await alice.ask('/ban nobody-there', 'error: not_found');
    await alice.ask('/switch general', '* now in general');
    await alice.ask('/ban bob', 'error: forbidden');
    await bob.ask('/switch general', '* now in general');
});

test('/edit, /delete, /react and /unreact, as everybody sees them', async () => {
    await alice.ask('/numbers on', 'numbers are on');
    alice.send('a frist try');
    const [, seq] = await alice.expect(/#(\d+) \d\d:\d\d alice: a frist try\r\n/);
    alice.send(`/edit #${seq} a first try`);
    await bob.expect(new RegExp(`\\[general\\] \\d\\d:\\d\\d \\* alice edited #${seq}: a first try\r\n`));
    await bob.ask(`/edit ${seq} mine`, 'error: forbidden');
    await bob.ask('/history 1', /\[general\] \d\d:\d\d alice: a first try\r\n/);
    bob.send(`/react ${seq} 👍`);
    await alice.expect(new RegExp(`\\[general\\] #\\d+ \\d\\d:\\d\\d \\* bob reacted to #${seq}: 👍\r\n`));
    bob.send(`/unreact ${seq} 👍`);
    await alice.expect(new RegExp(`\\* bob took back from #${seq}: 👍\r\n`));
    await bob.ask(`/react ${seq} two words`, 'error: bad_request');
    await bob.ask(`/delete ${seq}`, 'error: forbidden');
    alice.send(`/delete ${seq}`);
    await bob.expect(new RegExp(`\\[general\\] \\d\\d:\\d\\d \\* alice deleted #${seq}\r\n`));
    await alice.ask(`/edit ${seq} again`, 'error: not_found');
    await alice.ask(`/reply ${seq} to what`, 'error: not_found');
    for (const line of ['/edit', '/edit 1', '/edit x y', '/delete', '/delete 1 2', '/react 1', '/unreact'])
        await alice.ask(line, `error: bad_request usage: ${line.split(' ')[0]} `);
    await alice.ask('/numbers off', 'numbers are off');
});

test('what is changed of a room is told, and only that', async () => {
    await alice.ask('/create facts', '* created facts');
    await alice.ask('/topic of all kinds', /\* alice set the topic: of all kinds\r\n/);
    const owner = await site.login('alice');
    await owner.api().must(200, 'PATCH', '/v1/rooms/facts', { description: 'only the best' });
    await alice.expect(/\[facts\] \d\d:\d\d \* alice changed the room\r\n/);
    await bob.ask('/join facts', '* joined facts');
    await owner.api().must(200, 'PUT', '/v1/rooms/facts/members/bob', { role: 'moderator' });
    await alice.expect(/\[facts\] \d\d:\d\d \* alice made bob a moderator\r\n/);
    await alice.ask('/switch general', '* now in general');
    await bob.ask('/switch general', '* now in general');
});

test('/numbers shows what /reply takes', async () => {
    await alice.ask('/numbers on', 'numbers are on');
    alice.send('count me');
    const [, seq] = await alice.expect(/\[general\] #(\d+) \d\d:\d\d alice: count me\r\n/);
    await bob.expect(/\[general\] \d\d:\d\d alice: count me\r\n/);
    bob.send(`/reply ${seq} counted`);
    await alice.expect(/\[general\] #\d+ \d\d:\d\d bob: counted\r\n/);
    const log = await site.redis.command('XREVRANGE', 'wcc:room:{general}:log', '+', '-', 'COUNT', '1');
    const fields = log[0][1];
    assert.match(String(fields[fields.indexOf('reply_to') + 1]), new RegExp(`-${seq}$`));
    await bob.ask('/reply 99999 x', 'error: not_found');
    await bob.ask('/reply 1 x', 'error: not_found'); // not a message
    await bob.ask('/reply x y', 'error: bad_request usage: /reply <seq> <text>');
    await alice.ask('/numbers off', 'numbers are off');
    await alice.ask('/numbers', 'error: bad_request usage: /numbers on|off');
});

test('/reply finds an old message by bisection', async () => {
    await alice.ask('/create long', '* created long');
    await alice.ask('/numbers on', 'numbers are on');
    // Posted at once: many in one millisecond, so that time alone does not find them.
    await flood(site, 'wcc:room:{long}', 'alice', 1000, { name: 'm' });
    const messages = await truth(site, 'wcc:room:{long}');
    assert.ok(new Set(messages.map(({ id }) => id.split('-')[0])).size < messages.length / 5, 'they are close to one another');
    await alice.expect(messages.at(-1).text);
    // All over the place, and just before the newest 200, which are looked through first.
    const places = Array.from({ length: 50 }, (_, i) => i * 20);
    for (let i = 0; i < 100; i++)
        places.push(messages.length + places.length - 200 - 1 - i % 10);
    for (const at of places) {
        const { seq } = messages[at];
        alice.send(`/reply ${seq} re ${at}`);
        const [said] = await alice.expect(new RegExp(`(alice: re ${at}\r\n|error: )`));
        assert.equal(said, `alice: re ${at}\r\n`);
        const [[, fields]] = await site.redis.command('XREVRANGE', 'wcc:room:{long}:log', '+', '-', 'COUNT', '1');
        assert.match(String(fields[fields.indexOf('reply_to') + 1]), new RegExp(`-${seq}$`));
    }
    await alice.ask(`/reply ${messages.at(-1).seq + 1000} x`, 'error: not_found');
    await alice.ask('/reply 0 x', 'error: ');
    await alice.ask('/numbers off', 'numbers are off');
    await alice.ask('/leave', '* left long');
});

test('/history shows what there is, and marks it as read', async () => {
    bob.send('for the record');
    await alice.expect('bob: for the record');
    await alice.ask('/unread', /\[general\] \d+ unread/);
    alice.send('/history 2');
    const [shown] = await alice.expect(/\[general\] \d\d:\d\d bob: counted\r\n\[general\] \d\d:\d\d bob: for the record\r\n/);
    assert.ok(shown);
    await alice.ask('/unread', /nothing unread|\[@?(?!general)/);
    await alice.ask('/history 0', 'error: bad_request usage: /history [n]');
    await alice.ask('/history many', 'error: bad_request usage: /history [n]');
});

test('/away and /back', async () => {
    await bob.ask('/away at lunch', '* you are away');
    await alice.ask('/who', /bob away {2}at lunch\r\n|bob away\r\n/);
    await bob.ask('/back', '* you are back');
    await alice.ask('/who', /bob online\r\n/);
});

test('/help comes from the same table as the commands', async () => {
    await alice.ask('/help join', /\/join <room> +joins a room/);
    await alice.ask('/help', /\/help \[command\][^]+\/quit/);
    const rows = alice.text.split('/help [command]').at(-1).split('\r\n').slice(1).filter((row) => /^\/\w/.test(row));
    assert.ok(rows.length > 15 && rows.every((row) => row.length < 80), 'in a usual window each has one row');
    assert.equal(new Set(rows.map((row) => row.search(/ {2}\S/))).size, 1, 'what they do stands in one column');
    await alice.ask('/help nonsense', 'error: bad_request unknown command /nonsense, try /help');
    await alice.ask('/nonsense', 'error: bad_request unknown command /nonsense, try /help');
    await alice.ask('/', 'error: bad_request unknown command /, try /help');
});

test('lines of one connection take effect in order', async () => {
    const lines = ['/create order', ...Array.from({ length: 200 }, (_, i) => `o${i}`), '/switch general', 'after',
        '/msg bob last one'];
    alice.send(lines.join('\r\n'));
    await bob.expect('alice: after');
    await bob.expect('alice: last one');
    await alice.expect('alice: last one');
    const said = alice.lines.filter((line) => line.startsWith('[order]') && /alice: o\d+$/.test(line));
    assert.deepEqual(said.map((line) => Number(/o(\d+)$/.exec(line)[1])), Array.from({ length: 200 }, (_, i) => i));
});

test('/quit says bye after everything before it', async () => {
    const carol = await signUp(site, 'carol', 0);
    carol.send('/whoami\r\n/who\r\n/quit\r\nnever seen');
    await carol.expect('* you are carol');
    await carol.expect(/carol online\r\n/);
    await carol.expect(/bye\r\n$/);
    await carol.untilClosed();
    await alice.expect('* carol joined');
    alice.send('end of it');
    await bob.expect('alice: end of it');
    assert.ok(!bob.text.includes('never seen'));
});
