// What the tests of real time share.
import assert from 'node:assert/strict';

import { openEvents } from '../lib/sse.mjs';
import { connectWebSocket } from '../lib/websocket.mjs';

export const room = (name) => `wcchat://rooms/${name}`;

export async function people(site, ...names) {
    const accounts = await Promise.all(names.map((name) => site.register(name)));
    return Object.fromEntries(accounts.map((account) => [account.user, account]));
}

export async function makeRoom(owner, name, members = []) {
    await owner.api(0).must(201, 'POST', '/v1/rooms', { id: name });
    for (const member of members)
        await member.api(0).must([200, 201], 'PUT', `/v1/rooms/${name}/members/${member.user}`, {});
}

export async function post(account, name, text, worker = 0) {
    return account.api(worker).must([200, 201], 'POST', `/v1/rooms/${name}/messages`, { text });
}

/** An event stream of an account. */
export function events(site, account, worker = 0, { query = '', ...options } = {}) {
    return openEvents(`${site.workers[worker].httpUrl}/v1/events${query}`, { token: account.token, ...options });
}

/** A WebSocket of an account, not opened as a session. */
export function socket(site, account, worker = 0, options = {}) {
    return connectWebSocket(`${site.workers[worker].httpUrl}/v1/ws`, { token: account.token, ...options });
}

/** The same with an open session; `ws.opened` is the answer to session.open. */
export async function session(site, account, worker = 0, args = {}, options = {}) {
    const ws = await socket(site, account, worker, options);
    ws.opened = await ws.must('session.open', args);
    return ws;
}

/** Each of these events once, in order. */
export function contiguous(seen, { from = null } = {}) {
    const seqs = seen.map((event) => event.data.seq);
    seqs.forEach((seq, i) => {
        const expected = i === 0 ? from ?? seq : seqs[i - 1] + 1;
        assert.equal(seq, expected, `event ${i + 1} of ${seqs.length} has seq ${seq}, expected ${expected}`);
    });
}

export const isMessage = (event) => event.type.endsWith('.messagepublished');
export const isResync = (event) => event.type.endsWith('.resync');
