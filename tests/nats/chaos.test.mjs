// Everything acknowledged arrives once and in order, whatever dies.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { makeRoom } from '../realtime/people.mjs';
import { member, startNatsSite, stopNatsSite } from './people.mjs';

const NAMES = ['ann', 'ben', 'cat', 'dan'];
const PER_SECOND = 50;
let site, accounts;

before(async () => {
    site = await startNatsSite({ workers: 2, args: ['--nats-ping', '1s'], redis: { appendonly: true } });
    accounts = await Promise.all(NAMES.map((name) => site.register(name)));
});
after(() => stopNatsSite(site));

/** Sends `count` messages, 50 a second, each repeated until it is acknowledged. Resolves with the acknowledged [seq, text]. */
async function sendMany(nats, target, count) {
    const start = Date.now(), acknowledged = [];
    await Promise.all(Array.from({ length: count }, async (_, i) => {
        await new Promise((resolve) => setTimeout(resolve, start + (i * 1000) / PER_SECOND - Date.now()));
        const text = `${nats.user} ${i}`;
        const { seq } = await nats.surely('message.send', { target, text, client_id: text }, { each: 1500, timeout: 40000 });
        acknowledged.push([seq, text]);
    }));
    return acknowledged;
}

async function underTrouble(room, trouble, count = 200) {
    await makeRoom(accounts[0], room, accounts.slice(1));
    const target = `wcchat://rooms/${room}`;
    const members = await Promise.all(accounts.map((account) => member(site, account)));
    await Promise.all(members.map((nats) => nats.open(room)));
    const stops = members.map((nats) => nats.keep(500));
    const sending = members.map((nats) => sendMany(nats, target, count));
    await eventually(() => members[0].texts(target).length > 40, { timeout: 20000 });
    await trouble();
    const acknowledged = (await Promise.all(sending)).flat().sort((a, b) => a[0] - b[0]);
    assert.equal(acknowledged.length, count * NAMES.length);
    await Promise.all(members.map((nats) => eventually(() => nats.texts(target).length >= acknowledged.length,
        { timeout: 40000, what: `${nats.user} to get all: ${nats.texts(target).length}` })));
    await Promise.all(stops.map((stop) => stop()));
    for (const nats of members)
        assert.deepEqual(nats.texts(target), acknowledged.map(([, text]) => text), nats.user);
    await Promise.all(members.map((nats) => nats.connection.close()));
}

test('a worker is killed under four who send', () => underTrouble('killed', async () => {
    await site.workers[1].crash();
    site.workers.splice(1, 1);
    await site.addWorker();
}));

test('the NATS server is restarted under four who send', () => underTrouble('restarted', () => site.nats.restart()));
