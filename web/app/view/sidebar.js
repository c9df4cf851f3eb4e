import {html, memo, useEffect} from "../html.js";
import {hashOf, nameOf} from "../names.js";
import {AccountMenu} from "./account-menu.js";
import {Avatar, Count, moveInList, Status} from "./bits.js";
import {Icon} from "./icons.js";

const Entry = memo(({target, current, unread, mentions, status}) => html`<li>
    <a href=${hashOf(target)} data-target=${target} aria-current=${current ? "page" : undefined} class=${unread ? "unread" : ""}>
        ${status
            ? html`<span class="with-status"><${Avatar} name=${nameOf(target)} small /><${Status} status=${status} /></span>`
            : html`<span class="sigil" aria-hidden="true">#</span>`}
        <span class="name">${nameOf(target)}</span>
        <${Count} unread=${unread} mentions=${mentions} loud=${Boolean(status)} />
    </a>
</li>`);

function List({title, id, entries, empty, children}) {
    return html`<section aria-labelledby=${id}>
        <div class="list-head"><h2 id=${id}>${title}</h2>${children}</div>
        ${entries.length === 0 && html`<p class="hint">${empty}</p>`}
        <ul>${entries}</ul>
    </section>`;
}

export function Sidebar({chat, ui, current}) {
    const {rooms, directs} = chat.conversations;
    const entry = (c, status) => html`<${Entry} key=${c.target} target=${c.target} current=${c.target === current}
        unread=${c.unread} mentions=${c.mentions} status=${status} />`;
    useEffect(() => {
        document.querySelector("#conversations [aria-current]")?.scrollIntoView({block: "nearest"});
    }, [current, chat.conversations.loaded]);
    const known = chat.conversations.get(current);
    const shown = !known && current?.startsWith("wcchat://users/") ? [{target: current, unread: 0, mentions: 0}] : [];
    return html`<div class="sidebar" inert=${ui.narrow && !ui.drawer}>
        <header class="side-head">
            <span class="logo" aria-hidden="true"></span>
            <span class="product">wcchat</span>
            <button type="button" class="icon-button narrow-only" aria-label="Close the list" onClick=${() => ui.showDrawer(false)}>
                <${Icon} name="close" />
            </button>
        </header>
        <button type="button" class="jump" onClick=${() => ui.open("switcher")} aria-keyshortcuts="Control+K Meta+K">
            <${Icon} name="search" /><span>Jump to…</span><kbd>${navigator.platform.startsWith("Mac") ? "⌘" : "Ctrl"} K</kbd>
        </button>
        <nav id="conversations" aria-label="Conversations" onKeyDown=${moveInList}>
            <${List} title="Rooms" id="rooms-title" entries=${rooms.map((c) => entry(c))} empty="You are in no room yet.">
                <button type="button" class="icon-button" aria-label="Browse rooms" title="Browse rooms" onClick=${() => ui.open("browse")}>
                    <${Icon} name="compass" />
                </button>
                <button type="button" class="icon-button" aria-label="Create a room" title="Create a room" onClick=${() => ui.open("create")}>
                    <${Icon} name="plus" />
                </button>
            <//>
            <${List} title="Direct messages" id="directs-title" empty="Nobody has written yet."
                entries=${[...shown, ...directs].map((c) => entry(c, chat.presence.of(nameOf(c.target)).status))}>
                <button type="button" class="icon-button" aria-label="Write to somebody" title="Write to somebody" onClick=${() => ui.open("direct")}>
                    <${Icon} name="plus" />
                </button>
            <//>
        </nav>
        <${AccountMenu} chat=${chat} ui=${ui} />
    </div>`;
}
