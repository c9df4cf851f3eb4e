import {html, useEffect, useRef, useState} from "../html.js";
import {hashOf, roomTarget} from "../names.js";
import {goTo} from "../router.js";
import {wordsOf} from "../text.js";
import {moveInList, Spinner, Trouble} from "./bits.js";
import {Dialog} from "./dialog.js";

function Room({room, joined, join}) {
    return html`<li class="room">
        <div class="room-text">
            <a class="name" href=${hashOf(roomTarget(room.id))}>#${room.id}</a>
            <p class="hint">${room.members} ${room.members === 1 ? "member" : "members"}${room.topic || room.description ? ` · ${room.topic || room.description}` : ""}</p>
        </div>
        ${joined ? html`<span class="tag">joined</span>`
            : html`<button type="button" class="button small" aria-label="Join ${room.id}" onClick=${join}>Join</button>`}
    </li>`;
}

/** Names that begin with `q`, a page at a time. */
function useDirectory(chat, q) {
    const [state, setState] = useState({items: [], next: null, busy: true, error: null});
    const asked = useRef(q);
    asked.current = q;
    const load = async (cursor, before) => {
        const set = (answer) => asked.current === q && setState({busy: false, ...answer});
        try {
            const page = await chat.client.call("room.list", {q, limit: 50, cursor});
            set({items: [...before, ...page.items], next: page.next, error: null});
        } catch (error) {
            set({items: before, next: null, error});
        }
    };
    useEffect(() => {
        const timer = setTimeout(() => load(null, []), q ? 200 : 0);
        return () => clearTimeout(timer);
    }, [q]);
    return {...state, more: () => load(state.next, state.items), again: () => load(null, [])};
}

export function Browse({chat, close}) {
    const [q, setQ] = useState("");
    const {items, next, busy, error, more, again} = useDirectory(chat, q);
    const join = async (target) => {
        try {
            await chat.act("room.join", {target});
            goTo(target);
            close();
        } catch (e) {
            chat.say(wordsOf(e), true);
        }
    };
    return html`<${Dialog} title="Browse rooms" close=${close} wide>
        <div class="field"><label for="browse-q">Begins with</label>
            <input id="browse-q" type="search" value=${q} autocapitalize="none" spellcheck="false" data-first
                onInput=${(e) => setQ(e.target.value.toLowerCase().replace(/[^a-z0-9_-]/g, ""))} /></div>
        ${busy && html`<${Spinner} text="Loading rooms…" />`}
        ${error && html`<${Trouble} error=${error} again=${again} />`}
        ${!busy && !error && items.length === 0 && html`<p class="hint" role="status">No room's name begins with “${q}”.</p>`}
        <ul class="directory" onKeyDown=${moveInList}>
            ${items.map((room) => html`<${Room} key=${room.id} room=${room} join=${() => join(roomTarget(room.id))}
                joined=${chat.conversations.all.has(roomTarget(room.id))} />`)}
        </ul>
        ${next && html`<button type="button" class="button" onClick=${more}>Show more</button>`}
    <//>`;
}
