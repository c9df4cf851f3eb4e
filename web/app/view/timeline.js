import {html, useEffect, useRef} from "../html.js";
import {seqOf} from "../../client/cursors.js";
import {isDirect, labelOf, nameOf} from "../names.js";
import {rowsOf} from "../rows.js";
import {wordsOf} from "../text.js";
import {dayName} from "../time.js";
import {Spinner} from "./bits.js";
import {Icon} from "./icons.js";
import {Message, Notice, Pending} from "./message.js";
import {useScroll} from "./scroll.js";

function Row({row, me, outbox, chat, byId, canWrite, moderates}) {
    switch (row.kind) {
    case "day":
        return html`<li class="day"><h2>${dayName(row.time)}</h2></li>`;
    case "marker":
        return html`<li class="marker" id="new-messages"><span>New messages</span></li>`;
    case "message":
        return html`<${Message} item=${row.item} compact=${row.compact} me=${me} chat=${chat} replied=${byId.get(row.item.reply_to)}
            canWrite=${canWrite} mayDelete=${moderates || row.item.from === me} />`;
    case "notice":
        return html`<${Notice} items=${row.items} />`;
    default:
        return html`<${Pending} entry=${row.entry} compact=${row.compact} me=${me} outbox=${outbox} />`;
    }
}

function Beginning({target, timeline}) {
    if (timeline.older.busy)
        return html`<${Spinner} text="Loading earlier messages…" />`;
    if (timeline.next)
        return html`<p class="earlier">${timeline.older.error && html`<span class="error">${wordsOf(timeline.older.error)} </span>`}
            <button type="button" class="button small" onClick=${() => timeline.loadOlder()}>Earlier messages</button></p>`;
    const description = timeline.room?.description;
    return html`<div class="beginning">
        <h2>${labelOf(target)}</h2>
        <p>${isDirect(target) ? `This is the beginning of what you and ${nameOf(target)} wrote.` : `This is the beginning of ${labelOf(target)}.`}</p>
        ${description && html`<p>${description}</p>`}
    </div>`;
}

/** Under one's own last message to somebody: did it arrive, was it read? */
function Receipt({timeline, me}) {
    const last = timeline.items.findLast?.((i) => i.type === "messagepublished");
    if (!isDirect(timeline.target) || last?.from !== me)
        return null;
    const text = seqOf(timeline.seen) >= last.seq ? "Read" : seqOf(timeline.delivered) >= last.seq ? "Delivered" : "";
    return text && html`<p class="receipt">${text}</p>`;
}

/** Everything that is there is read when it stands in sight of somebody who looks. */
function useReading(chat, target, atBottom) {
    const looking = atBottom && !document.hidden && document.hasFocus();
    const unread = chat.conversations.get(target)?.unread || 0;
    useEffect(() => {
        if (!looking || unread === 0)
            return;
        const timer = setTimeout(() => chat.conversations.markRead(target), 400);
        return () => clearTimeout(timer);
    }, [looking, unread, target]);
    return looking;
}

/** Who looked away finds a mark where the new begins. */
function useMarker(timeline, looking) {
    const last = timeline.items.at(-1)?.id;
    const seen = useRef(last);
    useEffect(() => {
        if (looking)
            seen.current = last;
        else if (timeline.readId === null && seen.current)
            timeline.readId = seen.current;
    }, [looking, last]);
}

export function TimelineView({chat, target, timeline, items, pending, readId, state}) {
    const scroll = useScroll(timeline);
    const looking = useReading(chat, target, scroll.atBottom);
    useMarker(timeline, looking);
    const rows = rowsOf({items, pending, readId, me: chat.me, complete: timeline.next === null});
    const unread = chat.conversations.get(target)?.unread || 0;
    const shared = {
        me: chat.me,
        chat,
        outbox: timeline.outbox,
        byId: new Map(items.map((item) => [item.id, item])),
        canWrite: chat.canWrite(target),
        moderates: ["owner", "moderator"].includes(timeline.room?.role),
    };
    if (state === "loading" || state === "new")
        return html`<div class="timeline"><${Spinner} text="Loading messages…" /></div>`;
    return html`<div class="timeline">
        <div class="scroller" ref=${scroll.ref} onScroll=${scroll.onScroll} tabindex="0" role="log" aria-live="polite"
            aria-relevant="additions" aria-busy=${timeline.older.busy ? "true" : "false"} aria-label="Messages in ${labelOf(target)}">
            <${Beginning} target=${target} timeline=${timeline} />
            <ol class="messages">${rows.map((row) => html`<${Row} key=${row.key} row=${row} ...${shared} />`)}</ol>
            <${Receipt} timeline=${timeline} me=${chat.me} />
        </div>
        ${timeline.markerBefore && timeline.unreadThen > 0 && html`<button type="button" class="to-marker" onClick=${scroll.toMarker}
            disabled=${timeline.older.busy}><${Icon} name="up" />${timeline.unreadThen} new messages</button>`}
        ${!scroll.atBottom && html`<button type="button" class="to-bottom" onClick=${scroll.toBottom}>
            <${Icon} name="down" />${unread > 0 ? `${unread} new` : html`<span class="hidden">To the newest message</span>`}
        </button>`}
    </div>`;
}
