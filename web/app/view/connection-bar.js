import {html, useEffect, useState} from "../html.js";
import {span} from "../time.js";

const REASONS = {
    draining: "The server is restarting.",
    unreachable: "The server can't be reached.",
    lost: "The connection was lost.",
    token: "Signing in again.",
};

/** Says so when the page isn't live, and until when it waits. Short interruptions pass unseen. */
export function ConnectionBar({client}) {
    const {state, retryAt, reason} = client.status;
    const [now, setNow] = useState(Date.now());
    const [settled, setSettled] = useState(false);
    const down = state !== "live";
    useEffect(() => {
        if (!down) {
            setSettled(false);
            return;
        }
        const late = setTimeout(() => setSettled(true), 1200);
        const ticks = setInterval(() => setNow(Date.now()), 500);
        return () => {
            clearTimeout(late);
            clearInterval(ticks);
        };
    }, [down]);
    const shown = down && (settled || !navigator.onLine);
    const left = (retryAt - now) / 1000;
    return html`<div class="connection" role="status">
        ${shown && html`<p>
            ${navigator.onLine ? REASONS[reason] || "" : "You are offline."}${" "}
            ${state === "waiting" && html`<span aria-hidden="true">Trying again in ${span(left)}.</span>${" "}
                <button type="button" class="link" onClick=${() => client.wake()}>Try now</button>`}
            ${state === "connecting" && "Connecting…"}
        </p>`}
    </div>`;
}
