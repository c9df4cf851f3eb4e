import {preferences} from "./storage.js";

/** What is open on the page: nothing of this is the server's business. */
export class Ui {
    constructor(changed) {
        this.changed = changed;
        this.dialog = null; // {name, …}
        this.drawer = false; // the list of conversations, on narrow pages
        this.panel = Boolean(preferences.get("panel") ?? true) && !this.overlaid;
    }

    get narrow() {
        return matchMedia("(max-width: 760px)").matches;
    }

    /** Is the side panel laid over the conversation? */
    get overlaid() {
        return matchMedia("(max-width: 1080px)").matches;
    }

    open(name, more = {}) {
        this.dialog = {name, ...more};
        this.drawer = false;
        this.changed();
    }

    close() {
        this.dialog = null;
        this.changed();
    }

    showDrawer(shown) {
        this.drawer = shown;
        this.changed();
        const id = shown ? "conversations" : "menu-button";
        requestAnimationFrame(() => {
            const place = document.getElementById(id);
            (shown ? place?.querySelector("a[aria-current], a, button") : place)?.focus();
        });
    }

    showPanel(shown) {
        this.panel = shown;
        if (!this.overlaid)
            preferences.set("panel", shown);
        this.changed();
        if (!shown || this.overlaid)
            requestAnimationFrame(() => document.getElementById(shown ? "panel-close" : "panel-button")?.focus());
    }

    closeAll() {
        this.dialog = null;
        this.drawer = false;
        if (this.overlaid)
            this.panel = false;
    }
}

/** The field for messages, if there is one. */
export const focusComposer = () => document.getElementById("composer")?.focus();
