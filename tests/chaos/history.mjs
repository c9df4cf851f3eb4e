// Decides from what was recorded whether a guarantee was broken. It knows nothing of how the record came about.
//
//   logs      {conversation: [{seq, id, type, user, text}]}: the streams in Redis at the end, which are the truth; `user`:
//             who made the room, joined or left
//   acks      [{conversation, id, seq, text}]: what a sender was told is stored
//   views     [{name, user, types, segments: [{start: {conversation: seq}, seen: [{conversation, seq, text, at}], resyncs}]}]
//             A segment is what one session was shown, or, where cursors carry a view over its cuts, all of them. `start`:
//             it has to see what comes after that in a conversation; one that is not named starts with its first event.
//             `types` of what it can show (telnet shows joins without a number): those are compared. `at`: when, in ms of
//             the clock that the ids have, too
//   presence  {user: [channel]}: as it was told at the end; `expected` the same, as it ought to be

const timeOf = (entry) => Number(entry.id.split('-')[0]);

/** Members see all of a room's history: was `user` a member when this was shown? */
function mayBeShown(log, spans, { seq, at }) {
    if (spans.some(([from, to]) => seq >= from && seq <= to))
        return true;
    const join = spans.map(([from]) => from).find((from) => from > seq);
    return join !== undefined && at >= timeOf(log.find((entry) => entry.seq === join));
}

/** Who was cut off and kicked before coming back may not be shown the last part of that membership any more. */
function endedBefore(spans, seq, shownUpTo) {
    const span = spans.find(([from, to]) => seq >= from && seq <= to);
    return span[1] !== Infinity && !shownUpTo(span[1]);
}

/** The parts of a log in which `user` is a member, as [first, last] of seqs; both are shown to them. */
export function memberships(log, user) {
    const spans = [];
    let since = null;
    for (const entry of log) {
        if (entry.user !== user)
            continue;
        if (['roomcreated', 'userjoined'].includes(entry.type) && since === null)
            since = entry.seq;
        if (entry.type === 'userleft' && since !== null) {
            spans.push([since, entry.seq]);
            since = null;
        }
    }
    if (since !== null)
        spans.push([since, Infinity]);
    return spans;
}

function checkLogs({ logs, acks }, broken) {
    const texts = new Map();
    for (const [conversation, log] of Object.entries(logs)) {
        log.forEach((entry, i) => {
            if (i > 0 && entry.seq !== log[i - 1].seq + 1)
                broken('log', `${conversation}: #${entry.seq} after #${log[i - 1].seq}`);
            if (entry.text === undefined)
                return;
            if (texts.has(entry.text))
                broken('doubled', `"${entry.text}" is stored twice: ${texts.get(entry.text).id} and ${entry.id}`);
            texts.set(entry.text, { ...entry, conversation });
        });
    }
    for (const ack of acks) {
        const stored = texts.get(ack.text);
        if (stored === undefined || stored.conversation !== ack.conversation)
            broken('lost', `"${ack.text}" was acknowledged and is not in ${ack.conversation}`);
        else if (ack.id !== undefined && ack.id !== stored.id)
            broken('lost', `"${ack.text}" was acknowledged as ${ack.id} and stored as ${stored.id}`);
    }
}

/** What a segment had to show of one conversation, from its start to the end of what it did show or has to. */
function expectedOf(log, user, segment, conversation, first, types) {
    const spans = memberships(log, user);
    const after = segment.start[conversation] ?? (first === undefined ? Infinity : first - 1);
    const until = segment.last?.[conversation] ?? Infinity;
    return log.filter(({ seq, type }) => seq > after && seq <= until && types.includes(type) &&
        spans.some(([from, to]) => seq >= from && seq <= to));
}

function checkConversation(view, segment, conversation, log, broken) {
    const seen = segment.seen.filter((event) => event.conversation === conversation);
    const wanted = expectedOf(log, view.user, segment, conversation, seen[0]?.seq, view.types);
    const spans = memberships(log, view.user);
    const of = `${view.name} in ${conversation}`;
    const times = new Map();
    let last = 0;
    for (const event of seen) {
        const { seq, text } = event;
        times.set(seq, (times.get(seq) ?? 0) + 1);
        if (times.get(seq) === 2)
            broken('doubled', `${of}: #${seq} was shown twice`);
        else if (seq < last)
            broken('reordered', `${of}: #${seq} was shown after #${last}`);
        last = Math.max(last, seq);
        if (!mayBeShown(log, spans, event))
            broken('leaked', `${of}: #${seq} was shown to somebody who is no member`);
        const stored = log.find((entry) => entry.seq === seq);
        if (stored !== undefined && stored.text !== text)
            broken('altered', `${of}: #${seq} is "${text}", stored "${stored.text}"`);
    }
    for (const { seq } of wanted)
        if (!times.has(seq) && !endedBefore(spans, seq, (end) => seen.some((event) => event.seq > seq && event.seq <= end)))
            broken('missing', `${of}: #${seq} was never shown`);
}

/** Everything that is wrong: [{kind, what}]. Empty when every guarantee held. */
export function violations(history) {
    const found = [];
    const broken = (kind, what) => found.push({ kind, what });
    checkLogs(history, broken);
    for (const view of history.views) {
        for (const segment of view.segments) {
            if (segment.resyncs > 0)
                broken('resync', `${view.name} was told ${segment.resyncs} times to start again`);
            for (const [conversation, log] of Object.entries(history.logs))
                checkConversation(view, segment, conversation, log, broken);
        }
    }
    for (const [user, channels] of Object.entries(history.expected ?? {})) {
        const told = [...history.presence[user] ?? []].sort().join();
        if (told !== [...channels].sort().join())
            broken('presence', `${user} is told to be on [${told}], and is on [${channels}]`);
    }
    return found;
}
