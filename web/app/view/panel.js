import {html, useEffect} from "../html.js";
import {hashOf, isDirect, nameOf, statusNames, userTarget} from "../names.js";
import {wordsOf} from "../text.js";
import {Avatar, Channels, moveInList, Status, Trouble} from "./bits.js";
import {Icon} from "./icons.js";

const ROLES = {owner: "owner", moderator: "moderator"};

function Person({user, role, status, channels, text, me}) {
    const body = html`
        <span class="with-status"><${Avatar} name=${user} small /><${Status} status=${status} /></span>
        <span class="person"><span class="name">${user}${user === me && html` <span class="hint">you</span>`}
            ${ROLES[role] && html`<span class="tag role">${ROLES[role]}</span>`}</span>
        ${text && html`<span class="hint">${text}</span>`}</span>
        <span class="tags"><${Channels} channels=${channels} /></span>`;
    return html`<li>${user === me ? html`<span class="row">${body}</span>` : html`<a class="row" href=${hashOf(userTarget(user))}>${body}</a>`}</li>`;
}

function People({title, people, me}) {
    return people.length > 0 && html`<section>
        <h3>${title} — ${people.length}</h3>
        <ul>${people.map((p) => html`<${Person} key=${p.user} ...${p} me=${me} />`)}</ul>
    </section>`;
}

function Members({chat, target}) {
    const members = chat.members(target);
    useEffect(() => {
        members.load();
    }, [target]);
    if (members.error && !members.list)
        return html`<${Trouble} error=${members.error} again=${() => members.load()} />`;
    const all = members.sorted;
    return html`<div onKeyDown=${moveInList}>
        <${People} title="Online" people=${all.filter((p) => p.status !== "offline")} me=${chat.me} />
        <${People} title="Offline" people=${all.filter((p) => p.status === "offline")} me=${chat.me} />
        ${members.more && html`<p class="hint">And more: the first ${all.length} are shown.</p>`}
    </div>`;
}

function About({chat, ui, target, room}) {
    const leave = async () => {
        try {
            await chat.act("room.leave", {target});
            chat.say(`You left #${nameOf(target)}.`);
        } catch (error) {
            chat.say(wordsOf(error), true);
        }
    };
    const owner = room?.role === "owner" || room?.role === "moderator";
    const member = chat.conversations.get(target);
    return html`<section class="about">
        ${room?.topic && html`<p><b>Topic:</b> ${room.topic}</p>`}
        ${room?.description && html`<p>${room.description}</p>`}
        <div class="actions">
            ${owner && html`<button type="button" class="button small" onClick=${() => ui.open("edit", {target})}><${Icon} name="edit" />Edit</button>`}
            ${member && html`<button type="button" class="button small" onClick=${() => ui.open("invite", {target})}><${Icon} name="invite" />Invite</button>`}
            ${member && nameOf(target) !== "general" && html`<button type="button" class="button small" onClick=${leave}><${Icon} name="leave" />Leave</button>`}
        </div>
    </section>`;
}

function Peer({chat, target}) {
    const user = nameOf(target), p = chat.presence.of(user);
    const seen = p.status === "offline" && p.last_seen_mins != null ? `, last seen ${p.last_seen_mins} min ago` : "";
    return html`<section class="peer">
        <${Avatar} name=${user} />
        <h3>${user}</h3>
        <p><${Status} status=${p.status} /> ${statusNames[p.status]}${seen}</p>
        ${p.text && html`<p>${p.text}</p>`}
        <p><${Channels} channels=${p.channels} /></p>
    </section>`;
}

export function Panel({chat, ui, target, timeline}) {
    const title = isDirect(target) ? "Details" : "Members";
    return html`<aside class="panel" aria-label=${title}>
        <header class="panel-head"><h2>${title}</h2>
            <button type="button" id="panel-close" class="icon-button" aria-label="Close" onClick=${() => ui.showPanel(false)}><${Icon} name="close" /></button>
        </header>
        <div class="panel-body">
            ${isDirect(target) ? html`<${Peer} chat=${chat} target=${target} />`
                : html`<${About} chat=${chat} ui=${ui} target=${target} room=${timeline.room} /><${Members} chat=${chat} target=${target} />`}
        </div>
    </aside>`;
}
