import {html, useEffect} from "../html.js";
import {isDirect, labelOf, roomTarget} from "../names.js";
import {currentTarget, lastPlace, replaceWith} from "../router.js";
import {focusComposer} from "../ui.js";
import {Conversation} from "./conversation.js";
import {Dialogs} from "./dialogs.js";
import {Sidebar} from "./sidebar.js";
import {SignIn} from "./sign-in.js";
import {Spinner} from "./bits.js";

/** Where to be when the address says nothing. */
function home(chat) {
    const kept = lastPlace.get(chat.me), {rooms, all, loaded} = chat.conversations;
    if (kept && (isDirect(kept) || all.has(kept) || !loaded))
        return kept;
    return all.has(roomTarget("general")) ? roomTarget("general") : rooms[0]?.target || null;
}

function useRoute(chat) {
    const target = currentTarget();
    const ready = chat.conversations.loaded || chat.conversations.error;
    useEffect(() => {
        if (!chat.me || !ready)
            return;
        if (!target && home(chat))
            replaceWith(home(chat));
        else if (target !== chat.current) {
            chat.show(target);
            if (target)
                lastPlace.set(chat.me, target);
        }
    });
    return target;
}

function useTitle(chat, target) {
    const unread = chat.me ? chat.conversations.unread : 0;
    useEffect(() => {
        document.title = `${unread ? `(${unread}) ` : ""}${target && chat.me ? `${labelOf(target)} · ` : ""}wcchat`;
    }, [unread, target, chat.me]);
}

/** Alt with an arrow: the next conversation of the list. */
function step(chat, by) {
    const all = [...chat.conversations.rooms, ...chat.conversations.directs].map((c) => c.target);
    const at = all.indexOf(chat.current);
    if (all.length > 0)
        location.hash = document.querySelector(`[data-target="${all[(at + by + all.length) % all.length]}"]`)?.hash;
}

function useKeys(chat, ui) {
    useEffect(() => {
        const pressed = (event) => {
            if (!chat.me || event.isComposing)
                return;
            if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "k")
                ui.dialog?.name === "switcher" ? ui.close() : ui.open("switcher");
            else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown") && !ui.dialog)
                step(chat, event.key === "ArrowUp" ? -1 : 1);
            else if (event.key === "Escape" && !ui.dialog && ui.drawer)
                ui.showDrawer(false);
            else if (event.key === "Escape" && !ui.dialog && ui.panel && ui.overlaid)
                ui.showPanel(false);
            else if (event.key === "Escape" && !ui.dialog)
                focusComposer();
            else
                return;
            event.preventDefault();
        };
        addEventListener("keydown", pressed);
        return () => removeEventListener("keydown", pressed);
    }, []);
}

function skip(event) {
    event.preventDefault();
    (document.getElementById("composer") || document.getElementById("main"))?.focus();
}

export function App({chat, ui}) {
    const target = useRoute(chat);
    useTitle(chat, target);
    useKeys(chat, ui);
    if (!chat.ready)
        return null;
    if (!chat.me)
        return html`<${SignIn} chat=${chat} />`;
    const waiting = !chat.conversations.loaded && !chat.conversations.error;
    return html`
        <a class="skip" href="#composer" onClick=${skip}>Skip to writing a message</a>
        <div class="shell ${ui.drawer ? "with-drawer" : ""}">
            <${Sidebar} chat=${chat} ui=${ui} current=${target} />
            ${ui.drawer && html`<div class="veil" onClick=${() => ui.showDrawer(false)}></div>`}
            ${waiting || !target
                ? html`<main class="main" id="main" tabindex="-1">${waiting ? html`<${Spinner} text="Loading your conversations…" />` : html`<p class="empty">Choose a conversation.</p>`}</main>`
                : html`<${Conversation} key=${target} chat=${chat} ui=${ui} target=${target} />`}
        </div>
        <${Dialogs} chat=${chat} ui=${ui} />
        <div class="notices" role="status" aria-live="polite">
            ${chat.notice && html`<p class="notice-bar ${chat.notice.bad ? "bad" : ""}">${chat.notice.text}</p>`}
        </div>`;
}
