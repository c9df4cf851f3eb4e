import {html} from "../html.js";
import {isDirect, labelOf, nameOf} from "../names.js";
import {wordsOf} from "../text.js";
import {Trouble} from "./bits.js";
import {Composer} from "./composer.js";
import {ConnectionBar} from "./connection-bar.js";
import {Header} from "./header.js";
import {Panel} from "./panel.js";
import {TimelineView} from "./timeline.js";

function JoinBar({chat, target}) {
    const join = async () => {
        try {
            await chat.act("room.join", {target});
        } catch (error) {
            chat.say(wordsOf(error), true);
        }
    };
    return html`<div class="join-bar">
        <p>You are looking at <b>${labelOf(target)}</b>. Join to write here and to hear what is new.</p>
        <button type="button" class="button primary" onClick=${join}>Join room</button>
    </div>`;
}

function TypingLine({names}) {
    const text = names.length === 0 ? "" : names.length > 3 ? "Several people are typing…"
        : `${names.length > 1 ? `${names.slice(0, -1).join(", ")} and ` : ""}${names.at(-1)} ${names.length > 1 ? "are" : "is"} typing…`;
    return html`<p class="typing" aria-live="polite">${text}</p>`;
}

function missing(target, error) {
    if (error.code === "banned")
        return `You are banned from ${labelOf(target)}.`;
    if (error.code === "not_found")
        return isDirect(target) ? `There is nobody called ${nameOf(target)}.` : `There is no room ${labelOf(target)}, or it is private.`;
    return null;
}

export function Conversation({chat, ui, target}) {
    const timeline = chat.timeline(target);
    const failed = timeline.state === "failed" && timeline.error;
    const words = failed && missing(target, failed);
    const themselves = isDirect(target) && nameOf(target) === chat.me;
    return html`<main class="main" id="main" tabindex="-1" aria-label=${labelOf(target)} inert=${ui.drawer && ui.narrow}>
            <${Header} chat=${chat} ui=${ui} target=${target} timeline=${timeline} />
            <${ConnectionBar} client=${chat.client} />
            ${themselves && html`<p class="empty">That is you. Pick somebody else to write to.</p>`}
            ${words && !themselves && html`<p class="empty" role="alert">${words}</p>`}
            ${failed && !words && !themselves && html`<${Trouble} error=${failed} again=${() => timeline.load()} />`}
            ${!failed && !themselves && html`
                <${TimelineView} chat=${chat} target=${target} timeline=${timeline} items=${timeline.items}
                    pending=${timeline.outbox.entries} readId=${timeline.readId} state=${timeline.state} />
                ${chat.canWrite(target)
                    ? html`<${TypingLine} names=${chat.typing.in(target)} />
                        <${Composer} chat=${chat} ui=${ui} target=${target} />`
                    : chat.conversations.loaded && timeline.state === "ready" && html`<${JoinBar} chat=${chat} target=${target} />`}`}
        </main>
        ${ui.panel && !failed && !themselves && html`<${Panel} chat=${chat} ui=${ui} target=${target} timeline=${timeline} />`}`;
}
