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

/** After some events one bug, once, for one listener. */
function once(change) {
    let count = 0;
    return (listener, event) => {
        if (listener.name !== 'carol on WebSocketListener' || event.conversation !== 'crew' || ++count !== 40)
            return undefined;
        return change(event);
    };
}

test('found in a run: a delivery that is dropped, and one that is doubled', async (t) => {
    const dropped = await chaos(t, 'planted', { plant: once(() => []), more: 0 });
    assert.deepEqual([...new Set(violations(dropped).map(({ kind }) => kind))], ['missing']);
    assert.equal(violations(dropped).length, 1);
    const doubled = await chaos(t, 'planted', { plant: once((event) => [event, event]), more: 0 });
    assert.deepEqual(violations(doubled).map(({ kind }) => kind), ['doubled']);
});
