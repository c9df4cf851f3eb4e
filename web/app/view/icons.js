import {html} from "../html.js";

const paths = {
    menu: "M4 6h16M4 12h16M4 18h16",
    close: "M6 6l12 12M18 6L6 18",
    plus: "M12 5v14M5 12h14",
    search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.500 4.500",
    people: "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2.500 20c.5-4 3-6 6.500-6s6 2 6.500 6M16 4.500a3.500 3.500 0 0 1 0 6.300M18 14.500c2 .8 3.200 2.600 3.500 5.500",
    send: "M4 12l16-8-6 16-3-6.500zM11 13.500L20 4",
    hash: "M9 4L7 20M17 4l-2 16M4 9h16M3.500 15h16",
    lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
    down: "M12 5v14M6 13l6 6 6-6",
    up: "M12 19V5M6 11l6-6 6 6",
    compass: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM15.500 8.500l-2 5-5 2 2-5z",
    edit: "M4 20l1-4L16 5l3 3L8 19zM14 7l3 3",
    reply: "M10 5L4 11l6 6M4 11h9c4 0 7 3 7 8",
    smile: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 14c1 1.700 2.400 2.500 4 2.500s3-.8 4-2.500M9 9v.5M15 9v.5",
    trash: "M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13",
    leave: "M14 4h5v16h-5M10 8l-4 4 4 4M6 12h9",
    invite: "M10 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM3.500 20c.5-4 3-6 6.500-6 1.500 0 2.800.4 3.800 1.100M18 14v6M15 17h6",
    warning: "M12 4L2.500 20h19zM12 10v5M12 17.500v.5",
};

/** Decoration only: what it stands by must say it in words. */
export function Icon({name}) {
    return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${paths[name]} /></svg>`;
}
