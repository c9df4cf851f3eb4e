// What a worker writes of what it does: who, where and for which request, in one line each, and never a secret.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { PASSWORD, startSite } from '../lib/site.mjs';
import { logIn } from '../telnet/people.mjs';

/** The records of a log in either form. */
const records = (log) => log.trimEnd().split('\n').map((line) => (line.startsWith('{') ? JSON.parse(line)
    : Object.fromEntries([...line.matchAll(/(\w+)=("(?:[^"\\]|\\.)*"|\S+)/g)]
        .map(([, key, value]) => [key, value.startsWith('"') ? JSON.parse(value) : value]))));

for (const form of ['logfmt', 'json']) {
    test(`a session and a request are found in the log, a secret is not (${form})`, async (t) => {
        const site = await startSite({ args: ['--log-format', form, '--log-level', 'debug'] });
        t.after(() => site.stop());
        const alice = await site.register('alice');
        const next = await site.api().must(200, 'POST', '/v1/auth/refresh', { refresh_token: alice.refreshToken });
        const wrong = await site.api().post('/v1/auth/token', { user: 'alice', password: 'a wrong guess' });
        assert.equal(wrong.status, 401);
        const posted = await alice.api().post('/v1/rooms/general/messages', { text: 'between us' }, { headers: { 'x-request-id': 'r-4711' } });
        assert.equal(posted.headers['x-request-id'], 'r-4711');
        const telnet = await logIn(site, 'alice');
        telnet.close();

        const worker = (await site.api().get('/healthz')).body.worker;
        const find = (what) => eventually(() => records(site.workers[0].log).find(what), { what: String(what) });
        const request = await find((r) => r.request === 'r-4711');
        assert.deepEqual([request.level, request.worker, request.user, request.method, Number(request.status)],
            ['debug', worker, 'alice', 'POST', 201]);
        const open = await find((r) => r.msg === 'session open'), closed = await find((r) => r.msg === 'session closed');
        assert.match(open.session, new RegExp(`^${worker}/telnet/\\d+$`));
        assert.deepEqual([open.worker, open.user, open.addr], [worker, 'alice', '127.0.0.1']);
        assert.deepEqual([closed.worker, closed.user, closed.session], [worker, 'alice', open.session]);
        await find((r) => r.msg === 'login refused' && r.user === 'alice');
        for (const secret of [PASSWORD, 'a wrong guess', alice.token, alice.refreshToken, next.access_token, next.refresh_token, 'between us'])
            assert.ok(!site.workers[0].log.includes(secret.split('.').at(-1)), `${secret} is in the log`);
    });
}
