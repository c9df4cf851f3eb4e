import assert from 'node:assert/strict';
import { test } from 'node:test';

import { metric } from '../events/watch.mjs';
import { eventually } from '../lib/eventually.mjs';
import { PASSWORD, startSite } from '../lib/site.mjs';
import { refused, useSite } from './site.mjs';

const shared = useSite();
const me = (api) => api.get('/v1/users/me');
const refresh = (worker, token) => shared.site.api(worker).post('/v1/auth/refresh', { refresh_token: token });

async function over(api) {
    await eventually(async () => (await me(api)).status === 401, { what: 'the token to be refused' });
}

test('a grant has what it says', async () => {
    const alice = await shared.person('alice');
    const grant = await shared.site.api(1).must(200, 'POST', '/v1/auth/token', { user: alice.user, password: PASSWORD });
    assert.deepEqual([grant.token_type, grant.expires_in], ['Bearer', 900]);
    assert.equal((await me(shared.site.api(0, grant.access_token))).body.user, alice.user);
    const stored = JSON.stringify(await shared.site.redis.command('HVALS', `wcc:user:{${alice.user}}:refresh`));
    assert.ok(!stored.includes(grant.refresh_token.split('.').at(-1)), 'Redis has the digest only');
});

test('logins at both workers at once are good at once at the other', async () => {
    const alice = await shared.person('alice');
    for (let round = 0; round < 5; round++) {
        const logins = await Promise.all([0, 1].map((worker) => shared.site.login(alice.user, { worker })));
        const answers = await Promise.all(logins.map((l, i) => me(l.api(1 - i))));
        assert.deepEqual(answers.map((a) => a.status), [200, 200]);
    }
});

test('an unknown user and a wrong password are refused alike', async () => {
    const alice = await shared.person('alice');
    const wrong = await shared.site.api().post('/v1/auth/token', { user: alice.user, password: 'not the one' });
    const unknown = await shared.site.api().post('/v1/auth/token', { user: 'nobody-at-all', password: 'not the one' });
    refused(wrong, 401, 'unauthenticated');
    refused(unknown, 401, 'unauthenticated');
    const same = ({ title, detail, code }) => ({ title, detail, code });
    assert.deepEqual(same(wrong.body), same(unknown.body));
});

test('failed logins are delayed, on the other worker too, and for the right password', async () => {
    const alice = await shared.person('alice');
    const attempt = (worker, password) => shared.site.api(worker).post('/v1/auth/token', { user: alice.user, password });
    for (let i = 0; i < 6; i++)
        refused(await attempt(i % 2, 'not the one'), 401, 'unauthenticated');
    // The delay grows with each that is tried, until it is long enough for a busy machine to meet it.
    await eventually(async () => Number((await attempt(0, 'not the one')).headers['retry-after']) >= 3, { interval: 50 });
    const delayed = await attempt(1, PASSWORD);
    refused(delayed, 429, 'rate_limited');
    assert.ok(Number(delayed.headers['retry-after']) >= 1);
    await eventually(async () => (await attempt(0, PASSWORD)).status === 200, { interval: 50 });
    for (let i = 0; i < 5; i++)
        refused(await attempt(0, 'not the one'), 401, 'unauthenticated');
});

test('guesses at once buy no more than one after the other', async (t) => {
    const site = await startSite();
    t.after(() => site.stop());
    const { user } = await site.register('alice');
    const attempt = (password) => site.api().post('/v1/auth/token', { user, password });
    const wrong = Array.from({ length: 40 }, (_, i) => attempt(`guess number ${i}`));
    await eventually(async () => await metric(site.workers[0], 'wcchat_http_requests_under_way') > 20, { interval: 5 });
    const right = attempt(PASSWORD); // its turn comes behind theirs
    const answers = await Promise.all(wrong);
    const told = answers.filter(({ status }) => status === 401).length;
    assert.ok(told >= 5 && told <= 12, `${told} were told that they are wrong`);
    refused(await right, 429, 'rate_limited');
});

test('all addresses that an IPv6 host can choose from are one', async (t) => {
    const site = await startSite({ args: ['--http-trusted', '127.0.0.1', '--login-address-free', '3', '--login-delay-max', '1h'] });
    t.after(() => site.stop());
    let users = 0;
    const guess = (from) => site.api().post('/v1/auth/token', { user: `user-${users++}`, password: 'not the one' },
        { headers: { 'x-forwarded-for': from } });
    const another = () => guess(`2001:db8:0:1:${users}::${users}`);
    for (let i = 0; i < 3; i++)
        refused(await another(), 401, 'unauthenticated');
    // Each that is tried makes the delay longer, until it is longer than a request takes.
    let delayed = false;
    for (let i = 0; i < 10 && !delayed; i++)
        delayed = (await another()).status === 429;
    assert.ok(delayed, 'each address had its own failures');
    for (const other of ['2001:db8:0:2::1', '192.0.2.7'])
        refused(await guess(other), 401, 'unauthenticated');
});

