// One run: people chat on all channels while the fleet is in trouble, and what they saw is recorded.
import { eventually } from '../lib/eventually.mjs';
import { makeRoom, truth } from '../events/watch.mjs';
import { member } from '../nats/people.mjs';
import { startFleet } from './fleet.mjs';
import { EventListener, NatsListener, TelnetListener, WebSocketListener, keepPosting, keepSending, keepTyping } from './people.mjs';

const MEMBERS = ['alice', 'bob', 'carol'];
const ROOMS = ['general', 'crew', 'deck'];
const key = (room) => `wcc:room:{${room}}`;

async function entries(site, room) {
    const log = [];
    for (let from = '-'; ;) {
        const page = await site.redis.command('XRANGE', `${key(room)}:log`, from, '+', 'COUNT', 1000);
        for (const [id, flat] of page) {
            const fields = {};
            for (let i = 0; i < flat.length; i += 2)
                fields[flat[i]] = flat[i + 1];
            log.push({ seq: Number(id.split('-')[1]), id, type: fields.type, user: fields.type === 'roomcreated' ? fields.from : fields.user, text: fields.text });
        }
        if (page.length < 1000)
            return log;
        from = `(${page.at(-1)[0]}`;
    }
}

/** Somebody who is kicked out of the room and let in again, again and again. */
async function comeAndGo(fleet, owner, user) {
    const call = async (method) => {
        await eventually(async () => {
            const api = fleet.someWorker().api.as(owner.token);
            const { status } = await api.request(method, `/v1/rooms/deck/members/${user}`, { keepAlive: false, timeout: 10000, body: method === 'PUT' ? {} : undefined });
            return [200, 201, 204, 404, 409].includes(status);
        }, { timeout: 60000, interval: 50, what: `${method} ${user}` });
    };
    while (fleet.going) {
        await call('PUT');
        await new Promise((resolve) => setTimeout(resolve, 300));
        await call('DELETE');
        await new Promise((resolve) => setTimeout(resolve, 150));
    }
    await call('PUT');
}

async function inhabit(fleet) {
    const accounts = {};
    for (const name of [...MEMBERS, 'dave', 'eve'])
        accounts[name] = await fleet.site.register(name);
    const members = MEMBERS.slice(1).map((name) => accounts[name]);
    await makeRoom(accounts.alice, 'crew', { visibility: 'private', members });
    await makeRoom(accounts.alice, 'deck', { visibility: 'private', members });
    return accounts;
}

/**
 * Runs it and returns the history for history.mjs. `plant`: a planted bug for the listeners; `more`: so many more troubles
 * than one of each kind.
 */
export async function chaos(t, seed, { plant, more } = {}) {
    const fleet = await startFleet(seed);
    t.after(() => fleet.stop());
    const accounts = await inhabit(fleet);
    const listeners = [];
    t.after(() => listeners.forEach((listener) => listener.stop()));
    for (const name of [...MEMBERS, 'dave', 'eve']) {
        for (const Kind of [WebSocketListener, EventListener, TelnetListener, NatsListener])
            listeners.push(new Kind(fleet, accounts[name], `${name} on ${Kind.name}`, { plant }));
    }
    await eventually(() => listeners.every((listener) => listener.connected), { timeout: 60000, what: 'everybody to be there' });

    const senders = await Promise.all(['carol', 'eve'].map((name) => member(fleet.site, accounts[name])));
    const typist = (name) => listeners.find((listener) => listener.user === name && listener instanceof TelnetListener);
    const writers = [
        ...ROOMS.map((room, i) => keepPosting(fleet, accounts[MEMBERS[i]], room)),
        keepPosting(fleet, accounts.alice, 'crew'),
        keepTyping(fleet, typist('bob'), 'crew'),
        keepTyping(fleet, typist('eve'), 'general'),
        keepSending(fleet, senders[0], 'crew'),
        keepSending(fleet, senders[1], 'general'),
        comeAndGo(fleet, accounts.alice, 'dave').then(() => []),
    ];
    const count = async () => (await truth(fleet.site, key('crew')).catch(() => [])).length;
    await fleet.run({
        more,
        progress: async () => {
            const before = await eventually(count, { timeout: 30000, what: 'Redis to answer' });
            await eventually(async () => await count() > before + 20, { timeout: 60000, interval: 50, what: 'people to go on' });
        },
    });
    fleet.going = false;
    const acks = (await Promise.all(writers)).flat();
    return record(fleet, accounts, listeners, acks, { patient: plant === undefined });
}

/** What is known when all is quiet. */
async function record(fleet, accounts, listeners, acks, { patient }) {
    await fleet.ready();
    await eventually(() => listeners.every((listener) => listener.connected), { timeout: 30000, what: 'everybody to be back' });
    for (const room of ROOMS) {
        const writer = accounts[room === 'general' ? 'eve' : 'alice'];
        const text = `the end of ${room}`;
        const answer = await eventually(async () => {
            const { status, body } = await fleet.someWorker().api.as(writer.token)
                .post(`/v1/rooms/${room}/messages`, { text, client_id: `end-${room}` }, { keepAlive: false });
            return status < 300 ? body : null;
        }, { timeout: 30000, what: text });
        acks.push({ conversation: room, id: answer.id, text });
        const there = listeners.filter(({ user }) => room === 'general' || (room === 'crew' ? MEMBERS : [...MEMBERS, 'dave']).includes(user));
        await eventually(() => there.every((listener) => listener.saw(room, answer.seq)), { timeout: patient ? 30000 : 10000, what: text })
            .catch((error) => patient || error); // the checker says who missed what
    }
    const logs = Object.fromEntries(await Promise.all(ROOMS.map(async (room) => [room, await entries(fleet.site, room)])));
    const views = listeners.map(({ name, user, segments, types }) => ({ name, user, segments, types }));
    const { presence, expected } = await presences(fleet, accounts);
    return { logs, acks, views, presence, expected, troubles: fleet.troubles };
}

/** Everybody is on all channels; whoever asks, on whichever worker, is told so. */
async function presences(fleet, accounts) {
    const names = Object.keys(accounts);
    const expected = Object.fromEntries(names.map((name) => [name, ['nats', 'telnet', 'web']]));
    const presence = {};
    for (const name of names) {
        await eventually(async () => {
            const { body } = await fleet.someWorker().api.as(accounts.alice.token).get(`/v1/presence/${name}`, { keepAlive: false });
            presence[name] = body.channels;
            return [...body.channels].sort().join() === 'nats,telnet,web';
        }, { timeout: 15000, interval: 100, what: `${name} to be on all channels` }).catch(() => {}); // the checker tells
    }
    return { presence, expected };
}
