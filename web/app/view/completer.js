import {html} from "../html.js";
import {isDirect, nameOf} from "../names.js";
import {Avatar} from "./bits.js";

const MOST = 6;

/** Names that the word before the cursor may become: {list, at, from}. */
export function completions(chat, target, before) {
    const [, word] = /(?:^|\s)@([a-z0-9_-]*)$/.exec(before) || [];
    if (word === undefined)
        return {list: [], at: 0, from: 0};
    const here = isDirect(target) ? [nameOf(target)] : (chat.members(target).list || []).map((m) => m.user);
    const spoke = chat.timeline(target).items.map((i) => i.from).reverse();
    const names = [...new Set([...spoke, ...here, ...chat.presence.online])].filter(Boolean);
    const list = names.filter((n) => n.startsWith(word) && n !== chat.me).slice(0, MOST);
    return {list: list.length === 1 && list[0] === word ? [] : list, at: 0, from: before.length - word.length};
}

export function Completer({choice, pick}) {
    if (choice.list.length === 0)
        return null;
    return html`<ul class="completions" id="completions" role="listbox" aria-label="People">
        ${choice.list.map((name, i) => html`<li key=${name} id="completion-${i}" role="option" aria-selected=${i === choice.at ? "true" : "false"}
            onMouseDown=${(e) => { e.preventDefault(); pick(name); }}><${Avatar} name=${name} small />${name}</li>`)}
    </ul>`;
}
