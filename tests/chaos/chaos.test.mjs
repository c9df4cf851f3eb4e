// Workers are killed, frozen, drained and replaced, Redis is restarted and loses connections, the NATS server is restarted,
// while people chat on telnet, WebSocket, SSE, REST and NATS: nothing acknowledged is lost, doubled, reordered or shown to somebody who is no member.
// WCCHAT_CHAOS_SEED=… runs one of another seed, WCCHAT_CHAOS_MORE=N makes it longer.
import assert from 'node:assert/strict';
import test from 'node:test';

import { violations } from './history.mjs';
import { chaos } from './run.mjs';

const seeds = process.env.WCCHAT_CHAOS_SEED ? [process.env.WCCHAT_CHAOS_SEED] : ['one', 'two', 'three'];
const more = Number(process.env.WCCHAT_CHAOS_MORE ?? 2);

for (const seed of seeds) {
    test(`seed ${seed}: no violation`, async (t) => {
        const history = await chaos(t, seed, { more });
        t.diagnostic(`${history.troubles.join(', ')}; ${history.acks.length} acknowledged, ` +
            `${history.views.reduce((sum, { segments }) => sum + segments.length, 0)} views`);
        assert.deepEqual(violations(history).slice(0, 20), []);
        assert.ok(history.acks.length > 300, 'hardly anything was said');
    });
}
