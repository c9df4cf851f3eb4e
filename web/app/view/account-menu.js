import {html, useState} from "../html.js";
import {statusNames} from "../names.js";
import {canNotify, chooseNotify, notifies} from "../notify.js";
import {goNowhere} from "../router.js";
import {wordsOf} from "../text.js";
import {chooseTheme, theme, themes} from "../theme.js";
import {Avatar, Status} from "./bits.js";

const LIVE = {live: "Live", connecting: "Connecting…", waiting: "Offline", idle: "Not connected", stopped: "Not connected"};

function Choice({label, value, options, onChange}) {
    return html`<label class="choice"><span>${label}</span>
        <select value=${value} onChange=${(e) => onChange(e.target.value)}>
            ${options.map(([v, text]) => html`<option key=${v} value=${v} selected=${v === value}>${text}</option>`)}
        </select>
    </label>`;
}

/** One's own name, how one appears, and the state of the connection. */
export function AccountMenu({chat, ui}) {
    const [open, setOpen] = useState(false);
    const {state} = chat.client.status, mine = chat.presence.of(chat.me);
    const attempt = async (work) => {
        try {
            await work();
        } catch (error) {
            chat.say(wordsOf(error), true);
        }
        ui.changed();
    };
    const setStatus = (status) => attempt(async () => chat.presence.note(await chat.client.call("presence.set", {status})));
    const key = (event) => {
        if (event.key === "Escape" && open) {
            event.stopPropagation();
            setOpen(false);
            event.currentTarget.querySelector(".account")?.focus();
        }
    };
    const left = (event) => event.relatedTarget && !event.currentTarget.contains(event.relatedTarget) && setOpen(false);
    return html`<footer class="side-foot" onKeyDown=${key} onFocusOut=${left}>
        ${open && html`<div class="account-menu" id="account-menu">
            <${Choice} label="Appear as" value=${mine.status} onChange=${setStatus}
                options=${Object.entries({...statusNames, offline: "offline (invisible)"})} />
            <${Choice} label="Colours" value=${theme()} options=${themes.map((t) => [t, t === "system" ? "as the system" : t])}
                onChange=${(t) => { chooseTheme(t); ui.changed(); }} />
            ${canNotify && html`<${Choice} label="Notify me" value=${notifies() ? "yes" : "no"} onChange=${(v) => attempt(() => chooseNotify(v === "yes"))}
                options=${[["no", "never"], ["yes", "when addressed"]]} />`}
            <button type="button" class="button" onClick=${() => ui.open("keys")}>Keyboard</button>
            <button type="button" class="button" onClick=${() => ui.open("password")}>Password</button>
            <button type="button" class="button all" onClick=${() => chat.signOut().then(goNowhere)}>Sign out</button>
        </div>`}
        <button type="button" class="account" aria-expanded=${open ? "true" : "false"} aria-controls=${open ? "account-menu" : undefined}
            onClick=${() => setOpen(!open)}>
            <span class="with-status"><${Avatar} name=${chat.me} small /><${Status} status=${chat.client.live ? mine.status : "offline"} /></span>
            <span class="name">${chat.me}</span>
            <span class="live ${state}" id="connection-state">${LIVE[state]}</span>
        </button>
    </footer>`;
}
