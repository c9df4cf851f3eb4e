import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ASYNCAPI, Description } from '../api/description.mjs';
import { eventually } from '../lib/eventually.mjs';
import { connectWebSocket } from '../lib/websocket.mjs';
import { GENERAL, member, served, startNatsSite, stopNatsSite } from './people.mjs';

const description = new Description(ASYNCAPI);
let site, adele, bob, nats;

before(async () => {
    site = await startNatsSite({ workers: 2 });
    adele = await site.register('adele');
    bob = await site.register('bob');
    nats = await member(site, adele);
});
after(() => stopNatsSite(site));

const code = (answer) => {
    assert.equal(answer.ok, false, JSON.stringify(answer));
    return answer.error.code;
};

test('adele speaks over NATS and is read on telnet and WebSocket, and the other way round', async () => {
    const telnet = await site.telnet(bob, 1);
    const ws = await connectWebSocket(`${site.workers[0].httpUrl}/v1/ws`, { token: bob.token });
    await ws.must('session.open');
    await nats.open('main');
    const sent = await nats.must('message.send', { target: GENERAL, text: 'from NATS', client_id: 'n-1' });
    assert.match(sent.id, /^\d+-\d+$/);
    await telnet.expect(/adele: from NATS/);
    await eventually(() => ws.events.some((event) => event.data.text === 'from NATS' && event.data.via === 'nats'));
    await nats.sees('from NATS');
    telnet.send('from telnet');
    await nats.sees('from telnet');
    await ws.must('message.send', { target: GENERAL, text: 'from a browser' });
    await nats.sees('from a browser');
    ws.destroy();
});

test('a repeat posts once', async () => {
    const args = { target: GENERAL, text: 'once', client_id: 'n-2' };
    const first = await nats.must('message.send', args);
    assert.equal((await nats.must('message.send', args)).id, first.id);
    assert.equal(code(await nats.request('message.send', { ...args, text: 'other' })), 'conflict');
});

test('presence shows the channel', async () => {
    await eventually(async () => {
        const { body } = await site.api(1, bob.token).get('/v1/presence/adele');
        return body.channels?.includes('nats');
    });
});

test('what is broken is answered, and harms nobody', async () => {
    assert.equal(code(await nats.raw('{"id":"1","op":')), 'bad_request');
    assert.equal(code(await nats.raw('[]')), 'bad_request');
    assert.equal(code(await nats.raw('')), 'bad_request');
    assert.equal(code(await nats.raw(new Uint8Array([0x22, 0xff, 0x22]))), 'bad_request');
    assert.equal(code(await nats.request('no.such')), 'bad_request');
    assert.equal(code(await nats.request('session.ping', { session: 'a b' })), 'bad_request');
    assert.equal(code(await nats.request('session.ping', { session: 'never' })), 'not_found');
    assert.equal(code(await nats.request('session.open', { cursors: 7 })), 'bad_request');
    assert.equal(code(await nats.raw('x'.repeat(1 << 20))), 'too_large');
    assert.equal(code(await nats.request('message.send', { target: GENERAL, text: '' })), 'bad_text');
    assert.equal((await nats.must('conversation.list')).items[0].target, GENERAL);
});

test('a page that is longer than a message may be is refused, and a shorter one is there', async () => {
    await adele.api().must(201, 'POST', '/v1/rooms', { id: 'large' });
    for (let i = 0; i < 100; i++)
        await adele.api().must(201, 'POST', '/v1/rooms/large/messages', { text: '"'.repeat(8192) });
    const page = (limit) => nats.request('message.history', { target: 'wcchat://rooms/large', limit });
    assert.equal(code(await page(100)), 'too_large');
    assert.equal((await page(50)).result.items.length, 50);
});

test('without an inbox of their own nothing is run', async () => {
    const request = JSON.stringify({ id: '1', op: 'message.send', target: GENERAL, text: 'into the void' });
    nats.connection.publish(nats.subject, request);
    nats.connection.publish(nats.subject, request, { reply: '_INBOX_bob.x' });
    nats.connection.publish(nats.subject, request, { reply: 'wcc.frontend.events.user.bob.main' });
    nats.connection.publish(nats.subject, request, { reply: '_INBOX_adele.>' });
    await nats.connection.flush();
    await eventually(async () => {
        const texts = await Promise.all(site.workers.map(async (worker) => (await worker.api.get('/metrics')).text));
        return texts.reduce((n, text) => n + Number(/^wcchat_nats_no_reply_total (\d+)$/m.exec(text)[1]), 0) === 4;
    });
    const { items } = await nats.must('message.history', { target: GENERAL });
    assert.ok(!items.some((item) => item.text === 'into the void'));
});

const original = (args) => nats.raw(JSON.stringify({
    source_app_id: 'test', source_app_version: '1', origin_user_id: 'adele', message_text: 'as ever', target_url: GENERAL,
    created_on: 1, access_token: adele.token, ...args,
}), { subject: 'wcc.frontend.requests' });

test('a session as docs/asyncapi.yaml describes it', async () => {
    const fits = (name, value) => assert.equal(description.problem(['components', 'messages', name, 'payload'], value), null, name);
    const ask = async (name, op, args) => {
        fits(name, { id: '1', op, ...args });
        const answer = await nats.request(op, args);
        assert.ok(answer.ok, JSON.stringify(answer));
        fits(`${name}Reply`, answer);
        return answer.result;
    };
    const opened = await ask('SessionOpen', 'session.open', { session: 'described' });
    assert.equal(opened.subject, 'wcc.frontend.events.user.adele.described');
    assert.ok(opened.expires_in > 890 && opened.expires_in <= 900, `${opened.expires_in} s`);
    await ask('SessionPing', 'session.ping', { session: 'described', cursors: opened.cursors });
    await ask('SessionClose', 'session.close', { session: 'described' });
    fits('Refusal', await nats.request('session.ping', { session: 'described' }));
});

