// Two NATS servers with routes between them, and a worker at each: wherever somebody is connected, any worker serves them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { startNatsCluster } from '../lib/nats.mjs';
import { startSite } from '../lib/site.mjs';
import { GENERAL, Member, grant, served } from './people.mjs';

let site, servers, adele, bob;

before(async () => {
    servers = await startNatsCluster(2);
    site = await startSite({ workers: 0, args: ['--nats-ping', '1s', '--lease', '3s', '--heartbeat', '1s'] });
    for (const server of servers)
        await site.addWorker({ args: server.args });
    await eventually(async () => (await Promise.all(site.workers.map(served))).every(Boolean), { what: 'NATS to be served' });
    adele = await at(0, await site.register('adele'));
    bob = await at(1, await site.register('bob', { worker: 1 }));
});
after(async () => {
    await site?.stop();
    await Promise.all((servers ?? []).map((server) => server.stop()));
});

/** An account's connection to the server of this number. */
async function at(i, account, options = {}) {
    const { jwt } = await grant(account);
    const member = new Member(account, await servers[i].connect(account.user, jwt, options));
    member.jwt = jwt;
    return member;
}

const metric = async (name) => Promise.all(site.workers.map(async ({ api }) =>
    Number(new RegExp(`^${name} (\\d+)$`, 'm').exec((await api.get('/metrics')).text)[1])));
const logout = ({ api, refreshToken }) => api().must(204, 'POST', '/v1/auth/logout', { refresh_token: refreshToken });

test('requests, answers and events go from server to server', async () => {
    await Promise.all([adele.open('main'), bob.open('main')]);
    for (let i = 0; i < 20; i++)
        await Promise.all([adele, bob].map((who) => who.must('message.send', { target: GENERAL, text: `${who.user} ${i}` })));
    for (const who of [adele, bob]) {
        await who.sees('adele 19');
        await who.sees('bob 19');
        assert.equal(who.texts().length, 40);
    }
    assert.ok((await metric('wcchat_nats_requests_total')).every((n) => n > 0), 'the queue group has both workers');
});

test('a session moves to the worker at the other server, and goes on there', async () => {
    const holder = async () => (await site.redis.hash('wcc:user:{adele}:nats:main')).holder;
    const first = await holder();
    await eventually(async () => {
        await adele.open('main', { cursors: adele.cursors });
        return await holder() !== first;
    });
    await bob.must('message.send', { target: GENERAL, text: 'after the move' });
    await adele.sees('after the move');
    for (let i = 0; i < 6; i++) // by either worker: it goes to the holder
        assert.equal((await adele.ping()).ok, true);
});

test('what is revoked is refused by each server, also by one that was restarted', async () => {
    await site.workers.pop().stop(); // the second server has no worker of its own
    for (const i of [0, 1]) {
        const account = await site.login('adele');
        const { jwt, connection } = await at(i, account, { reconnect: false, ignoreAuthErrorAbort: false });
        await logout(account);
        await eventually(() => connection.isClosed(), { what: `the connection to server ${i + 1} to be cut off` });
        if (i === 1)
            await servers[1].restart();
        await eventually(async () => {
            const why = await servers[i].connect('adele', jwt, { reconnect: false, ignoreAuthErrorAbort: false, timeout: 3000 })
                .then((again) => again.close(), (error) => error);
            return /auth/i.test(`${why?.name} ${why?.message}`);
        }, { timeout: 15000, interval: 200, what: `server ${i + 1} to refuse it` });
    }
});
