// A worker is killed under a thousand WebSocket clients: all are back elsewhere, and nothing is missing or doubled. How long it
// took, and what others felt of it, is told and not judged: that is the machine's.
import assert from 'node:assert/strict';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { eventually } from '../lib/eventually.mjs';
import { startSite } from '../lib/site.mjs';
import { people } from '../realtime/people.mjs';
import { patience, stored, webSocket } from './returning.mjs';

const CLIENTS = 1000;
const OTHERS = 20;
const PACE_MS = 250;

/** Posts on worker `at`; resolves with [seq, when it was sent] once `going` ends. */
async function write(account, at, going) {
    const posts = [];
    for (let i = 0; going(); i++) {
        const sent = Date.now();
        const body = { text: `${sent}`, client_id: `${sent}` };
        const { seq } = await eventually(() => account.api(at).must([200, 201], 'POST', '/v1/rooms/general/messages', body),
            { ...patience, what: 'a post to be taken' });
        posts.push([seq, sent]);
        await sleep(PACE_MS); // a pace, not a wait
    }
    return posts;
}

/** Notes when an event came: `late` by how much each message was late, as [when it was said, ms]. */
function timed(one) {
    const late = [];
    let read = 0;
    one.now.ws.waitFor(() => {
        for (; read < one.now.ws.events.length; read++) {
            const said = Number(one.now.ws.events[read].data.text);
            if (said > 0)
                late.push([said, Date.now() - said]);
        }
        return one.stopped;
    }, { timeout: 200000 }).catch(() => {});
    return late;
}

const worst = (late, from, to) => Math.max(...late.flat().filter(([said]) => said >= from && said < to).map(([, ms]) => ms));

test('a worker dies under 1,000 WebSocket clients', async (t) => {
    const clients = [];
    t.after(() => Promise.allSettled(clients.map((one) => one.stop())));
    const site = await startSite({ workers: 3 });
    t.after(() => site.stop());
    const accounts = Object.values(await people(site, ...Array.from({ length: 10 }, (_, i) => `user-${i}`)));
    const [dying, ...living] = site.workers;
    let dead = false, turn = 0;
    const url = () => (dead ? living[turn++ % 2] : dying).httpUrl;
    for (let i = 0; i < CLIENTS; i++)
        clients.push(webSocket(url, accounts[i % 10].token));
    const others = Array.from({ length: OTHERS }, (_, i) => webSocket(() => living[i % 2].httpUrl, accounts[i % 10].token));
    const moving = [...clients];
    clients.push(...others);
    await Promise.all(clients.map((one) => one.open()));
    const late = others.map(timed);

    let going = true;
    const writing = write(accounts[0], 1, () => going);
    await eventually(() => clients.every((one) => one.seqs().length > 5), { ...patience, what: 'everybody to hear' });
    const killed = Date.now();
    dead = true;
    await dying.crash();
    const head = (await accounts[0].api(1).must(200, 'GET', '/v1/rooms/general/messages?limit=1')).items[0].seq;
    await Promise.all(moving.map((one) => eventually(() => one.parts.length > 1 && one.seqs().at(-1) > head, { ...patience, interval: 20, what: 'it to be back' })));
    const back = Date.now();
    going = false;
    const posts = await writing;
    const last = posts.at(-1)[0];
    for (const one of clients) {
        await eventually(() => one.seqs().at(-1) === last, { ...patience, what: `the end, ${last}` });
        const seqs = one.seqs();
        assert.deepEqual(seqs, Array.from({ length: last - seqs[0] + 1 }, (_, i) => seqs[0] + i), 'each once and in order');
        assert.ok(one.parts.every((part) => part.resyncs() === 0));
    }
    assert.ok(moving.every((one) => one.parts.length === 2) && others.every((one) => one.parts.length === 1));
    t.diagnostic(`all back and caught up after ${back - killed} ms; a message to others took ` +
        `${worst(late, 0, killed)} ms at worst before, ${worst(late, killed, back)} ms meanwhile`);
});
