import {typeOf} from "./model/item.js";
import {hashOf, isDirect, labelOf} from "./names.js";
import {preferences} from "./storage.js";

export const canNotify = "Notification" in globalThis;
export const notifies = () => canNotify && Notification.permission === "granted" && preferences.get("notify") === true;

/** Asks for the browser's leave where it must; throws, with words for people, when that is refused. */
export async function chooseNotify(wanted) {
    if (wanted && await Notification.requestPermission() !== "granted")
        throw new Error("The browser does not allow it: see the permissions that it gives to this site.");
    preferences.set("notify", wanted);
}

/** Tells of a direct message or a mention while nobody looks at the page, unless one is not to be disturbed. */
export function notify(event, chat) {
    const {target, from, text, mentions} = event.data || {}, {me} = chat;
    if (typeOf(event) !== "messagepublished" || from === me || !(isDirect(target) || mentions?.includes(me)))
        return;
    if (!notifies() || document.hasFocus() || chat.presence.of(me).status === "dnd")
        return;
    try {
        const shown = new Notification(isDirect(target) ? from : `${from} in ${labelOf(target)}`, {body: text, tag: target, renotify: true});
        shown.onclick = () => {
            focus();
            location.hash = hashOf(target);
            shown.close();
        };
    } catch { /* the browsers of phones let only service workers do this */ }
}
