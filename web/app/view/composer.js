import {html, useEffect, useLayoutEffect, useRef, useState} from "../html.js";
import {runCommand} from "../commands.js";
import {isDirect, labelOf, nameOf} from "../names.js";
import {drafts} from "../storage.js";
import {sendable, wordsOf} from "../text.js";
import {Icon} from "./icons.js";
import {completions, Completer} from "./completer.js";

const MOST_BYTES = 8192;
const NO_CHOICE = {list: [], at: 0, from: 0};

function useGrowing(field, text) {
    useLayoutEffect(() => {
        const {style, parentElement: box} = field.current;
        box.style.height = `${box.offsetHeight}px`; // what stands above doesn't move while it is measured
        style.height = "auto";
        style.height = `${field.current.scrollHeight}px`;
        box.style.height = "";
    }, [text]);
}

/** What is being written, when it is not something new. */
function About({about, cancel}) {
    return html`<p class="writing"><${Icon} name=${about.kind} /> <span>${about.kind === "edit" ? "Editing your message"
        : html`Replying to <b>${about.item.from}</b>`}</span>
        <button type="button" class="tool" aria-label="Cancel" title="Cancel (Escape)" onClick=${cancel}><${Icon} name="close" /></button></p>`;
}

export function Composer({chat, ui, target}) {
    const timeline = chat.timeline(target), {about} = timeline, {me} = chat;
    const edited = () => timeline.about?.kind === "edit" && timeline.about;
    const begun = () => (edited() ? edited().text ?? edited().item.text : drafts.get(me, target));
    const [text, setText] = useState(begun);
    const [error, setError] = useState("");
    const [choice, showChoice] = useState(NO_CHOICE);
    const field = useRef(null);
    // Keys may come faster than the page is drawn, so handlers go by what is now: the field's own value, and this.
    const choices = useRef(NO_CHOICE);
    useGrowing(field, text);
    useEffect(() => {
        if (!ui.overlaid || !("ontouchstart" in window))
            field.current.focus({preventScroll: true});
    }, [target]);

    useEffect(() => {
        show(begun());
        if (about)
            field.current.focus();
    }, [about]);

    const setChoice = (value) => {
        choices.current = value;
        showChoice(value);
    };
    const show = (value) => {
        if (field.current.value !== value)
            field.current.value = value;
        setText(value);
    };
    const write = (value) => {
        if (edited())
            edited().text = value;
        else
            drafts.set(me, target, value);
        show(value);
        setError("");
    };
    const turnTo = (to) => {
        timeline.write(to);
        if (field.current)
            show(begun());
    };
    const mine = () => timeline.items.findLast?.((i) => i.type === "messagepublished" && i.from === me);
    const typed = (event) => {
        const {value, selectionStart} = event.target;
        write(value);
        setChoice(completions(chat, target, value.slice(0, selectionStart)));
        if (value.trim() && (!value.startsWith("/") || value.startsWith("/me ")))
            chat.typing.tell(target);
    };
    const complete = (name) => {
        const {value, selectionStart} = field.current;
        const done = `${value.slice(0, choices.current.from)}${name} `;
        write(done + value.slice(selectionStart));
        setChoice(NO_CHOICE);
        field.current.focus();
        field.current.setSelectionRange(done.length, done.length);
    };
    const send = async () => {
        const value = sendable(field.current.value);
        if (!value.trim())
            return;
        if (new TextEncoder().encode(value).length > MOST_BYTES)
            return setError("This is longer than a message may be (8,192 bytes). Please shorten it.");
        const editing = edited();
        try {
            write("");
            turnTo(null);
            chat.typing.sent(target);
            if (editing)
                await chat.act("message.edit", {target, id: editing.item.id, text: value});
            else
                await runCommand(chat, target, value, about?.item.id);
        } catch (e) {
            if (editing) {
                turnTo({...editing, text: value});
            } else if (!drafts.get(me, target)) {
                drafts.set(me, target, value);
                turnTo(about);
            }
            field.current ? setError(wordsOf(e)) : chat.say(wordsOf(e), true);
        }
    };
    const key = (event) => {
        if (event.isComposing)
            return;
        const {list, at} = choices.current;
        const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
        if (list.length > 0 && step)
            setChoice({...choices.current, at: (at + step + list.length) % list.length});
        else if (list.length > 0 && (event.key === "Enter" || event.key === "Tab"))
            complete(list[at]);
        else if (list.length > 0 && event.key === "Escape")
            setChoice(NO_CHOICE);
        else if (about && event.key === "Escape")
            turnTo(null);
        else if (event.key === "ArrowUp" && !event.altKey && !field.current.value && mine())
            turnTo({kind: "edit", item: mine()});
        else if (event.key === "Enter" && !event.shiftKey)
            send();
        else
            return;
        event.preventDefault();
        event.stopPropagation();
    };

    const label = `Message ${isDirect(target) ? nameOf(target) : labelOf(target)}`;
    return html`<form class="composer" onSubmit=${(e) => { e.preventDefault(); send(); }}>
        <${Completer} choice=${choice} pick=${complete} />
        ${about && html`<${About} about=${about} cancel=${() => turnTo(null)} />`}
        <div class="box">
            <textarea ref=${field} id="composer" rows="1" value=${text} placeholder=${label} aria-label=${label} dir="auto"
                aria-describedby="composer-hint" aria-invalid=${error ? "true" : undefined} enterkeyhint="send" autocomplete="off"
                aria-autocomplete="list" aria-controls=${choice.list.length ? "completions" : undefined}
                aria-activedescendant=${choice.list.length ? `completion-${choice.at}` : undefined}
                onInput=${typed} onKeyDown=${key} onBlur=${() => setChoice(NO_CHOICE)}></textarea>
            <button class="send" aria-label="Send" title="Send" disabled=${!text.trim()}><${Icon} name="send" /></button>
        </div>
        <p class="hidden" id="composer-hint">Enter sends, Shift and Enter begins a new line.</p>
        <p class="error" role="alert">${error}</p>
    </form>`;
}
