import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { makeRoom } from '../realtime/people.mjs';
import { startNatsSite, stopNatsSite } from './people.mjs';

let site, adele, bob, bridge;
const heard = [];

before(async () => {
    site = await startNatsSite({ workers: 2 });
    [adele, bob] = await Promise.all([site.register('adele'), site.register('bob')]);
    bridge = await site.nats.connectService('bridge', 'phoenix');
    for (const subject of ['wcc.frontend.events.room.*', 'wcc.frontend.events.user.*'])
        bridge.subscribe(subject, { callback: (error, message) => error || heard.push({ subject: message.subject, event: message.json() }) });
    await bridge.flush();
});
after(() => stopNatsSite(site));

const on = (subject) => heard.filter((one) => one.subject === subject).map((one) => one.event);

test('a room\'s stored events, each once, whoever commits them', async () => {
    await makeRoom(adele, 'lab', [bob]);
    await adele.api(0).must(201, 'POST', '/v1/rooms/lab/messages', { text: 'by the first', client_id: 'c-1' });
    await adele.api(0).must(200, 'POST', '/v1/rooms/lab/messages', { text: 'by the first', client_id: 'c-1' });
    await bob.api(1).must(201, 'POST', '/v1/rooms/lab/messages', { text: 'by the second' });
    const lab = 'wcc.frontend.events.room.lab';
    await eventually(() => on(lab).some((event) => event.data.text === 'by the second'));
    assert.deepEqual(on(lab).map((event) => event.type.split('.').at(-1)), ['roomcreated', 'userjoined', 'messagepublished', 'messagepublished']);
    const { items } = await bob.api(0).must(200, 'GET', '/v1/rooms/lab/messages?types=roomcreated,userjoined,messagepublished');
    assert.deepEqual(on(lab).map((event) => event.id), items.map((item) => item.id));
    assert.equal(on(lab)[2].data.target, 'wcchat://rooms/lab');
});

test('a direct message is on the receiver\'s subject, as they see it', async () => {
    await adele.api(0).must(201, 'POST', '/v1/users/bob/messages', { text: 'between us' });
    await eventually(() => on('wcc.frontend.events.user.bob').length > 0);
    const [event] = on('wcc.frontend.events.user.bob');
    assert.deepEqual([event.data.text, event.data.target, event.source], ['between us', 'wcchat://users/adele', '/direct/adele:bob']);
    assert.deepEqual(on('wcc.frontend.events.user.adele'), []);
});

test('without it, or without NATS, nobody waits', async () => {
    const quiet = await site.addWorker({ args: ['--no-nats-bridge'] });
    const before_ = heard.length;
    await adele.api(site.workers.indexOf(quiet)).must(201, 'POST', '/v1/rooms/lab/messages', { text: 'unheard' });
    await adele.api(0).must(201, 'POST', '/v1/rooms/lab/messages', { text: 'heard' });
    await eventually(() => heard.length > before_);
    assert.deepEqual(heard.slice(before_).map((one) => one.event.data.text), ['heard']);
});
