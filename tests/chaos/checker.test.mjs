// The checker is worth something only if it finds what is wrong: bugs planted in what is shown, in a run like those of
// chaos.test.mjs, and one by one in a record.
import assert from 'node:assert/strict';
import test from 'node:test';

import { memberships, violations } from './history.mjs';
import { chaos } from './run.mjs';

const entry = (seq, type, more) => ({ seq, id: `${1000 + seq}-${seq}`, type, ...more });
const said = (seq, text) => entry(seq, 'messagepublished', { text });

/** A history in which everything is well: bob was a member from #2 to #5 and from #7 on. */
function good() {
    const log = [entry(1, 'roomcreated', { user: 'alice' }), entry(2, 'userjoined', { user: 'bob' }), said(3, 'three'),
        said(4, 'four'), entry(5, 'userleft', { user: 'bob' }), said(6, 'six'), entry(7, 'userjoined', { user: 'bob' }), said(8, 'eight')];
    const see = (...seqs) => log.filter(({ seq }) => seqs.includes(seq))
        .map(({ seq, text }) => ({ conversation: 'den', seq, text, at: 1000 + seq }));
    const view = (user, ...seqs) => ({ name: user, user, types: ['messagepublished', 'userjoined', 'userleft'],
        segments: [{ start: { den: 2 }, seen: see(...seqs), resyncs: 0 }] });
    return {
        logs: { den: log },
        acks: [{ conversation: 'den', id: '1003-3', text: 'three' }, { conversation: 'den', text: 'four' }],
        views: [view('alice', 3, 4, 5, 6, 7, 8), view('bob', 3, 4, 5, 7, 8)],
        presence: { alice: ['web'] },
        expected: { alice: ['web'] },
    };
}

const seen = (history, user) => history.views.find((view) => view.user === user).segments[0].seen;

const plants = {
    'an acknowledged message is not stored': [(h) => h.acks.push({ conversation: 'den', text: 'nine' }), 'lost'],
    'it is stored under another id': [(h) => { h.acks[0].id = '1003-4'; }, 'lost'],
    'a message is stored twice': [(h) => h.logs.den.push(said(9, 'eight')), 'doubled'],
    'the log has a hole': [(h) => h.logs.den.splice(5, 1), 'log'],
    'a message is not shown': [(h) => seen(h, 'alice').splice(1, 1), 'missing'],
    'the last message is not shown': [(h) => seen(h, 'alice').pop(), 'missing'],
    'a message is shown twice': [(h) => seen(h, 'alice').splice(1, 0, seen(h, 'alice')[0]), 'doubled'],
    'two messages change places': [(h) => seen(h, 'alice').splice(0, 2, ...seen(h, 'alice').slice(0, 2).reverse()), 'reordered'],
    'somebody else\'s text is shown': [(h) => { seen(h, 'alice')[0].text = 'four'; }, 'altered'],
    'somebody who was kicked is shown what was said then':
        [(h) => seen(h, 'bob').splice(3, 0, { conversation: 'den', seq: 6, text: 'six', at: 1006 }), 'leaked'],
    'a session is told to start again': [(h) => { h.views[0].segments[0].resyncs = 1; }, 'resync'],
    'a ghost is present': [(h) => h.presence.alice.push('telnet'), 'presence'],
};

test('nothing is wrong with a good history', () => {
    assert.deepEqual(violations(good()), []);
    assert.deepEqual(memberships(good().logs.den, 'bob'), [[2, 5], [7, Infinity]]);
    const history = good();
    seen(history, 'bob').splice(3, 0, { conversation: 'den', seq: 6, text: 'six', at: 1007 });
    assert.deepEqual(violations(history), [], 'a member again may see what was said meanwhile');
});

for (const [what, [plant, kind]] of Object.entries(plants)) {
    test(`found: ${what}`, () => {
        const history = good();
        plant(history);
        assert.ok(violations(history).some((found) => found.kind === kind), JSON.stringify(violations(history)));
    });
}

const LOST = 60; // the number of a message in crew that nobody is shown: its publish was dropped, and nobody noticed

/** Bugs of one delivery each: from the 40th event of crew on, what is shown instead of it. */
const BUGS = {
    'carol on WebSocketListener': { kind: 'missing', bug: (i) => (i === 40 ? [] : undefined) },
    'bob on EventListener': { kind: 'doubled', bug: (i, event) => (i === 40 ? [event, event] : undefined) },
    'alice on NatsListener': { kind: 'missing', times: 3, bug: (i) => (i >= 40 && i < 43 ? [] : undefined) }, // a gap that is skipped
    'bob on NatsListener': { kind: 'doubled', bug: (i, event) => (i === 40 ? [event, event] : undefined) },
    'carol on NatsListener': { kind: 'reordered', bug: (i, event, held) => (i === 40 ? [] : i === 41 ? [event, held] : undefined) },
};

function planted() {
    const counts = new Map(), last = new Map();
    return ({ name }, event) => {
        if (event.conversation !== 'crew')
            return undefined;
        if (event.seq === LOST)
            return [];
        const i = (counts.get(name) ?? 0) + 1;
        const shown = BUGS[name]?.bug(i, event, last.get(name));
        counts.set(name, i);
        last.set(name, event);
        return shown;
    };
}

test('found in a run: a dropped publish, double deliveries, a gap that is skipped, two that change places', async (t) => {
    const history = await chaos(t, 'planted', { plant: planted(), more: 0 });
    const found = violations(history).map(({ kind, what }) => ({ kind, what, view: what.split(' in crew: ')[0] }))
        .filter(({ view }) => !view.endsWith('TelnetListener')); // may just be away
    const lost = found.filter(({ what }) => what.endsWith(`#${LOST} was never shown`));
    const members = ['alice', 'bob', 'carol'].flatMap((user) => ['WebSocket', 'Event', 'Nats'].map((kind) => `${user} on ${kind}Listener`));
    assert.deepEqual(lost.map(({ view }) => view).sort(), members.sort());
    const others = found.filter((one) => !lost.includes(one)).map(({ kind, view }) => `${view}: ${kind}`);
    const expected = Object.entries(BUGS).flatMap(([name, { kind, times = 1 }]) => Array(times).fill(`${name}: ${kind}`));
    assert.deepEqual(others.sort(), expected.sort());
});
