/** Names and targets, as the server wants them. */
export const USER = /^[a-z0-9][a-z0-9_-]{0,31}$/;
export const ROOM = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const TARGET = /^wcchat:\/\/(rooms|users)\/([a-z0-9][a-z0-9_-]*)$/;

export const roomTarget = (room) => `wcchat://rooms/${room}`;
export const userTarget = (user) => `wcchat://users/${user}`;
export const isDirect = (target) => target.startsWith("wcchat://users/");

/** "general", "bob" */
export function nameOf(target) {
    return TARGET.exec(target)?.[2] || "";
}

/** "#general", "@bob" */
export function labelOf(target) {
    return (isDirect(target) ? "@" : "#") + nameOf(target);
}

/** "#/r/general", "#/u/bob" */
export function hashOf(target) {
    return `#/${isDirect(target) ? "u" : "r"}/${nameOf(target)}`;
}

/** The target that a page's address names, or null. */
export function targetOfHash(hash) {
    const [, kind, name] = /^#\/([ru])\/([^/]+)$/.exec(hash) || [];
    if (kind === "r" && ROOM.test(name))
        return roomTarget(name);
    if (kind === "u" && USER.test(name))
        return userTarget(name);
    return null;
}

/** One of 12 colours for a name, always the same. */
export function hueOf(name) {
    let sum = 0;
    for (const c of name)
        sum = (sum * 31 + c.codePointAt(0)) % 9973;
    return sum % 12;
}

export const channelNames = {web: "web", telnet: "telnet", rest: "REST", nats: "NATS"};
export const statusNames = {online: "online", away: "away", dnd: "do not disturb", offline: "offline"};
