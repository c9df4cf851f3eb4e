import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { openEvents } from '../lib/sse.mjs';
import { GENERAL, member, startNatsSite, stopNatsSite } from './people.mjs';

let site, adele, bob;
const key = (session) => `wcc:user:{adele}:nats:${session}`;

before(async () => {
    site = await startNatsSite({ workers: 2, args: ['--nats-ping', '1s', '--lease', '3s', '--heartbeat', '1s'] });
    [adele, bob] = await Promise.all([site.register('adele'), site.register('bob')]);
});
after(() => stopNatsSite(site));

const say = (text) => bob.api(0).must(201, 'POST', '/v1/rooms/general/messages', { text });
const seqsOf = (nats) => nats.events.filter((event) => event.data.target === GENERAL && event.data.seq).map((event) => event.data.seq);

/** Each stored event of general once, in order, without a gap. */
function contiguous(nats) {
    const seqs = seqsOf(nats);
    seqs.forEach((seq, i) => assert.equal(seq, i === 0 ? seq : seqs[i - 1] + 1, `event ${i + 1} has seq ${seq}`));
}

async function holderOf(session) {
    const { holder } = await site.redis.hash(key(session));
    const workers = await Promise.all(site.workers.map(async (worker) => (await worker.api.get('/healthz').catch(() => null))?.body.worker));
    return site.workers[workers.indexOf(holder)];
}

test('Redis knows the holder, the generation and the last ping', async () => {
    const nats = await member(site, adele);
    const opened = await nats.open('known');
    assert.equal(opened.subject, 'wcc.frontend.events.user.adele.known');
    assert.equal(opened.generation, 1);
    const before_ = await site.redis.hash(key('known'));
    assert.ok(await holderOf('known'));
    for (let i = 0; i < 6; i++) // by either worker: it goes to the holder
        assert.equal((await nats.ping()).ok, true);
    const hash = await site.redis.hash(key('known'));
    assert.deepEqual([hash.generation, hash.holder], ['1', before_.holder]);
    assert.ok(Number(hash.ping) >= Number(before_.ping) && hash.cursor.length > 10);
    assert.ok(await site.redis.command('PTTL', key('known')) > 3000000);
    await nats.must('session.close', { session: 'known' });
    await eventually(async () => (await site.redis.command('EXISTS', key('known'))) === 0);
    assert.equal((await nats.ping()).error.code, 'not_found');
});

test('what was lost on its way is sent again after a ping', async () => {
    const nats = await member(site, adele);
    await nats.open('lost');
    await say('before');
    await nats.sees('before');
    nats.listening.unsubscribe(); // as if the connection had swallowed it
    await nats.connection.flush();
    await say('swallowed 1');
    await say('swallowed 2');
    await nats.ping();
    nats.listening = null;
    await new Promise((resolve) => setTimeout(resolve, 20));
    nats.listening = nats.connection.subscribe(nats.opened.subject, { callback: (error, message) => {
        const event = message.json();
        if (event.data.seq && event.data.seq > Number(nats.last.get(GENERAL).split('-')[1])) {
            nats.last.set(GENERAL, event.id);
            nats.events.push(event);
        }
    } });
    await eventually(async () => {
        await nats.ping();
        return nats.texts().includes('swallowed 2');
    }, { interval: 100, timeout: 10000, what: 'what was lost' });
    contiguous(nats);
});

test('a few that were not seen are sent again at once', async () => {
    const nats = await member(site, adele);
    await nats.open('partly');
    const heard = [];
    nats.connection.subscribe(nats.opened.subject, { callback: (error, message) => heard.push(message.json().data.text) });
    await nats.connection.flush();
    const ids = [];
    for (let i = 0; i < 5; i++)
        ids.push((await say(`part ${i}`)).id);
    await eventually(() => heard.length === 5);
    heard.length = 0;
    await nats.must('session.ping', { session: 'partly', cursors: { [GENERAL]: ids[1] } });
    await eventually(() => heard.length >= 3, { what: 'those after the second' });
    assert.deepEqual(heard, ['part 2', 'part 3', 'part 4']);
});

test('sending again takes nothing from the cursors of other sessions', async (t) => {
    const stream = await openEvents(`${site.workers[0].httpUrl}/v1/events`, { token: adele.token });
    t.after(() => stream.cut());
    await stream.waitFor(() => stream.lastEventId !== '');
    const nats = await member(site, adele);
    const { cursors, subject } = await nats.open('again');
    let heard = 0;
    nats.connection.subscribe(subject, { callback: (error, message) => { heard += message.json().data.text === 'again and again'; } });
    await nats.connection.flush();
    await say('again and again');
    await nats.sees('again and again');
    const kept = () => site.redis.command('ZCARD', 'wcc:user:{adele}:cursors');
    const before_ = await kept();
    for (let i = 0; i < 20; i++)
        await nats.surely('session.ping', { session: 'again', cursors });
    await eventually(() => heard > 10, { what: 'it to be sent again' });
    assert.equal(await kept(), before_, 'no other baseline is needed for it');
});

test('a session that its user ends is not taken up again by its name', async () => {
    const nats = await member(site, bob);
    await nats.open('ended');
    const { items } = await bob.api(0).must(200, 'GET', '/v1/users/me/sessions');
    const [{ id }] = items.filter(({ channel }) => channel === 'nats');
    await bob.api(0).must(204, 'DELETE', `/v1/users/me/sessions/${encodeURIComponent(id)}`);
    await eventually(async () => (await nats.ping()).error?.code === 'not_found', { what: 'the session to be unknown' });
    await nats.open('ended');
    assert.equal((await nats.ping()).ok, true);
});

