import {useEffect, useLayoutEffect, useRef, useState} from "../html.js";

const NEAR_PX = 60; // so far from its end is still at its end
const AHEAD_PX = 600; // older messages are fetched before one is there

/** The topmost row in sight and where it stands: what must stay in place when rows come above it. */
function anchorOf(scroller) {
    const top = scroller.getBoundingClientRect().top;
    for (const row of scroller.querySelectorAll("[data-id]")) {
        const box = row.getBoundingClientRect();
        if (box.bottom > top)
            return {id: row.dataset.id, top: box.top};
    }
    return null;
}

function hold(scroller, anchor) {
    const row = anchor && scroller.querySelector(`[data-id="${CSS.escape(anchor.id)}"]`);
    if (row)
        scroller.scrollTop += row.getBoundingClientRect().top - anchor.top;
}

/**
 * Scrolling of a conversation: at its end it stays there; anywhere else what one reads doesn't move. It opens at the
 * mark of new messages, or else at its end.
 */
export function useScroll(timeline) {
    const ref = useRef(null);
    const place = useRef({stick: true, anchor: null, opened: false});
    const [atBottom, setAtBottom] = useState(true);

    const toBottom = () => {
        place.current.stick = true;
        ref.current.scrollTop = ref.current.scrollHeight;
    };
    const toMarker = async () => {
        place.current.stick = false;
        place.current.anchor = anchorOf(ref.current);
        await timeline.loadToMarker();
        place.current.seek = true;
        timeline.changed();
    };
    const look = () => {
        const s = ref.current, p = place.current;
        p.height = s.clientHeight;
        p.stick = s.scrollHeight - s.scrollTop - s.clientHeight < NEAR_PX;
        p.anchor = p.stick ? null : anchorOf(s);
        setAtBottom(p.stick);
        if (s.scrollTop < AHEAD_PX && !timeline.older.error)
            timeline.loadOlder();
    };
    const scrolled = () => {
        if (place.current.stick && place.current.height !== ref.current.clientHeight)
            toBottom(); // what grew below moved it, not the reader
        look();
    };

    useLayoutEffect(() => {
        const s = ref.current, p = place.current;
        if (!s)
            return;
        const marker = (!p.opened || p.seek) && s.querySelector("#new-messages");
        p.seek = false;
        const mine = timeline.outbox.entries.at(-1)?.client_id;
        if (mine && mine !== p.mine)
            p.stick = true; // what one writes oneself is to be seen
        p.mine = mine;
        if (marker) {
            s.scrollTop = marker.offsetTop - s.clientHeight / 4;
            look();
        }
        else if (p.stick)
            s.scrollTop = s.scrollHeight;
        else
            hold(s, p.anchor);
        if (!p.opened || s.scrollHeight <= s.clientHeight + AHEAD_PX)
            look();
        p.opened = true;
        if (p.stick)
            timeline.trim();
    });
    useEffect(() => {
        const s = ref.current;
        if (!s)
            return;
        const observer = new ResizeObserver(() => ref.current && place.current.stick && toBottom());
        observer.observe(s);
        return () => observer.disconnect();
    }, [timeline.state === "ready"]);
    return {ref, atBottom, toBottom, toMarker, onScroll: scrolled};
}
