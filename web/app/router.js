import {hashOf, targetOfHash} from "./names.js";
import {preferences} from "./storage.js";

/** The page's address decides what is shown, so that reload, back and links work. */
export function currentTarget() {
    return targetOfHash(location.hash);
}

export function goTo(target) {
    location.hash = hashOf(target);
}

/** Without a step in the history: for addresses that say nothing. */
export function replaceWith(target) {
    history.replaceState(null, "", hashOf(target));
    dispatchEvent(new HashChangeEvent("hashchange"));
}

/** To an address that says nothing: whoever comes next begins anew. */
export function goNowhere() {
    history.replaceState(null, "", location.pathname);
}

export function onRoute(callback) {
    addEventListener("hashchange", callback);
}

/** Where this user was last. */
export const lastPlace = {
    get: (user) => targetOfHash(preferences.get(`place.${user}`) || ""),
    set: (user, target) => preferences.set(`place.${user}`, hashOf(target)),
};
