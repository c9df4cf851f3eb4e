// Every operation that is described is called on a live worker, with every argument and to every answer and error.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { startNats } from '../lib/nats.mjs';
import { PASSWORD, startSite } from '../lib/site.mjs';
import { openEvents } from '../lib/sse.mjs';
import { connectWebSocket } from '../lib/websocket.mjs';
import { startWorker } from '../lib/worker.mjs';
import { Checked, Coverage } from './checked.mjs';

const coverage = new Coverage();
const CONTROL = 'bell \u0007';
const NEVER = '1795410001234-999999';
/** What fills a path where the answer does not depend on it. */
const PATH = { user: 'bob', room: 'plants', id: NEVER, reaction: '+1' };

let site, anybody, alice, bob, carol, dave;

/** An account as somebody who calls; registered here where the call itself is of interest. */
async function person(user) {
    const account = await site.register(user);
    return Object.assign(new Checked(site.api(0, account.token), coverage), { user, account });
}

function of(op, params = {}) {
    const names = [...op.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    return Object.fromEntries(names.map((name) => [name, params[name] ?? PATH[name]]));
}

/** A stream's answer as one of REST: what its head said. */
function headOf(ws) {
    const lines = ws.head.split('\r\n').slice(1).filter((line) => line.includes(':'));
    const headers = Object.fromEntries(lines.map((line) => {
        const [, name, value] = /^([^:]+):\s*(.*)$/.exec(line);
        return [name.toLowerCase(), value];
    }));
    return { status: 101, headers, text: '', body: '' };
}

before(async () => {
    site = await startSite({ args: ['--login-free', '2', '--redis-command-timeout', '2s', '--post-rate', '1', '--post-burst', '20'] });
    anybody = new Checked(site.api(), coverage);
    alice = await person('alice');
    bob = await person('bob');
    carol = await person('carol');
    dave = await person('dave');
    await Promise.all([person('ivan'), person('judy')]);
    await site.redis.command('HSET', 'wcc:room:{plants}:bans', 'dave', '0 alice spam');
});
after(async () => site?.stop());

describe('the API as it is described', () => {
    test('accounts and tokens', async () => {
        const body = { user: 'erin', password: PASSWORD, display_name: 'Erin' };
        await anybody.call('register', 201, { body });
        await anybody.call('register', '409 conflict', { body });
        const { body: grant } = await anybody.call('login', 200, { body: { user: 'erin', password: PASSWORD } });
        const { body: next } = await anybody.call('refresh', 200, { body: { refresh_token: grant.refresh_token } });
        await anybody.call('refresh', '401 unauthenticated', { body: { refresh_token: grant.refresh_token } });
        await anybody.as(next.access_token).call('getAccount', '401 unauthenticated');
        await anybody.call('login', '401 unauthenticated', { body: { user: 'erin', password: 'wrong' } });
        await anybody.call('logout', '401 unauthenticated');
        const { body: { access_token: token, refresh_token } } = await anybody.call('login', 200,
            { body: { user: 'erin', password: PASSWORD } });
        const erin = anybody.as(token);
        await anybody.call('getKeys', 200);
        await erin.call('getAccount', 200);
        await erin.call('changeAccount', 200, { body: { display_name: 'Erin E.' } });
        const sessions = await erin.call('listSessions', 200);
        assert.equal(sessions.body.items.length, 1);
        await erin.call('endSession', '404 not_found', { params: { id: 'nothing' } });
        await anybody.call('logout', 204, { body: { refresh_token } });
        await eventually(async () => (await erin.api.get('/v1/users/me')).status === 401, { what: 'the token to die' });
    });

    test('credentials for NATS, where there is one', async (t) => {
        await alice.call('getNatsCredentials', '404 not_found');
        const nats = await startNats();
        t.after(() => nats.stop());
        await site.addWorker({ args: nats.args });
        const there = new Checked(site.api(site.workers.length - 1, alice.account.token), coverage);
        const { body } = await there.call('getNatsCredentials', 200);
        assert.deepEqual([body.servers, body.websocket], [[nats.url], nats.wsUrl]);
        const many = Array.from({ length: 250 }, (_, i) => [`UKEY${i}`, '9999999999 1 family']);
        await site.redis.command('HSET', `wcc:user:{${alice.account.user}}:nats`, ...many.flat());
        await there.call('getNatsCredentials', '429 rate_limited');
    });

    test('ending sessions, by id and all', async () => {
        const frank = await person('frank');
        const { token } = await site.login('frank');
        const other = anybody.as(token);
        const socket = await connectWebSocket(`${site.workers[0].httpUrl}/v1/ws`, { token });
        await socket.must('session.open');
        const { body: { items } } = await other.call('listSessions', 200);
        assert.deepEqual(items.map((item) => item.kind), ['login', 'login', 'connection']);
        const first = items.find((item) => item.kind === 'login' && !item.current);
        await other.call('endSession', 204, { params: { id: first.id } });
        await other.call('logout', 204, { body: { everywhere: true } });
        await socket.closing();
        await eventually(async () => (await frank.api.get('/v1/users/me')).status === 401, { what: 'the token to die' });
    });

    test('passwords', async () => {
        const grace = await person('grace');
        const new_password = 'another good one';
        await grace.call('changePassword', '403 forbidden', { body: { password: 'wrong', new_password } });
        await grace.call('changePassword', 204, { body: { password: PASSWORD, new_password } });
        await grace.call('deleteAccount', '403 forbidden', { body: { password: 'wrong' } });
        await grace.call('deleteAccount', 204, { body: { password: new_password } });
        const heidi = await person('heidi');
        const wrong = { user: 'heidi', password: 'wrong' };
        await eventually(async () => (await site.api().post('/v1/auth/token', wrong)).status === 429, { what: 'the delay' });
        await anybody.call('login', '429 rate_limited', { body: wrong });
        await heidi.call('changePassword', '429 rate_limited', { body: { password: 'wrong', new_password } });
        await heidi.call('deleteAccount', '429 rate_limited', { body: { password: 'wrong' } });
    });

    test('rooms', async () => {
        const params = { room: 'plants' };
        const body = { id: 'plants', description: 'Windowsills', topic: 'Winter', visibility: 'public' };
        await alice.call('createRoom', 201, { body });
        await alice.call('createRoom', '409 conflict', { body });
        await alice.call('createRoom', 201, { body: { id: 'platypus', visibility: 'private' } });
        await alice.call('createRoom', 201, { body: { id: 'plasma' } });
        const { body: { next } } = await alice.call('listRooms', 200, { query: { q: 'pla', limit: 1 } });
        const page = await alice.call('listRooms', 200, { query: { q: 'pla', cursor: next } });
        assert.deepEqual(page.body.items.map((room) => room.id), ['plasma']);
        await carol.call('getRoom', 200, { params });
        await carol.call('getRoom', '404 not_found', { params: { room: 'platypus' } });
        await dave.call('getRoom', '403 banned', { params });

        const change = { description: 'Sills', topic: 'Spring', visibility: 'public', retention_messages: 1000, retention_days: 30 };
        await alice.call('changeRoom', 200, { params, body: change });
        await carol.call('changeRoom', '404 not_found', { params: { room: 'platypus' }, body: change });
        for (const [id, rest] of [['changeRoom', { body: { topic: 'x' } }], ['deleteRoom', {}]]) {
            await carol.call(id, '403 not_a_member', { params, ...rest });
            await dave.call(id, '403 banned', { params, ...rest });
        }
        await alice.call('deleteRoom', 204, { params: { room: 'plasma' } });
        await alice.call('deleteRoom', '404 not_found', { params: { room: 'plasma' } });
    });

    test('members', async () => {
        const params = { room: 'plants' };
        const add = (who, user, expected, room = 'plants', body = {}) => who.call('addMember', expected, { params: { room, user }, body });
        await add(carol, 'bob', '403 not_a_member');
        await add(dave, 'dave', '403 banned');
        await add(carol, 'carol', '404 not_found', 'platypus');
        await add(alice, 'bob', 201, 'plants', { role: 'member' });
        await add(bob, 'bob', 200);
        const { body: { next } } = await carol.call('listMembers', 200, { params, query: { limit: 1 } });
        await carol.call('listMembers', 200, { params, query: { cursor: next } });
        await dave.call('listMembers', '403 banned', { params });
        await carol.call('listMembers', '404 not_found', { params: { room: 'platypus' } });
        await bob.call('changeRoom', '403 forbidden', { params, body: { visibility: 'private' } });
        await bob.call('deleteRoom', '403 forbidden', { params });

        const remove = (who, user, expected, query = {}) => who.call('removeMember', expected, { params: { room: 'plants', user }, query });
        await remove(bob, 'alice', '403 forbidden');
        await remove(carol, 'bob', '403 not_a_member');
        await remove(dave, 'bob', '403 banned');
        await remove(alice, 'carol', '404 not_found');
        await remove(alice, 'bob', 204, { reason: 'off topic' });
        await add(bob, 'bob', 201);
        await add(bob, 'bob', '403 forbidden', 'plants', { role: 'owner' });
    });

    test('bans', async () => {
        const params = { room: 'plants', user: 'ivan' };
        const body = { reason: 'off topic', expires: '2100-01-01T00:00:00Z' };
        await alice.call('ban', 201, { params, body });
        await alice.call('ban', 200, { params, body: {} });
        await alice.call('ban', 201, { params: { room: 'plants', user: 'judy' }, body });
        const { body: { next } } = await alice.call('listBans', 200, { params: { room: 'plants' }, query: { limit: 1 } });
        await alice.call('listBans', 200, { params: { room: 'plants' }, query: { cursor: next } });
        await alice.call('ban', '400 bad_text', { params, body: { reason: CONTROL } });
        for (const [id, more] of [['ban', { user: 'ivan' }], ['listBans', {}], ['unban', { user: 'ivan' }]]) {
            await bob.call(id, '403 forbidden', { params: { room: 'plants', ...more } });
            await carol.call(id, '403 not_a_member', { params: { room: 'plants', ...more } });
            await dave.call(id, '403 banned', { params: { room: 'plants', ...more } });
            await carol.call(id, '404 not_found', { params: { room: 'platypus', ...more } });
        }
        await alice.call('unban', 204, { params });
    });

    test('messages in rooms', async () => {
        const params = { room: 'plants' };
        const body = { text: 'hello @bob', client_id: 'c-1' };
        const { body: { id } } = await alice.call('postMessage', 201, { params, body });
        await alice.call('postMessage', 200, { params, body });
        await alice.call('postMessage', '409 conflict', { params, body: { ...body, text: 'other' } });
        const { body: second } = await bob.call('postMessage', 201, { params, body: { text: 'waves', reply_to: id, action: true } });
        await carol.call('postMessage', '403 not_a_member', { params, body });
        await dave.call('postMessage', '403 banned', { params, body });
        await carol.call('postMessage', '404 not_found', { params: { room: 'platypus' }, body });

        await carol.call('getMessage', 200, { params: { ...params, id } });
        await carol.call('getMessage', '404 not_found', { params: { ...params, id: NEVER } });
        await dave.call('getMessage', '403 banned', { params: { ...params, id } });

        const { body: read } = await bob.call('markRead', 200, { params, body: { id: second.id } });
        assert.equal(read.id, second.id);
        await carol.call('markRead', '403 not_a_member', { params, body: { id } });
        await dave.call('markRead', '403 banned', { params, body: { id } });
        await carol.call('markRead', '404 not_found', { params: { room: 'platypus' }, body: { id } });
    });

    test('edits, reactions, deletion', async () => {
        const text = { text: 'as it should be' };
        for (const [how, who, params, other] of [['', alice, { room: 'plants' }, bob], ['Direct', alice, { user: 'bob' }, null]]) {
            const { body: { id } } = await who.call(`post${how}Message`, 201, { params, body: { text: 'as it was' } });
            const react = { params: { ...params, id, reaction: '+1' } };
            await who.call(`edit${how}Message`, 200, { params: { ...params, id }, body: text });
            await who.call(`edit${how}Message`, '400 bad_text', { params: { ...params, id }, body: { text: CONTROL } });
            await who.call(`add${how}Reaction`, 200, react);
            await who.call(how === '' ? 'getMessage' : 'getDirectMessage', 200, { params: { ...params, id } });
            await who.call(`remove${how}Reaction`, 204, react);
            for (const [call, rest] of [[`edit${how}Message`, { body: text }], [`delete${how}Message`, {}], [`add${how}Reaction`, {}], [`remove${how}Reaction`, {}]]) {
                const reaction = call.endsWith('Reaction') ? { reaction: '+1' } : {};
                await who.call(call, '404 not_found', { params: { ...params, id: NEVER, ...reaction }, ...rest });
                if (other === null)
                    continue;
                const all = { params: { ...params, id, ...reaction }, ...rest };
                await carol.call(call, '403 not_a_member', all);
                await dave.call(call, '403 banned', all);
                if (call.endsWith('Message'))
                    await other.call(call, '403 forbidden', all);
            }
            for (const call of [`add${how}Reaction`, `remove${how}Reaction`]) {
                await who.call(call, '400 bad_text', { params: { ...params, id, reaction: CONTROL.replace(' ', '') } });
                await who.call(call, '413 too_large', { params: { ...params, id, reaction: 'x'.repeat(65) } });
            }
            await who.call(`delete${how}Message`, 204, { params: { ...params, id } });
        }
        const { body: { id } } = await alice.call('postDirectMessage', 201, { params: { user: 'bob' }, body: { text: 'mine' } });
        await bob.call('editDirectMessage', '403 forbidden', { params: { user: 'alice', id }, body: text });
        await bob.call('deleteDirectMessage', '403 forbidden', { params: { user: 'alice', id } });
        await alice.call('listMessages', 200, { params: { room: 'plants' }, query: { types: 'messageedited,messagedeleted,reactionchanged' } });
    });

    test('history', async () => {
        await carol.call('postDirectMessage', 201, { params: { user: 'bob' }, body: { text: 'one' } });
        await bob.call('postDirectMessage', 201, { params: { user: 'carol' }, body: { text: 'two' } });
        for (const [id, who, params] of [['listMessages', carol, { room: 'plants' }], ['listDirectMessages', carol, { user: 'bob' }]]) {
            const { body: all } = await who.call(id, 200, { params });
            assert.equal(all.items.length, 2);
            const [first, second] = all.items.map((item) => item.id);
            for (const query of [{ before: second }, { after: first }, { around: first }, { limit: 1 }]) {
                const { body: { items } } = await who.call(id, 200, { params, query });
                assert.ok(items.length > 0, JSON.stringify(query));
            }
            await who.call(id, 200, { params, query: { limit: 1, cursor: second } });
        }
        const every = ['messagepublished', 'userjoined', 'userleft', 'roomcreated', 'roomupdated', 'roomdeleted'];
        const { body: { items } } = await carol.call('listMessages', 200, { params: { room: 'plants' }, query: { types: every.join() } });
        assert.deepEqual([...new Set(items.map((item) => item.type))].sort(),
            every.filter((type) => type !== 'roomdeleted').sort());
        await carol.call('listDirectMessages', 200, { params: { user: 'bob' }, query: { types: 'messagepublished' } });
        await dave.call('listMessages', '403 banned', { params: { room: 'plants' } });
        await carol.call('listMessages', '404 not_found', { params: { room: 'platypus' } });
        await carol.call('listDirectMessages', '404 not_found', { params: { user: 'nobody-at-all' } });
    });

    test('direct messages, conversations', async () => {
        const params = { user: 'bob' };
        const body = { text: 'psst', client_id: 'c-2' };
        const { body: { id } } = await alice.call('postDirectMessage', 201, { params, body });
        await alice.call('postDirectMessage', 200, { params, body });
        await alice.call('postDirectMessage', '409 conflict', { params, body: { ...body, text: 'other' } });
        await bob.call('postDirectMessage', 201, { params: { user: 'alice' }, body: { text: 'nods', action: true, reply_to: id } });
        await alice.call('postDirectMessage', '404 not_found', { params: { user: 'nobody-at-all' }, body });
        await bob.call('getDirectMessage', 200, { params: { user: 'alice', id } });
        await bob.call('getDirectMessage', '404 not_found', { params: { user: 'alice', id: NEVER } });
        await bob.call('markDirectRead', 200, { params: { user: 'alice' }, body: { id } });
        await bob.call('markDirectRead', '404 not_found', { params: { user: 'nobody-at-all' }, body: { id } });
        const { body: { next } } = await bob.call('listConversations', 200, { query: { limit: 1 } });
        await bob.call('listConversations', 200, { query: { cursor: next } });
    });

    test('presence and profiles', async () => {
        const telnets = [await site.telnet(alice.account), await site.telnet(bob.account)];
        await eventually(async () => (await bob.api.get('/v1/presence')).body.items?.length === 2, { what: 'both to be seen' });
        const { body: { next } } = await alice.call('listPresence', 200, { query: { limit: 1 } });
        await alice.call('listPresence', 200, { query: { cursor: next } });
        await alice.call('setPresence', 200, { body: { status: 'away', text: 'lunch' } });
        const { body } = await bob.call('getPresence', 200, { params: { user: 'alice' } });
        assert.deepEqual([body.status, body.text, body.channels], ['away', 'lunch', ['telnet']]);
        await bob.call('getPresence', '404 not_found', { params: { user: 'nobody-at-all' } });
        await bob.call('getUser', 200, { params: { user: 'alice' } });
        await bob.call('getUser', '404 not_found', { params: { user: 'nobody-at-all' } });
        telnets.forEach((telnet) => telnet.close());
    });

    test('streams', async () => {
        const base = site.workers[0].httpUrl;
        const open = async (path, { lastEventId, ...call } = {}) => {
            const stream = await openEvents(`${base}/v1/events${path}`, { token: alice.account.token, lastEventId });
            await stream.waitFor(() => stream.lastEventId !== '');
            stream.cut();
            const headers = lastEventId ? { 'Last-Event-ID': lastEventId } : {};
            alice.saw('openEvents', 200, { status: 200, headers: stream.headers, text: '', body: '' }, { headers, ...call });
            return stream.lastEventId;
        };
        const cursor = await open('');
        await open('', { lastEventId: cursor });
        await open(`?cursor=${cursor}`, { query: { cursor } });
        await alice.call('listMessages', 200, { params: { room: 'general' }, query: { after: cursor } });
        await alice.call('listDirectMessages', 200, { params: { user: 'bob' }, query: { after: cursor } });
        const ws = await connectWebSocket(`${base}/v1/ws`, { token: alice.account.token });
        alice.saw('openWebSocket', 101, headOf(ws), { headers: { 'Sec-WebSocket-Protocol': 'wcchat.v1' } });
        ws.destroy();
        await alice.call('openWebSocket', '400 bad_request');
    });

    test('for operators', async () => {
        for (const id of ['getHealth', 'getReadiness', 'getMetrics'])
            await anybody.call(id, 200);
        const worker = await startWorker({ redis: `unix://${site.dir}/nowhere.sock`, key: site.key, ready: false });
        try {
            await eventually(async () => (await worker.api.get('/readyz', { keepAlive: false })).status === 503, { what: 'its answer' });
            await new Checked(worker.api, coverage).call('getReadiness', 503);
        } finally {
            await worker.stop();
        }
        const closed = await site.addWorker({ args: ['--no-registration'] });
        await new Checked(closed.api, coverage).call('register', '403 forbidden', { body: { user: 'ivan', password: PASSWORD } });
    });

    test('what is no proper request', async () => {
        for (const op of coverage.operations) {
            const params = of(op);
            const has = (status) => op.responses.includes(status);
            if (has('400') && op.method === 'GET')
                await alice.call(op.id, '400 bad_request', { params, query: { colour: 'red' } });
            else if (has('400'))
                await alice.call(op.id, '400 bad_request', { params, raw: '{"colour":"red"}' });
            if (has('413'))
                await alice.call(op.id, '413 too_large', { params, raw: JSON.stringify({ text: 'x'.repeat(70000) }) });
            if (has('415'))
                await alice.call(op.id, '415 unsupported_media_type', { params, raw: '{}', headers: { 'content-type': 'text/plain' } });
            const other = op.method === 'POST' ? 'DELETE' : 'POST';
            if (!coverage.operations.some((one) => one.path === op.path && one.method === other)) {
                const answer = await alice.api.request(other, op.path.replace(/\{(\w+)\}/g, (_, name) => params[name]));
                alice.default(op.id, '405 method_not_allowed', answer);
            }
        }
        const nowhere = await alice.api.get('/v1/nowhere');
        alice.default('getAccount', '404 not_found', nowhere);
    });

    test('texts that are none', async () => {
        const calls = {
            register: { body: { user: 'judy', password: PASSWORD, display_name: CONTROL } },
            changeAccount: { body: { display_name: CONTROL } },
            endSession: { params: { id: CONTROL } },
            createRoom: { body: { id: 'gongs', topic: CONTROL } },
            changeRoom: { params: PATH, body: { topic: CONTROL } },
            removeMember: { params: PATH, query: { reason: CONTROL } },
            postMessage: { params: PATH, body: { text: CONTROL } },
            postDirectMessage: { params: PATH, body: { text: CONTROL } },
            setPresence: { body: { text: CONTROL } },
        };
        for (const [id, call] of Object.entries(calls))
            await alice.call(id, '400 bad_text', call);
    });

    test('too many changes of status', async () => {
        let n = 0;
        await eventually(async () => (await bob.api.put('/v1/presence', { text: `${n++}` })).status === 429, { interval: 1 });
        await bob.call('setPresence', '429 rate_limited', { body: { text: 'one more' } });
    });

    test('too many messages', async () => {
        const params = { room: 'general' };
        const mine = (await bob.api.must(201, 'POST', '/v1/rooms/general/messages', { text: 'x' })).id;
        const direct = (await bob.api.must(201, 'POST', '/v1/users/alice/messages', { text: 'x' })).id;
        await eventually(async () => (await bob.api.post('/v1/rooms/general/messages', { text: 'x' })).status === 429, { interval: 1 });
        await bob.call('postMessage', '429 rate_limited', { params, body: { text: 'x' } });
        await eventually(async () => (await bob.api.post('/v1/users/alice/messages', { text: 'x' })).status === 429, { interval: 1 });
        await bob.call('postDirectMessage', '429 rate_limited', { params: { user: 'alice' }, body: { text: 'x' } });
        for (const [how, more] of [['', { ...params, id: mine }], ['Direct', { user: 'alice', id: direct }]]) {
            const reaction = { params: { ...more, reaction: '+1' } };
            await site.redis.command('DEL', ...['wcc:room:{general}', 'wcc:dm:{alice:bob}'].map((key) => `${key}:rate:bob`));
            await bob.call(`add${how}Reaction`, 200, reaction);
            const flood = async () => (await bob.api.post(how === '' ? '/v1/rooms/general/messages' : '/v1/users/alice/messages', { text: 'x' })).status;
            await eventually(async () => (await flood()) === 429, { interval: 1 });
            await bob.call(`edit${how}Message`, '429 rate_limited', { params: more, body: { text: 'y' } });
            await bob.call(`add${how}Reaction`, '429 rate_limited', { params: { ...more, reaction: '-1' } });
            await bob.call(`remove${how}Reaction`, '429 rate_limited', reaction);
        }
    });

    test('without a token, or with another one', async () => {
        for (const op of coverage.operations.filter((one) => !one.open)) {
            await anybody.call(op.id, '401 unauthenticated', { params: of(op) });
            await anybody.as('a.b.c').call(op.id, '401 unauthenticated', { params: of(op) });
        }
    });

    test('while Redis is away', async () => {
        // One that the worker has not seen yet: it has to ask Redis about it.
        const fresh = new Checked(site.api(0, (await site.login('bob')).token), coverage);
        const account = { user: 'mallory', password: PASSWORD };
        const bodies = {
            register: account,
            login: account,
            refresh: { refresh_token: alice.account.refreshToken },
            logout: { refresh_token: alice.account.refreshToken },
        };
        await site.redis.crash();
        const concerned = coverage.operations.filter((op) => op.responses.includes('503') && op.id !== 'getReadiness');
        await Promise.all(concerned.map((op) => {
            const caller = bodies[op.id] ? anybody : fresh;
            return caller.call(op.id, '503 unavailable', { params: of(op), raw: bodies[op.id] });
        }));
        await anybody.call('getReadiness', 200);
        await site.redis.start();
    });

    test('nothing that is described was left out', () => {
        assert.deepEqual(coverage.missing(), []);
        assert.deepEqual(coverage.untaken(), []);
    });
});
