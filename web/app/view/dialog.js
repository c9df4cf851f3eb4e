import {html, useEffect, useRef, useState} from "../html.js";
import {wordsOf} from "../text.js";
import {Icon} from "./icons.js";

/** A dialog of the browser's own: it keeps the focus, Esc closes it, and focus goes back to where it was. */
export function Dialog({title, close, children, wide, bare}) {
    const ref = useRef(null);
    useEffect(() => {
        const before = document.activeElement, dialog = ref.current;
        dialog.showModal();
        dialog.querySelector("[data-first]")?.focus();
        return () => {
            dialog.close();
            (before?.isConnected ? before : document.getElementById("composer"))?.focus();
        };
    }, []);
    const outside = (event) => event.target === ref.current && close();
    return html`<dialog ref=${ref} class="dialog ${wide ? "wide" : ""} ${bare ? "bare" : ""}" aria-label=${title}
        onCancel=${(e) => { e.preventDefault(); close(); }} onClose=${(e) => e.target.isConnected && close()} onMouseDown=${outside}>
        <div class="dialog-body">
            ${!bare && html`<header><h2>${title}</h2>
                <button type="button" class="icon-button" aria-label="Close" onClick=${close}><${Icon} name="close" /></button></header>`}
            ${children}
        </div>
    </dialog>`;
}

/** A form whose sending may fail: says why and stays. `send` is given the fields' values by name. */
export function Form({send, button, children}) {
    const [error, setError] = useState("");
    const [busy, setBusy] = useState(false);
    const submit = async (event) => {
        event.preventDefault();
        const values = Object.fromEntries(new FormData(event.target));
        setBusy(true);
        setError("");
        try {
            await send(values);
        } catch (e) {
            setError(wordsOf(e));
            setBusy(false);
        }
    };
    return html`<form onSubmit=${submit} novalidate>
        ${children}
        <p class="error" role="alert">${error}</p>
        <div class="buttons"><button class="button primary" disabled=${busy}>${button}</button></div>
    </form>`;
}

export function Field({label, hint, long, ...rest}) {
    const id = `field-${rest.name}`;
    return html`<div class="field">
        <label for=${id}>${label}</label>
        ${long ? html`<textarea id=${id} rows="3" aria-describedby=${hint && `${id}-hint`} ...${rest}></textarea>`
            : html`<input id=${id} autocomplete="off" aria-describedby=${hint && `${id}-hint`} ...${rest} />`}
        ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
    </div>`;
}
