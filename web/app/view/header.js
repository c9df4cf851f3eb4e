import {html} from "../html.js";
import {isDirect, nameOf, statusNames} from "../names.js";
import {Avatar, Channels, Status} from "./bits.js";
import {Icon} from "./icons.js";

function Title({chat, target, timeline}) {
    const name = nameOf(target);
    if (!isDirect(target)) {
        const {topic, description, visibility} = timeline.room || {};
        return html`<span class="sigil" aria-hidden="true"><${Icon} name=${visibility === "private" ? "lock" : "hash"} /></span>
            <div class="titles"><h1>${name}${visibility === "private" && html`<span class="hidden"> (private)</span>`}</h1>
            <p class="topic" title=${topic || description}>${topic || description || ""}</p></div>`;
    }
    const {status, channels, text} = chat.presence.of(name);
    return html`<span class="with-status"><${Avatar} name=${name} small /><${Status} status=${status} /></span>
        <div class="titles"><h1>${name}</h1>
        <p class="topic">${text || statusNames[status]}${" "}<${Channels} channels=${channels} /></p></div>`;
}

export function Header({chat, ui, target, timeline}) {
    const members = !isDirect(target) && timeline.room?.members;
    const unread = chat.conversations.unread;
    return html`<header class="main-head">
        <button type="button" id="menu-button" class="icon-button narrow-only" aria-expanded=${ui.drawer ? "true" : "false"}
            aria-label="Conversations${unread ? `, ${unread} unread` : ""}" onClick=${() => ui.showDrawer(true)}>
            <${Icon} name="menu" />${unread > 0 && html`<span class="badge" aria-hidden="true"></span>`}
        </button>
        <${Title} chat=${chat} target=${target} timeline=${timeline} />
        <button type="button" id="panel-button" class="icon-button with-text" aria-expanded=${ui.panel ? "true" : "false"}
            aria-label=${isDirect(target) ? "Details" : `Members and details${members ? `, ${members} members` : ""}`}
            onClick=${() => ui.showPanel(!ui.panel)}>
            <${Icon} name="people" />${members ? html`<span>${members}</span>` : null}
        </button>
    </header>`;
}
