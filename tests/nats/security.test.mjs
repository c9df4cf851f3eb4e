import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { GENERAL, grant, member, startNatsSite, stopNatsSite } from './people.mjs';

let site, adele, eve;

before(async () => {
    site = await startNatsSite();
    adele = await member(site, await site.register('adele'));
    eve = await member(site, await site.register('eve'));
    await adele.open('main');
});
after(() => stopNatsSite(site));

/** The server refuses the subscription: it says so on the subscription itself. */
async function cannotSubscribe(subject, queue) {
    const error = await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${subject} was not refused`)), 5000);
        eve.connection.subscribe(subject, { queue, callback: (why) => {
            clearTimeout(timer);
            resolve(why);
        } });
    });
    assert.equal(error?.name, 'PermissionViolationError', `${subject}: ${error}`);
}

/** The server refuses the publication: it says so on the connection. */
async function cannotPublish(subject) {
    const statuses = eve.connection.status();
    const refused = (async () => {
        for await (const status of statuses)
            if (status.type === 'error' && status.error?.name === 'PermissionViolationError')
                return status.error;
    })();
    eve.connection.publish(subject, '{}');
    const timeout = new Promise((_, reject) => setTimeout(() => reject(new Error(`${subject} was not refused`)), 5000).unref());
    const error = await Promise.race([refused, timeout]);
    assert.equal(error.operation, 'publish');
    assert.equal(error.subject, subject);
}

test('eve can\'t hear what is others\'', async () => {
    for (const subject of ['wcc.frontend.events.user.adele.main', 'wcc.frontend.events.user.adele.>', 'wcc.frontend.events.user.adele',
        'wcc.frontend.events.user.eve', 'wcc.frontend.events.room.general', 'wcc.frontend.events.room.*', 'wcc.frontend.events.>',
        'wcc.frontend.events.user.*.main', 'wcc.>', '>', '*', '_INBOX_adele.>', '_INBOX.>', '_INBOX_*.>', 'wcc.workers.*', '$SYS.>', '$SRV.>'])
        await cannotSubscribe(subject);
});

test('eve can\'t answer in a worker\'s stead', async () => {
    await cannotSubscribe('wcc.frontend.requests.adele');
    await cannotSubscribe('wcc.frontend.requests.*', 'wcchat');
    await cannotSubscribe('wcc.frontend.requests', 'wcchat');
    await cannotSubscribe('wcc.workers.adopt', 'wcchat');
    await cannotPublish('_INBOX_adele.abc');
});

test('eve can\'t speak as adele, or as a worker', async () => {
    for (const subject of ['wcc.frontend.requests.adele', 'wcc.frontend.requests.eve.x', 'wcc.frontend.events.user.adele.main',
        'wcc.frontend.events.room.general', 'wcc.workers.adopt', '$SRV.PING', '$SYS.REQ.USER.INFO'])
        await cannotPublish(subject);
});

test('eve can\'t have an answer sent where she likes', async () => {
    const request = JSON.stringify({ id: '1', op: 'session.open', session: 'x' });
    for (const reply of ['wcc.frontend.events.user.adele.main', '_INBOX_adele.abc', '_INBOX_evelyn.abc'])
        eve.connection.publish(eve.subject, request, { reply });
    await eve.must('message.send', { target: GENERAL, text: 'said after it' });
    await adele.sees('said after it');
    assert.ok(adele.events.every((event) => event.specversion === '1.0'));
});

test('eve can\'t take adele\'s session', async () => {
    const answer = await eve.request('session.ping', { session: 'main' });
    assert.equal(answer.error.code, 'not_found');
    await eve.must('session.open', { session: 'main' });
    assert.equal((await adele.ping()).ok, true);
});

test('without credentials, or with forged ones, there is no connection', async () => {
    const fails = async (jwt) => assert.rejects(site.nats.connect('eve', jwt, { reconnect: false, maxReconnectAttempts: 0,
        ignoreAuthErrorAbort: false, timeout: 3000 }), /auth/i);
    const { jwt } = await grant(eve.account);
    const [header, payload, signature] = jwt.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url'));
    const forged = (change) => {
        const other = structuredClone(claims);
        change(other);
        return [header, Buffer.from(JSON.stringify(other)).toString('base64url'), signature].join('.');
    };
    await fails('');
    await fails(forged((c) => { c.name = 'adele'; }));
    await fails(forged((c) => { c.nats.pub.allow = ['>']; }));
    await fails(forged((c) => { c.exp += 3600; }));
});

test('a bridge reads and does nothing else', async () => {
    const bridge = await site.nats.connectService('bridge', 'phoenix');
    const refused = async (subject) => {
        const error = await new Promise((resolve) => bridge.subscribe(subject, { callback: (why) => resolve(why) }));
        assert.equal(error?.name, 'PermissionViolationError', subject);
    };
    bridge.subscribe('wcc.frontend.events.room.general', { callback: () => {} });
    bridge.subscribe('wcc.frontend.events.user.adele', { callback: () => {} });
    await bridge.flush();
    await refused('wcc.frontend.events.user.adele.main');
    await refused('wcc.frontend.requests.*');
    await refused('>');
    const violation = (async () => {
        for await (const status of bridge.status())
            if (status.type === 'error')
                return status.error;
    })();
    bridge.publish('wcc.frontend.requests.adele', '{}');
    assert.equal((await violation).name, 'PermissionViolationError');
});

/** Resolves when the server has ended this connection. */
const cutOff = (who) => eventually(() => who.connection.isClosed(), { timeout: 10000, what: 'the connection to be cut off' });

/** Soon the server takes these credentials no more, though it answers. */
async function refusedFromNowOn(user, jwt) {
    await eventually(async () => {
        const why = await site.nats.connect(user, jwt, { reconnect: false, ignoreAuthErrorAbort: false, timeout: 5000 })
            .then((again) => again.close(), (error) => error);
        return /auth/i.test(`${why?.name} ${why?.message}`);
    }, { timeout: 10000, interval: 100, what: 'the old credentials to be refused' });
}

const once = { connection: { reconnect: false, ignoreAuthErrorAbort: false } };

test('credentials expire', async () => {
    const short = await site.addWorker({ args: ['--token-lifetime', '4s'] });
    const worker = site.workers.indexOf(short);
    const account = await site.login('eve', { worker });
    const { jwt, expires_in } = await grant(account, worker);
    assert.ok(expires_in > 0 && expires_in <= 4, `${expires_in} s`);
    const connection = await member(site, account, { ...once, jwt });
    await connection.must('conversation.list');
    await cutOff(connection);
    await eventually(async () => (await account.api(0).get('/v1/users/me')).status === 401, { what: 'the access token to expire' });
    await refusedFromNowOn('eve', jwt); // the server counts in whole seconds
    const original = await eve.raw(JSON.stringify({ source_app_id: 'test', source_app_version: '1', origin_user_id: 'eve', message_text: 'late',
        target_url: GENERAL, created_on: 1, access_token: account.token }), { subject: 'wcc.frontend.requests' });
    assert.match(original.error, /^unauthenticated/);
});

test('a login that ends takes its connection with it, and no other', async () => {
    const other = await site.login('eve');
    const second = await member(site, other, once);
    await second.must('conversation.list');
    await other.api().must(204, 'POST', '/v1/auth/logout', { refresh_token: other.refreshToken });
    await cutOff(second);
    await eve.must('conversation.list');
});

test('a changed password takes the connections of other logins with it', async () => {
    const trudy = await site.register('trudy');
    const [own, other] = [await member(site, trudy, once), await member(site, await site.login('trudy'), once)];
    await other.must('conversation.list');
    await trudy.api().must(204, 'PUT', '/v1/users/me/password', { password: trudy.password, new_password: 'another long password' });
    await cutOff(other);
    await own.must('conversation.list');
});

test('a connection that never asked anything is cut off too', async () => {
    const trent = await site.register('trent');
    const first = await member(site, trent, once);
    const second = await member(site, await site.login('trent'), once);
    await trent.api().must(204, 'POST', '/v1/auth/logout', { refresh_token: trent.refreshToken });
    await cutOff(first);
    await second.must('conversation.list');
    await second.account.api().must(204, 'DELETE', '/v1/users/me', { password: trent.password });
    await cutOff(second);
});

test('a locked account is cut off, and stays so after the NATS server was restarted', async () => {
    const mallory = await site.register('mallory');
    const { jwt } = await grant(mallory);
    const locked = await member(site, mallory, { ...once, jwt });
    await locked.open('main');
    await site.redis.script('account_state', ['wcc:user:{mallory}'], ['disable']);
    await cutOff(locked);
    assert.equal((await mallory.api().post('/v1/auth/nats', {})).status, 401);
    await site.nats.restart();
    await adele.surely('conversation.list');
    await refusedFromNowOn('mallory', jwt);
});
