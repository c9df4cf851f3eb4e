import {isDirect, ROOM, roomTarget, USER, userTarget} from "./names.js";
import {goTo} from "./router.js";

/** What a line that begins with / does; the names are telnet's. */
const commands = {
    me: (chat, target, rest) => say(chat, target, need(rest, "/me needs something that you do."), true),
    join: async (chat, target, rest) => {
        const room = roomTarget(match(rest.replace(/^#/, ""), ROOM, "/join needs the name of a room."));
        await chat.act("room.join", {target: room});
        goTo(room);
    },
    leave: (chat, target) => chat.act("room.leave", {target: inRoom(target)}),
    msg: (chat, target, rest) => {
        const [, name, text] = /^@?(\S+)\s*([^]*)$/.exec(rest) || [];
        const to = userTarget(match(name || "", USER, "/msg needs a name, and then a text."));
        if (text)
            say(chat, to, text);
        goTo(to);
    },
    topic: (chat, target, rest) => chat.act("room.update", {target: inRoom(target), topic: rest}),
    invite: async (chat, target, rest) => {
        const user = match(rest.replace(/^@/, ""), USER, "/invite needs a name.");
        await chat.act("room.invite", {target: inRoom(target), user});
        chat.say(`${user} is in the room now.`);
    },
    kick: (chat, target, rest) => {
        const [, user, reason] = /^@?(\S+)\s*(.*)$/.exec(rest) || [];
        return chat.act("room.kick", {target: inRoom(target), user: match(user || "", USER, "/kick needs a name."), reason});
    },
    ban: async (chat, target, rest) => {
        const [, name, minutes, reason] = /^@?(\S+)(?:\s+(\d{1,7})(?=\s|$))?\s*(.*)$/.exec(rest) || [];
        const user = match(name || "", USER, "/ban needs a name, and perhaps minutes and a reason.");
        const expires = minutes && new Date(Date.now() + minutes * 60000).toISOString();
        await chat.act("room.ban", {target: inRoom(target), user, reason, expires});
        chat.say(minutes ? `${user} is banned for ${minutes} minutes.` : `${user} is banned.`);
    },
    unban: async (chat, target, rest) => {
        const user = match(rest.replace(/^@/, ""), USER, "/unban needs a name.");
        await chat.act("room.unban", {target: inRoom(target), user});
        chat.say(`${user} is not banned any more.`);
    },
};

function need(text, complaint) {
    if (!text)
        throw new Error(complaint);
    return text;
}

function match(text, pattern, complaint) {
    if (!pattern.test(text))
        throw new Error(complaint);
    return text;
}

function inRoom(target) {
    if (isDirect(target))
        throw new Error("This works in rooms only.");
    return target;
}

function say(chat, target, text, action = false, reply_to = undefined) {
    chat.timeline(target).outbox.add(text, action, reply_to);
}

/**
 * Says a text, perhaps as a reply to a message, or does what it commands; throws, with words for people, when that can't
 * be.
 */
export async function runCommand(chat, target, text, reply_to) {
    const [, name, rest] = /^\/([a-z]+)(?:\s+([^]*))?$/.exec(text) || [];
    if (text.startsWith("//"))
        say(chat, target, text.slice(1), false, reply_to);
    else if (!text.startsWith("/"))
        say(chat, target, text, false, reply_to);
    else if (Object.hasOwn(commands, name || ""))
        await commands[name](chat, target, (rest || "").trim());
    else
        throw new Error(`There is no command ${text.split(/\s/)[0]}. For a text that begins with /, begin with //. Commands: /${Object.keys(commands).join(", /")}.`);
}