test('a refresh token is good for one use; a second one ends its family on all workers', async () => {
    const alice = await shared.person('alice');
    const bystander = await shared.site.login(alice.user);
    const next = await refresh(1, alice.refreshToken);
    assert.equal(next.status, 200, next.text);
    assert.equal((await me(shared.site.api(0, next.body.access_token))).status, 200);
    assert.equal((await me(shared.site.api(1, next.body.access_token))).status, 200);
    refused(await refresh(0, alice.refreshToken), 401, 'unauthenticated');
    await over(shared.site.api(0, next.body.access_token));
    await over(shared.site.api(1, next.body.access_token));
    refused(await refresh(1, next.body.refresh_token), 401, 'unauthenticated');
    assert.equal((await me(bystander.api(1))).status, 200);
});

test('an access token does not buy another', async () => {
    const alice = await shared.person('alice');
    refused(await shared.site.api().post('/v1/auth/token', { user: alice.user, password: alice.token }),
        401, 'unauthenticated');
    refused(await refresh(0, alice.token), 401, 'unauthenticated');
});

test('logout ends one family, at once here and soon elsewhere', async () => {
    const alice = await shared.person('alice');
    const other = await shared.site.login(alice.user);
    assert.equal((await me(alice.api(1))).status, 200);
    assert.equal((await alice.api(0).post('/v1/auth/logout', {})).status, 204);
    refused(await me(alice.api(0)), 401, 'unauthenticated');
    await over(alice.api(1));
    refused(await refresh(0, alice.refreshToken), 401, 'unauthenticated');
    assert.equal((await me(other.api(1))).status, 200);
});

test('logout by refresh token, and everywhere', async () => {
    const alice = await shared.person('alice');
    const logins = [alice, await shared.site.login(alice.user), await shared.site.login(alice.user, { worker: 1 })];
    const logout = (body) => shared.site.api(1).post('/v1/auth/logout', body);
    refused(await logout({}), 401, 'unauthenticated');
    refused(await logout({ refresh_token: 'nonsense' }), 401, 'unauthenticated');
    assert.equal((await logout({ refresh_token: logins[1].refreshToken })).status, 204);
    await over(logins[1].api(0));
    assert.equal((await me(alice.api(0))).status, 200);
    assert.equal((await logout({ refresh_token: logins[1].refreshToken })).status, 204);
    refused(await logout({ refresh_token: logins[1].refreshToken, everywhere: true }), 401, 'unauthenticated');
    assert.equal((await me(alice.api(0))).status, 200, 'a token that is over ends nothing');
    assert.equal((await logout({ refresh_token: logins[2].refreshToken, everywhere: true })).status, 204);
    await over(alice.api(0));
    await over(logins[2].api(1));
});

test('the list of sessions, and ending one of them', async () => {
    const alice = await shared.person('alice');
    const other = await shared.site.login(alice.user, { worker: 1 });
    const list = async (account) => (await account.api().must(200, 'GET', '/v1/users/me/sessions')).items;
    const before = await list(alice);
    assert.deepEqual(before.map((s) => s.kind), ['login', 'login']);
    assert.equal(before.filter((s) => s.current).length, 1);
    assert.ok(before.every((s) => s.since && s.used && s.expires > s.since), JSON.stringify(before));
    assert.ok(!JSON.stringify(before).includes(alice.refreshToken.split('.').at(-1)));
    const { id } = before.find((s) => !s.current);
    assert.equal((await alice.api().delete(`/v1/users/me/sessions/${id}`)).status, 204);
    await over(other.api(1));
    assert.equal((await list(alice)).length, 1);
    refused(await alice.api().delete(`/v1/users/me/sessions/${id}`), 404, 'not_found');
    refused(await alice.api().delete('/v1/users/me/sessions/*'), 404, 'not_found');
    refused(await alice.api().delete('/v1/users/me/sessions/w-none%2Ftelnet%2F1'), 404, 'not_found');
});

test('a disabled account is out, everywhere', async () => {
    const alice = await shared.person('alice');
    assert.equal((await me(alice.api(0))).status, 200);
    assert.equal((await me(alice.api(1))).status, 200);
    const key = `wcc:user:{${alice.user}}`;
    assert.equal((await shared.site.redis.script('account_state', [key], ['disable']))[0], 'ok');
    await over(alice.api(0));
    await over(alice.api(1));
    refused(await shared.site.api(1).post('/v1/auth/token', { user: alice.user, password: PASSWORD }),
        401, 'unauthenticated');
    await shared.site.redis.script('account_state', [key], ['enable']);
    await shared.site.login(alice.user);
});

test('registration can be closed', async (t) => {
    const site = await startSite({ args: ['--no-registration'] });
    t.after(() => site.stop());
    refused(await site.api().post('/v1/users', { user: 'alice', password: PASSWORD }), 403, 'forbidden', /closed/);
    assert.equal(await site.redis.command('EXISTS', 'wcc:user:{alice}'), 0);
});
