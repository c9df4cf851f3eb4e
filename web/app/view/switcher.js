import {html, useRef, useState} from "../html.js";
import {isDirect, labelOf, nameOf, ROOM, roomTarget, USER, userTarget} from "../names.js";
import {goTo} from "../router.js";
import {Count} from "./bits.js";
import {Dialog} from "./dialog.js";

const MOST = 10;
const START = {text: "", at: 0};

/** What may be meant: conversations, what is unread first; then people who are online; then the name itself. */
function found(chat, text) {
    const q = text.trim().toLowerCase().replace(/^[@#]/, "");
    const only = {"@": isDirect, "#": (t) => !isDirect(t)}[text.trim()[0]] || (() => true);
    const mine = [...chat.conversations.all.values()].sort((a, b) => b.mentions - a.mentions || Boolean(b.unread) - Boolean(a.unread));
    const targets = [...mine.map((c) => c.target), ...chat.presence.online.filter((u) => u !== chat.me).map(userTarget)];
    const known = [...new Set(targets)].filter((t) => only(t) && nameOf(t).includes(q))
        .sort((a, b) => nameOf(b).startsWith(q) - nameOf(a).startsWith(q)).slice(0, MOST);
    const guesses = [ROOM.test(q) && roomTarget(q), USER.test(q) && q !== chat.me && userTarget(q)];
    return [...known, ...guesses.filter((t) => t && only(t) && !known.includes(t))];
}

export function Switcher({chat, close}) {
    const [{text, at}, draw] = useState(START);
    // Keys may come faster than the page is drawn: they go by what was typed, not by what is shown.
    const now = useRef(START);
    const choose = (value) => {
        now.current = value;
        draw(value);
    };
    const list = found(chat, text);
    const chosen = Math.min(at, list.length - 1);
    const go = (target) => {
        close();
        goTo(target);
    };
    const key = (event) => {
        const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
        const all = found(chat, now.current.text), here = Math.min(now.current.at, all.length - 1);
        if (step && all.length > 0)
            choose({...now.current, at: (here + step + all.length) % all.length});
        else if (event.key === "Enter" && all[here])
            go(all[here]);
        else
            return;
        event.preventDefault();
    };
    return html`<${Dialog} title="Jump to a conversation" close=${close} bare>
        <input class="switcher-input" type="text" role="combobox" aria-expanded="true" aria-controls="switcher-list" aria-autocomplete="list"
            aria-activedescendant=${list.length ? `switch-${chosen}` : undefined} aria-label="Jump to a conversation" placeholder="Jump to a room or person…"
            autocapitalize="none" spellcheck="false" autocomplete="off" data-first value=${text} onKeyDown=${key}
            onInput=${(e) => choose({text: e.target.value, at: 0})} />
        <ul class="switcher-list" id="switcher-list" role="listbox" aria-label="Conversations">
            ${list.map((target, i) => {
                const c = chat.conversations.get(target);
                return html`<li key=${target} id="switch-${i}" role="option" aria-selected=${i === chosen ? "true" : "false"} onClick=${() => go(target)}>
                    <span class="name">${labelOf(target)}</span>${!c && html`<span class="hint">${isDirect(target) ? "write to" : "look at"}</span>`}
                    ${c && html`<${Count} unread=${c.unread} mentions=${c.mentions} />`}</li>`;
            })}
        </ul>
    <//>`;
}
