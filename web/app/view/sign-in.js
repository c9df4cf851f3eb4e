import {html, useEffect, useRef, useState} from "../html.js";
import {USER} from "../names.js";
import {wordsOf} from "../text.js";
import {span} from "../time.js";

function problemOf(user, password, fresh) {
    if (!USER.test(user))
        return ["user", "A name has 1 to 32 small letters, digits, - or _, and begins with a letter or digit."];
    if (fresh && new TextEncoder().encode(password).length < 8)
        return ["password", "A password has at least 8 characters."];
    if (!password)
        return ["password", "Your password is missing."];
    return null;
}

function textOf(error, fresh) {
    if (error.code === "unauthenticated")
        return "Name or password is wrong.";
    if (error.code === "conflict" && fresh)
        return "This name is taken. Choose another one, or sign in if it is yours.";
    return wordsOf(error);
}

/** Counts down to when one may try again. */
function useWait() {
    const [until, setUntil] = useState(0);
    const [, tick] = useState(0);
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    useEffect(() => {
        if (left === 0)
            return;
        const timer = setInterval(() => tick((n) => n + 1), 500);
        return () => clearInterval(timer);
    }, [until, left === 0]);
    return [left, (seconds) => setUntil(Date.now() + seconds * 1000)];
}

function Field({id, label, hint, error, ...rest}) {
    const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(" ");
    return html`<div class="field">
        <label for=${id}>${label}</label>
        <input id=${id} name=${id} aria-invalid=${error ? "true" : undefined} aria-describedby=${described || undefined} ...${rest} />
        ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
        ${error && html`<p class="error" id="${id}-error">${error}</p>`}
    </div>`;
}

export function SignIn({chat}) {
    const [fresh, setFresh] = useState(false);
    const [user, setUser] = useState("");
    const [password, setPassword] = useState("");
    const [error, setError] = useState(null); // [field or "", text]
    const [busy, setBusy] = useState(false);
    const [left, wait] = useWait();
    const form = useRef(null);

    const send = async (event) => {
        event.preventDefault();
        const problem = problemOf(user, password, fresh);
        setError(problem);
        if (problem) {
            form.current.elements[problem[0]].focus();
            return;
        }
        setBusy(true);
        try {
            await chat.signIn(user, password, fresh);
        } catch (e) {
            setBusy(false);
            wait(e.code === "rate_limited" ? e.retryAfter || 5 : 0);
            setError([e.code === "conflict" ? "user" : "", e.code === "rate_limited" ? "Too many attempts." : textOf(e, fresh)]);
        }
    };
    const turn = (to) => {
        setFresh(to);
        setError(null);
        form.current.elements.user.focus();
    };
    const errorOf = (name) => (error?.[0] === name ? error[1] : null);

    return html`<main class="sign-in" id="main">
        <div class="card">
            <h1><span class="logo" aria-hidden="true"></span>wcchat</h1>
            <p class="lead">${fresh ? "Choose a name and a password, and you are in."
                : `${chat.ended ? "You have been signed out. " : ""}Sign in to go on chatting.`}</p>
            <form ref=${form} onSubmit=${send} novalidate>
                <${Field} id="user" label="Name" value=${user} error=${errorOf("user")} autocomplete="username" autocapitalize="none"
                    spellcheck="false" maxlength="32" required autofocus hint=${fresh && "It is yours for good, and what others call you: @name."}
                    onInput=${(e) => setUser(e.target.value.trim().toLowerCase())} />
                <${Field} id="password" label="Password" type="password" value=${password} error=${errorOf("password")} required
                    autocomplete=${fresh ? "new-password" : "current-password"} hint=${fresh && "At least 8 characters."}
                    onInput=${(e) => setPassword(e.target.value)} />
                <div role="alert">
                    ${errorOf("") && html`<p class="error boxed">${errorOf("")}${left > 0 && html` You can try again in ${span(left)}.`}</p>`}
                </div>
                <button class="button primary wide" disabled=${busy || left > 0}>
                    ${busy ? "One moment…" : fresh ? "Create account" : "Sign in"}
                </button>
            </form>
            <p class="other">
                ${fresh ? "You have an account?" : "New here?"}${" "}
                <button type="button" class="link" onClick=${() => turn(!fresh)}>${fresh ? "Sign in" : "Create an account"}</button>
            </p>
        </div>
    </main>`;
}