test('a client that was away gets what it missed, under the same name on any worker', async () => {
    const nats = await member(site, adele);
    await nats.open('away');
    await say('seen');
    await nats.sees('seen');
    await nats.connection.close();
    await say('missed 1');
    await eventually(async () => (await site.redis.hash(key('away'))).holder === '', { timeout: 15000, what: 'it to be let go' });
    await say('missed 2');
    const back = await member(site, adele);
    back.last = nats.last;
    await back.open('away', { cursors: nats.cursors });
    await back.sees('missed 2');
    assert.deepEqual(back.texts(), ['missed 1', 'missed 2']);
    contiguous(back);
});

test('the name alone is enough: it goes on where the last ping was', async () => {
    const nats = await member(site, adele);
    await nats.open('named');
    await say('known to the ping');
    await nats.sees('known to the ping');
    await nats.ping();
    await nats.connection.close();
    await say('after the ping');
    const back = await member(site, adele);
    await back.open('named');
    await back.sees('after the ping');
    assert.deepEqual(back.texts(), ['after the ping']);
});

test('session.open takes it over at once; the former holder is silent', async () => {
    const nats = await member(site, adele);
    await nats.open('taken');
    const generations = new Set();
    for (let i = 0; i < 8; i++)
        generations.add((await nats.open('taken', { cursors: nats.cursors })).generation);
    assert.equal(Math.max(...generations), 9);
    await say('to the last');
    await nats.sees('to the last');
    await nats.ping();
    const sessions = await Promise.all(site.workers.map(async (worker) => {
        const { text } = await worker.api.get('/metrics');
        return Number(/^wcchat_nats_sessions (\d+)$/m.exec(text)[1]);
    }));
    const { holder } = await site.redis.hash(key('taken'));
    assert.ok(holder !== '');
    assert.ok(sessions.reduce((a, b) => a + b) >= 1);
    assert.equal(nats.texts().filter((text) => text === 'to the last').length, 1);
});

test('a frozen holder that wakes is silent', async () => {
    const nats = await member(site, adele);
    await nats.open('frozen');
    await say('ahead of the frost');
    await nats.sees('ahead of the frost');
    const frozen = await holderOf('frozen'), { holder: asleep } = await site.redis.hash(key('frozen'));
    const other = site.workers.find((worker) => worker !== frozen);
    const post = (text) => site.api(site.workers.indexOf(other), bob.token).must(201, 'POST', '/v1/rooms/general/messages', { text });
    const stop = nats.keep();
    frozen.pause();
    await post('in the frost');
    await eventually(async () => nats.texts().includes('in the frost'), { timeout: 30000, what: 'another worker to take over' });
    // Whoever wakes before its lease is over may still say something.
    const over = async () => Number(await site.redis.command('ZSCORE', 'wcc:workers', asleep)) < Date.now();
    await eventually(over, { timeout: 10000, what: 'the lease to be over' });
    const { generation } = await site.redis.hash(key('frozen'));
    nats.generations.clear();
    frozen.resume();
    await eventually(async () => (await frozen.api.get('/readyz', { timeout: 2000 }).catch(() => ({}))).status === 200, { timeout: 20000 });
    for (let i = 0; i < 5; i++)
        await post(`after the frost ${i}`);
    await nats.sees('after the frost 4');
    await stop();
    assert.ok([...nats.generations].every((g) => g >= Number(generation)), `${[...nats.generations]} against ${generation}`);
    contiguous(nats);
});

test('a ping that moves a session and does not name a conversation has nothing old of it sent', async () => {
    const worker = await site.addWorker();
    await bob.api(0).must(201, 'POST', '/v1/users/adele/messages', { text: 'of old' });
    const nats = await member(site, adele);
    const me = (await worker.api.get('/healthz')).body.worker;
    await eventually(async () => {
        await nats.open('terse', { cursors: nats.last ? nats.cursors : undefined });
        return (await site.redis.hash(key('terse'))).holder === me;
    }, { timeout: 15000 });
    assert.equal((await nats.ping()).ok, true);
    await worker.crash();
    site.workers.splice(site.workers.indexOf(worker), 1);
    const heard = [];
    nats.connection.subscribe(nats.opened.subject, { callback: (error, message) => heard.push(message.json().data.text) });
    await say('while nobody holds it');
    const { [GENERAL]: last } = nats.cursors;
    await nats.surely('session.ping', { session: 'terse', cursors: { [GENERAL]: last } });
    await eventually(() => heard.includes('while nobody holds it'));
    await bob.api(0).must(201, 'POST', '/v1/users/adele/messages', { text: 'of now' });
    await eventually(() => heard.includes('of now'));
    assert.deepEqual(heard.filter((text) => text?.startsWith('of ')), ['of now']);
});

test('a worker that ends hands its sessions over', async () => {
    const worker = await site.addWorker();
    const index = site.workers.indexOf(worker);
    const nats = await member(site, adele);
    const me = (await worker.api.get('/healthz')).body.worker;
    await eventually(async () => {
        await nats.open('moved', { cursors: nats.last ? nats.cursors : undefined });
        return (await site.redis.hash(key('moved'))).holder === me;
    }, { timeout: 15000 });
    await say('on the first');
    await nats.sees('on the first');
    await worker.stop();
    site.workers.splice(index, 1);
    await eventually(async () => {
        const { holder } = await site.redis.hash(key('moved'));
        return holder !== me && holder !== '';
    });
    await say('on the next');
    await nats.sees('on the next');
    contiguous(nats);
});
