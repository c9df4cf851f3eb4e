// Everything acknowledged arrives once and in order, whatever dies.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { makeRoom } from '../realtime/people.mjs';
import { grant, member, startNatsSite, stopNatsSite } from './people.mjs';

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
    await trouble(members, stops);
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

// A minute, or an hour, is no more than this: three pings did not come, the session was let go, and nobody holds it.
test('one of four who send is away until the session has lapsed', () => underTrouble('away', async (members, stops) => {
    const dan = members[3];
    await stops[3]();
    await dan.connection.close();
    await eventually(async () => (await site.redis.hash('wcc:user:{dan}:nats:away')).holder === '', { timeout: 30000, what: 'it to be let go' });
    const before_ = dan.texts('wcchat://rooms/away').length;
    assert.ok(before_ < members[0].texts('wcchat://rooms/away').length, 'it has missed something');
    const { jwt } = await grant(dan.account);
    dan.connection = await site.nats.connect(dan.user, jwt);
    dan.listening = null;
    await dan.open('away', { cursors: dan.cursors });
    stops[3] = dan.keep(500);
}));
