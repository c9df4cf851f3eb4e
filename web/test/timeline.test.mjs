import assert from "node:assert/strict";
import {test} from "node:test";
import {ChatError} from "../client/index.js";
import {Timeline} from "../app/model/timeline.js";

const item = (seq) => ({id: `1-${seq}`, seq, from: "a", text: String(seq), time: "2026-11-23T12:00:00Z", type: "messagepublished"});

/** A client whose room has messages 1 to `last`, as `operations` answers all else. */
function clientOf(last, operations = {}) {
    const history = ({before, limit}) => {
        const end = before ? Number(before.split("-")[1]) - 1 : last, first = Math.max(1, end - limit + 1);
        return {items: Array.from({length: end - first + 1}, (_, i) => item(first + i)), next: first > 1 ? `1-${first}` : null};
    };
    const all = {"message.history": history, "room.get": () => ({id: "plans", members: 2}), ...operations};
    return {tokens: {user: "me"}, live: false, call: async (op, args) => all[op](args)};
}

const open = (client) => new Timeline(client, "wcchat://rooms/plans", () => {});

test("what is let go of while older messages are on their way leaves no gap", async () => {
    const timeline = open(clientOf(2000));
    await timeline.load();
    for (let i = 0; i < 4; i++)
        await timeline.loadOlder(200);
    const older = timeline.loadOlder(200);
    timeline.trim();
    await older;
    await timeline.loadOlder(200);
    const first = timeline.items[0].seq;
    assert.deepEqual(timeline.items.map((i) => i.seq), Array.from({length: 2001 - first}, (_, i) => first + i));
});

test("a room that is gone is not shown any more, and comes back when it may be read again", async () => {
    for (const code of ["not_found", "banned"]) {
        let get = () => ({id: "plans", members: 2});
        const timeline = open(clientOf(10, {"room.get": () => get()}));
        await timeline.load();
        get = () => { throw new ChatError("unavailable"); };
        await timeline.loadRoom();
        assert.equal(timeline.items.length, 10);
        get = () => { throw new ChatError(code); };
        await timeline.loadRoom();
        assert.deepEqual([timeline.state, timeline.error.code, timeline.items.length], ["failed", code, 0]);
        get = () => ({id: "plans", members: 2});
        await timeline.loadRoom();
        assert.deepEqual([timeline.state, timeline.error, timeline.items.length], ["ready", null, 10]);
    }
});
