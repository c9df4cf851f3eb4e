import {seqOf} from "../client/cursors.js";
import {dayOf} from "./time.js";

const TOGETHER_MS = 5 * 60000;

function follows(item, before) {
    return before && before.from === item.from && !item.reply_to && !before.action && !item.action && before.via === item.via
        && new Date(item.time) - new Date(before.time) < TOGETHER_MS;
}

/**
 * What a conversation shows, from its items (stored events, ascending) and what is still being sent:
 * {kind, key, …} with kind
 *   day      time
 *   marker   the first of what is new follows
 *   message  item, compact: goes on what the same person said just before
 *   notice   items: people who came and went, and changes of the room, taken together
 *   pending  entry, compact
 * `readId`: what was read when it was opened; the marker stands before the first message of others above it, unless
 * that one may be further back than what is loaded (`complete`: nothing is).
 */
export function rowsOf({items, pending, readId, me, complete = true}) {
    const rows = [], known = complete || items[0]?.seq <= seqOf(readId);
    let day = "", before = null, marked = readId === null || !known;
    for (const item of items) {
        if (dayOf(item.time) !== day) {
            day = dayOf(item.time);
            before = null;
            rows.push({kind: "day", key: `day-${day}`, time: item.time});
        }
        if (!marked && item.type === "messagepublished" && item.from !== me && item.seq > seqOf(readId)) {
            marked = true;
            before = null;
            rows.push({kind: "marker", key: "marker"});
        }
        if (item.type === "messagepublished") {
            rows.push({kind: "message", key: item.id, item, compact: Boolean(follows(item, before))});
            before = item;
        } else {
            before = null;
            if (rows.at(-1).kind === "notice")
                rows.at(-1).items.push(item);
            else
                rows.push({kind: "notice", key: item.id, items: [item]});
        }
    }
    for (const entry of pending) {
        const item = {...entry, from: me, via: "web"};
        rows.push({kind: "pending", key: entry.client_id, entry, compact: Boolean(follows(item, before))});
        before = item;
    }
    return rows;
}

function people(names) {
    const all = [...new Set(names)];
    if (all.length > 4)
        return `${all.slice(0, 3).join(", ")} and ${all.length - 3} others`;
    return all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}

function changeText(item) {
    if (item.type === "roomcreated")
        return item.from ? `${item.from} created this room` : "This room was created";
    if (item.role)
        return `${item.from} made ${item.user} ${item.role === "owner" ? "an" : "a"} ${item.role} of this room`;
    if (item.changed?.includes("topic"))
        return item.room.topic ? `${item.from} set the topic to “${item.room.topic}”` : `${item.from} cleared the topic`;
    return `${item.from || "someone"} changed the room's details`;
}

function leftText(item) {
    const reason = item.reason ? ` (${item.reason})` : "";
    return item.by && item.by !== item.user ? `${item.by} removed ${item.user}${reason}` : `${item.user} left`;
}

/** Sentences for the items of a notice. Who joined, or was invited by one, is told in one, where the first of them came. */
export function noticeTexts(items) {
    const texts = [], inviter = (i) => (i.by === i.user ? undefined : i.by), told = new Set();
    for (const item of items) {
        const by = inviter(item);
        if (item.type === "userleft")
            texts.push(leftText(item));
        else if (item.type !== "userjoined")
            texts.push(changeText(item));
        else if (!told.has(by)) {
            const all = people(items.filter((i) => i.type === "userjoined" && inviter(i) === by).map((i) => i.user));
            texts.push(by ? `${by} invited ${all}` : `${all} joined`);
            told.add(by);
        }
    }
    return texts;
}
