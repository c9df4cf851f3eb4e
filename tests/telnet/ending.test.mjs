// How sessions end that the user did not end: drains, log-outs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { startSite } from '../lib/site.mjs';
import { logIn, signUp } from './people.mjs';

let site;

before(async () => {
    site = await startSite();
    await signUp(site, 'alice').then((telnet) => telnet.close());
});
after(() => site.stop());

test('a worker that stops tells everybody and answers what it was asked', async () => {
    const worker = await site.addWorker();
    const index = site.workers.indexOf(worker);
    const people = await Promise.all(Array.from({ length: 20 }, () => logIn(site, 'alice', index)));
    const waiting = await site.connect(index);
    await waiting.expect('login: ');
    people[0].sendRaw('/whoami\r\n');
    await people[0].expect('* you are alice');
    worker.child.signal('SIGTERM');
    await Promise.all([...people, waiting].map(async (telnet) => {
        await telnet.expect('* this worker is restarting; please reconnect\r\n');
        await telnet.untilClosed();
    }));
    await worker.stop();
});

test('while Redis does not answer a session is told to try again, and goes on afterwards', async () => {
    const telnet = await logIn(site, 'alice');
    await site.redis.pause();
    telnet.send('is anybody there?');
    await telnet.expect(/error: unavailable The service is unavailable, try again\r\n/).finally(() => site.redis.resume());
    telnet.send('/whoami');
    await telnet.expect(/\* you are alice/);
    telnet.close();
});

test('a session whose tokens are taken back ends', async () => {
    const account = await site.register('leaver');
    const telnet = await logIn(site, 'leaver');
    const answer = await account.api().post('/v1/auth/logout', { everywhere: true });
    assert.ok(answer.status < 300, `${answer.status} ${answer.text}`);
    await telnet.expect('* you were logged out\r\n');
    await telnet.untilClosed();
});
