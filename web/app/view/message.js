import {html, memo, useState} from "../html.js";
import {channelNames, hashOf, userTarget} from "../names.js";
import {noticeTexts} from "../rows.js";
import {partsOf, wordsOf} from "../text.js";
import {shortTimeOf, timeOf, utcOf} from "../time.js";
import {Avatar} from "./bits.js";
import {Icon} from "./icons.js";

function Part({part, me, mentions}) {
    if (part.kind === "link")
        return html`<a href=${part.text} target="_blank" rel="noopener noreferrer nofollow">${part.text}</a>`;
    if (part.kind !== "mention" || (mentions && !mentions.includes(part.user)))
        return part.text;
    if (part.user === me)
        return html`<mark class="mention me">${part.text}</mark>`;
    return html`<a class="mention" href=${hashOf(userTarget(part.user))}>${part.text}</a>`;
}

/** Always as text; never as markup. */
export function Text({text, me, mentions}) {
    return partsOf(text).map((part, i) => html`<${Part} key=${i} part=${part} me=${me} mentions=${mentions} />`);
}

const Time = ({time, short}) => html`<time datetime=${time} title=${utcOf(time)}>${short ? shortTimeOf(time) : timeOf(time)}</time>`;

const QUICK = ["👍", "❤️", "😄", "🎉", "👀"];

/** Does something to a message; what went wrong is said. */
async function change(chat, op, item, args = {}) {
    try {
        await chat.act(op, {target: item.target, id: item.id, ...args});
    } catch (error) {
        chat.say(wordsOf(error), true);
    }
}

function toggle(chat, item, reaction) {
    const mine = item.reactions?.some((one) => one.reaction === reaction && one.users.includes(chat.me));
    return change(chat, mine ? "reaction.remove" : "reaction.add", item, {reaction});
}

function Tool({icon, label, act, expanded}) {
    return html`<button type="button" class="tool" aria-label=${label} title=${label} aria-expanded=${expanded} onClick=${act}><${Icon} name=${icon} /></button>`;
}

/** What one can do with a message, when one points at it. */
function Tools({chat, item, mayDelete}) {
    const [picking, pick] = useState(false);
    const write = (kind) => () => chat.timeline(item.target).write({kind, item});
    const react = (reaction) => (event) => {
        if (event.detail === 0) // by a key: the focus stays with what stays
            event.currentTarget.parentElement.firstElementChild.focus();
        pick(false);
        toggle(chat, item, reaction);
    };
    const remove = () => confirm("Delete this message for everybody?") && change(chat, "message.delete", item);
    return html`<div class="tools" role="group" aria-label="What to do with the message of ${item.from}" onMouseLeave=${() => pick(false)}>
        <${Tool} icon="smile" label="React" expanded=${picking ? "true" : "false"} act=${() => pick(!picking)} />
        ${picking && QUICK.map((reaction) => html`<button type="button" class="tool" key=${reaction} aria-label="React with ${reaction}"
            onClick=${react(reaction)}>${reaction}</button>`)}
        <${Tool} icon="reply" label="Reply" act=${write("reply")} />
        ${item.from === chat.me && html`<${Tool} icon="edit" label="Edit" act=${write("edit")} />`}
        ${mayDelete && html`<${Tool} icon="trash" label="Delete" act=${remove} />`}
    </div>`;
}

function Reactions({chat, item, canWrite}) {
    const who = ({users, count}) => users.join(", ") + (count > users.length ? ` and ${count - users.length} more` : "");
    return html`<ul class="reactions">${item.reactions.map((one) => html`<li key=${one.reaction}>
        <button type="button" class="reaction" disabled=${!canWrite} aria-pressed=${one.users.includes(chat.me) ? "true" : "false"}
            title=${who(one)} onClick=${() => toggle(chat, item, one.reaction)}>${one.reaction} <span>${one.count}</span></button></li>`)}</ul>`;
}

/** What a message answers, as far as it is loaded. */
function Quote({item}) {
    return html`<p class="quote"><${Icon} name="reply" /> ${item
        ? html`<span><b>${item.from}</b> <bdi>${item.text.split("\n")[0]}</bdi></span>` : "a message that is not shown here"}</p>`;
}

/** `replied`: the message that it answers, when that is loaded. */
export const Message = memo(({item, compact, me, chat, replied, canWrite, mayDelete}) => {
    const {from, via, text, time, mentions, action, edited} = item;
    const loud = mentions?.includes(me) && from !== me;
    const body = html`<${Text} text=${text} me=${me} mentions=${mentions || []} />`;
    const classes = ["message", compact && "compact", action && "action", loud && "loud"].filter(Boolean).join(" ");
    return html`<li class=${classes} data-id=${item.id}>
        ${compact ? html`<span class="gutter"><${Time} time=${time} short /></span>` : html`<${Avatar} name=${from} />`}
        <div class="content">
            ${item.reply_to && html`<${Quote} item=${replied} />`}
            <p class=${compact || action ? "by hidden" : "by"}>
                <a class="from" href=${from === me ? null : hashOf(userTarget(from))}>${from}</a>
                ${via && via !== "web" && html`<span class="tag" title="Sent over ${channelNames[via] || via}">${channelNames[via] || via}</span>`}
                ${!compact && !action && html`<${Time} time=${time} />`}
            </p>
            <div class="text" dir="auto">${action && html`<b class="actor">${from}</b>`}${action && " "}${body}</div>
            ${action && html`${" "}<${Time} time=${time} />`}
            ${edited && html`${" "}<span class="hint edited" title=${`Edited ${utcOf(edited)}`}>(edited)</span>`}
            ${item.reactions?.length > 0 && html`<${Reactions} chat=${chat} item=${item} canWrite=${canWrite} />`}
        </div>
        ${canWrite && html`<${Tools} chat=${chat} item=${item} mayDelete=${mayDelete} />`}
    </li>`;
});

const STATES = {sending: "Sending…", waiting: "Waiting for the connection…"};
const REASONS = {
    rate_limited: "You write fast: it goes off in a moment…",
    unavailable: "The server can't take it now: it is tried again…",
    timeout: "The server does not answer: it is tried again…",
};

/** One's own, on its way; it stands as it will when it was posted. */
export const Pending = memo(({entry, compact, me, outbox}) => {
    const {client_id, text, action, state, error} = entry;
    const slow = (state === "waiting" && REASONS[error?.code]) || STATES[state];
    const classes = ["message pending", state, compact && "compact", action && "action"].filter(Boolean).join(" ");
    return html`<li class=${classes} data-id=${client_id}>
        ${compact ? html`<span class="gutter"></span>` : html`<${Avatar} name=${me} />`}
        <div class="content">
            <p class=${compact || action ? "by hidden" : "by"}><span class="from">${me}</span></p>
            <div class="text" dir="auto">${action && html`<b class="actor">${me}</b>`}${action && " "}<${Text} text=${text} me=${me} /></div>
            ${slow && html`${" "}<span class="hint slow">${slow}</span>`}
            ${state === "failed" && html`<p class="error" role="alert"><${Icon} name="warning" /> Not sent. ${wordsOf(error)}${" "}
                <button type="button" class="button small" onClick=${() => outbox.retry(client_id)}>Retry</button>${" "}
                <button type="button" class="button small" onClick=${() => outbox.remove(client_id)}>Discard</button></p>`}
        </div>
    </li>`;
});

export const Notice = memo(({items}) => html`<li class="notice" data-id=${items[0].id} title=${utcOf(items.at(-1).time)}>
    ${noticeTexts(items).map((text, i) => html`<p key=${i}>${text}</p>`)}
</li>`);
