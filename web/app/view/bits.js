import {html} from "../html.js";
import {channelNames, hueOf, statusNames} from "../names.js";
import {wordsOf} from "../text.js";

export function Avatar({name, small}) {
    const classes = `avatar hue-${hueOf(name)}${small ? " small" : ""}`;
    return html`<span class=${classes} aria-hidden="true">${name.slice(0, 1).toUpperCase()}</span>`;
}

/** A dot whose shape differs too, for those who can't tell its colours apart. */
export function Status({status}) {
    const words = statusNames[status] || status;
    return html`<span class="status ${status}" title=${words}><span class="hidden">${words}</span></span>`;
}

export function Channels({channels}) {
    return channels.map((c) => html`<span class="tag" key=${c}>${channelNames[c] || c}</span>`);
}

export function Count({unread, mentions, loud}) {
    if (!unread)
        return null;
    const words = `${unread} unread${mentions ? `, ${mentions} mentioning you` : ""}`;
    return html`<span class="count ${mentions || loud ? "loud" : ""}" title=${words}>
        <span aria-hidden="true">${mentions ? "@" : ""}${unread > 99 ? "99+" : unread}</span>
        <span class="hidden">${words}</span>
    </span>`;
}

export function Spinner({text}) {
    return html`<p class="loading" role="status"><span class="spinner" aria-hidden="true"></span>${text}</p>`;
}

/** What went wrong, with a way to try again. */
export function Trouble({error, again}) {
    return html`<div class="trouble" role="alert">
        <p>${wordsOf(error)}</p>
        ${again && html`<button type="button" class="button" onClick=${again}>Try again</button>`}
    </div>`;
}

/** Arrow keys, Home and End move among the links and buttons of a list. */
export function moveInList(event) {
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (!step && event.key !== "Home" && event.key !== "End")
        return;
    const all = [...event.currentTarget.querySelectorAll("a[href], button:not([disabled])")];
    const at = all.indexOf(document.activeElement);
    if (at < 0)
        return;
    event.preventDefault();
    const to = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : at + step;
    all[Math.min(Math.max(to, 0), all.length - 1)].focus();
}
