import {preferences} from "./storage.js";

export const themes = ["system", "light", "dark"];

export function theme() {
    const kept = preferences.get("theme");
    return themes.includes(kept) ? kept : "system";
}

export function chooseTheme(name) {
    preferences.set("theme", name);
    applyTheme();
}

export function applyTheme() {
    document.documentElement.dataset.theme = theme();
}
