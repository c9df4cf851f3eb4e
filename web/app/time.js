const clock = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit"});
const weekday = new Intl.DateTimeFormat(undefined, {weekday: "long", day: "numeric", month: "long"});
const withYear = new Intl.DateTimeFormat(undefined, {weekday: "long", day: "numeric", month: "long", year: "numeric"});

export const timeOf = (iso) => clock.format(new Date(iso));

/** Where there is little room: without "AM". */
export const shortTimeOf = (iso) => clock.formatToParts(new Date(iso))
    .filter((part) => part.type !== "dayPeriod").map((part) => part.value).join("").trim();

/** For a title: the same moment for everybody. */
export const utcOf = (iso) => `${new Date(iso).toISOString().slice(0, 19).replace("T", " ")} UTC`;

/** The day where the reader is, as a key. */
export function dayOf(iso) {
    const d = new Date(iso);
    return `${d.getFullYear()}-${d.getMonth() + 1}-${d.getDate()}`;
}

export function dayName(iso, now = new Date()) {
    const yesterday = new Date(now);
    yesterday.setDate(now.getDate() - 1);
    if (dayOf(iso) === dayOf(now))
        return "Today";
    if (dayOf(iso) === dayOf(yesterday))
        return "Yesterday";
    const day = new Date(iso);
    return (day.getFullYear() === now.getFullYear() ? weekday : withYear).format(day);
}

/** Seconds as words: "8 s", "2 min". */
export function span(seconds) {
    return seconds < 90 ? `${Math.max(0, Math.ceil(seconds))} s` : `${Math.ceil(seconds / 60)} min`;
}