test('session.auth checks a token', async () => {
    const { expires_in } = await nats.must('session.auth', { access_token: adele.token });
    assert.ok(expires_in > 0 && expires_in <= 900, `${expires_in} s`);
    assert.equal(code(await nats.request('session.auth', { access_token: 'x' })), 'unauthenticated');
    assert.equal(code(await nats.request('session.auth', { access_token: bob.token })), 'forbidden');
    assert.equal(code(await nats.request('session.auth')), 'bad_request');
});

test('the original\'s request', async () => {
    const answer = await original({});
    assert.match(answer.message_id, /^\d+-\d+$/);
    assert.deepEqual(answer, { message_id: answer.message_id, acknowledged: true, error: null });
    const direct = await original({ target_url: 'wcchat://users/bob' });
    assert.equal(direct.acknowledged, true);
    const item = await nats.must('message.get', { target: GENERAL, message_id: answer.message_id });
    assert.deepEqual([item.from, item.text, item.via], ['adele', 'as ever', 'nats']);
});

test('the original\'s request, refused', async () => {
    const refused = async (args, error) => {
        const answer = await original(args);
        assert.deepEqual([answer.message_id, answer.acknowledged], [null, false]);
        assert.match(answer.error, error);
    };
    await refused({ message_text: '' }, /^bad_request: message_text/);
    await refused({ message_text: undefined }, /^bad_request: message_text/);
    await refused({ target_url: 'wcchat://users/adele' }, /oneself/);
    await refused({ target_url: 'http://elsewhere/' }, /target_url/);
    await refused({ target_url: 'wcchat://rooms/nowhere' }, /^not_found/);
    await refused({ target_url: 'wcchat://users/nobody' }, /^not_found/);
    await refused({ access_token: undefined }, /access_token/);
    await refused({ access_token: 'wrong' }, /^unauthenticated/);
    await refused({ access_token: bob.token }, /^forbidden/);
    await refused({ origin_user_id: 'bob', access_token: bob.token }, /^forbidden: origin_user_id/);
    for (const origin_user_id of [undefined, '', 7])
        await refused({ origin_user_id }, /^bad_request: origin_user_id/);
    for (const broken of ['{', '', '{}', '[]', '"adele"', new Uint8Array([0x22, 0xff, 0x22])]) {
        const answer = await nats.raw(broken, { subject: 'wcc.frontend.requests' });
        assert.deepEqual([answer.message_id, answer.acknowledged], [null, false]);
        assert.match(answer.error, /^bad_request: /);
    }
});

test('the service protocol', async () => {
    const ops = await site.nats.connectService('operator', 'ops', { inboxPrefix: '_INBOX' });
    const answers = async (subject, count = 2) => {
        const all = [];
        for await (const message of await ops.requestMany(subject, '', { strategy: 'count', maxWait: 5000, maxMessages: count }))
            all.push(message.json());
        return all;
    };
    const pings = await answers('$SRV.PING');
    assert.deepEqual(pings.map((a) => [a.type, a.name]), Array(2).fill(['io.nats.micro.v1.ping_response', 'wcchat']));
    const stats = await answers('$SRV.STATS.wcchat');
    const [one] = await answers(`$SRV.STATS.wcchat.${pings[0].id}`, 1);
    assert.equal(one.id, pings[0].id);
    const [info] = await answers('$SRV.INFO.wcchat');
    assert.deepEqual(info.endpoints.map((endpoint) => endpoint.subject), ['wcc.frontend.requests.*', 'wcc.frontend.requests']);
    // Both endpoints have figures of their own; the tests above asked both, well and badly.
    for (const [i, { name, subject, queue_group }] of info.endpoints.entries()) {
        const of = stats.map(({ endpoints }) => endpoints[i]);
        for (const endpoint of of) {
            assert.deepEqual([endpoint.name, endpoint.subject, endpoint.queue_group], [name, subject, queue_group]);
            assert.equal(endpoint.last_error === '', endpoint.num_errors === 0);
        }
        const sum = (key) => of.reduce((n, endpoint) => n + endpoint[key], 0);
        assert.ok(sum('num_requests') > sum('num_errors') && sum('num_errors') > 0 && sum('processing_time') > 0);
        assert.match(of.map((endpoint) => endpoint.last_error).join(' '), /bad_request/);
    }
});

test('without NATS the worker serves on, says so, and is back by itself', async () => {
    await site.nats.child.end('SIGKILL');
    await eventually(async () => !(await served(site.workers[0])));
    const { status, body } = await site.workers[0].api.get('/readyz');
    assert.equal(status, 200);
    assert.ok(body.checks.nats.problem.length > 0);
    assert.ok((await site.workers[0].api.get('/metrics')).text.includes('wcchat_nats_up 0\n'));
    await adele.api(0).must(201, 'POST', '/v1/rooms/general/messages', { text: 'still here' });
    await site.nats.start();
    await eventually(() => served(site.workers[0]));
    await nats.surely('message.send', { target: GENERAL, text: 'back', client_id: 'n-9' });
});
