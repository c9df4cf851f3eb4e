import {html} from "../html.js";
import {labelOf, nameOf, ROOM, roomTarget, USER, userTarget} from "../names.js";
import {goTo} from "../router.js";
import {Browse} from "./browse.js";
import {Dialog, Field, Form} from "./dialog.js";
import {Switcher} from "./switcher.js";

function checked(text, pattern, complaint) {
    const name = text.trim().toLowerCase().replace(/^[@#]/, "");
    if (!pattern.test(name))
        throw new Error(complaint);
    return name;
}

const badUser = "A name has 1 to 32 small letters, digits, - or _.";
const badRoom = "A room's name has 1 to 64 small letters, digits, - or _, and begins with a letter or digit.";

function Create({chat, close}) {
    const create = async ({id, topic, description, visibility}) => {
        const room = checked(id, ROOM, badRoom);
        await chat.act("room.create", {id: room, topic, description, visibility: visibility || "public"});
        close();
        goTo(roomTarget(room));
    };
    return html`<${Dialog} title="Create a room" close=${close}><${Form} send=${create} button="Create room">
        <${Field} name="id" label="Name" maxlength="64" autocapitalize="none" spellcheck="false" data-first hint="Small letters, digits, - and _." />
        <${Field} name="topic" label="Topic (optional)" maxlength="256" />
        <${Field} name="description" label="Description (optional)" long maxlength="1000" />
        <label class="check"><input type="checkbox" name="visibility" value="private" />
            <span>Private<span class="hint">Only who is invited can find and read it.</span></span></label>
    <//><//>`;
}

function Edit({chat, close, target}) {
    const room = chat.timeline(target).room || {};
    const save = async ({topic, description}) => {
        await chat.act("room.update", {target, topic, description});
        close();
    };
    return html`<${Dialog} title="Edit ${labelOf(target)}" close=${close}><${Form} send=${save} button="Save">
        <${Field} name="topic" label="Topic" defaultValue=${room.topic} maxlength="256" data-first />
        <${Field} name="description" label="Description" long defaultValue=${room.description} maxlength="1000" />
    <//><//>`;
}

function Invite({chat, close, target}) {
    const invite = async ({user}) => {
        const name = checked(user, USER, badUser);
        await chat.act("room.invite", {target, user: name});
        chat.say(`${name} is in ${labelOf(target)} now.`);
        close();
    };
    return html`<${Dialog} title="Invite to ${labelOf(target)}" close=${close}><${Form} send=${invite} button="Invite">
        <${Field} name="user" label="Who?" list="people" autocapitalize="none" spellcheck="false" data-first
            hint="They are in the room at once." />
        <${People} chat=${chat} />
    <//><//>`;
}

function Direct({chat, close}) {
    const begin = async ({user}) => {
        const name = checked(user, USER, badUser);
        if (name === chat.me)
            throw new Error("That is you.");
        await chat.client.call("user.get", {user: name});
        close();
        goTo(userTarget(name));
    };
    return html`<${Dialog} title="Write to somebody" close=${close}><${Form} send=${begin} button="Go">
        <${Field} name="user" label="Who?" list="people" autocapitalize="none" spellcheck="false" data-first />
        <${People} chat=${chat} />
    <//><//>`;
}

function Password({chat, close}) {
    const change = async ({password, new_password}) => {
        if (new TextEncoder().encode(new_password).length < 8)
            throw new Error("A password has at least 8 characters.");
        await chat.client.call("account.password", {password, new_password});
        chat.say("Your password is changed. You are signed out everywhere else.");
        close();
    };
    return html`<${Dialog} title="Change your password" close=${close}><${Form} send=${change} button="Change">
        <input name="user" autocomplete="username" value=${chat.me} hidden />
        <${Field} name="password" label="The present one" type="password" autocomplete="current-password" data-first />
        <${Field} name="new_password" label="The new one" type="password" autocomplete="new-password" hint="At least 8 characters." />
    <//><//>`;
}

function People({chat}) {
    const names = [...new Set([...chat.presence.online, ...chat.conversations.directs.map((c) => nameOf(c.target))])];
    return html`<datalist id="people">${names.filter((n) => n !== chat.me).sort().map((n) => html`<option key=${n} value=${n} />`)}</datalist>`;
}

const keys = [
    ["Ctrl K or ⌘ K", "Jump to a conversation"],
    ["Alt ↑, Alt ↓", "The conversation above or below"],
    ["↑, ↓, Home, End", "Move within a list"],
    ["Enter", "Send"],
    ["Shift Enter", "A new line"],
    ["@", "Name somebody; ↑ ↓ choose, Tab or Enter takes"],
    ["↑ in an empty field", "Edit what you wrote last"],
    ["Esc", "Close what is open; then back to writing"],
    ["Esc", "Ends a reply or an edit"],
    ["/me, /msg, /join, /leave, /topic, /invite, /kick, /ban, /unban", "Commands, as on telnet"],
];

function Keys({close}) {
    return html`<${Dialog} title="Keyboard" close=${close}><dl class="keys">
        ${keys.map(([key, what]) => html`<div key=${key}><dt>${key}</dt><dd>${what}</dd></div>`)}
    </dl><//>`;
}

const dialogs = {create: Create, edit: Edit, invite: Invite, direct: Direct, password: Password, browse: Browse, switcher: Switcher, keys: Keys};

export function Dialogs({chat, ui}) {
    if (!ui.dialog)
        return null;
    const {name, ...rest} = ui.dialog;
    return html`<${dialogs[name]} key=${name} chat=${chat} ui=${ui} close=${() => ui.close()} ...${rest} />`;
}
