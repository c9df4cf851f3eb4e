import assert from "node:assert/strict";
import {webcrypto} from "node:crypto";
import {test} from "node:test";
import {ChatError} from "../client/index.js";
import {Outbox} from "../app/model/outbox.js";

globalThis.crypto ??= webcrypto; // older Nodes have it under its own name only

test("what may have been posted is tried under the same id until it is known, and nothing overtakes it", async (t) => {
    let due = null;
    t.mock.method(globalThis, "setTimeout", (again) => { due = again; });
    const sent = [];
    let away = true;
    const send = async (op, {client_id, text}) => {
        sent.push({client_id, text});
        if (away)
            throw new ChatError("unavailable");
        return {id: `1-${sent.length}`, seq: sent.length};
    };
    const posted = [];
    const outbox = new Outbox({live: true, send}, "wcchat://rooms/plans", {changed: () => {}, posted: ({text}) => posted.push(text)});
    const later = async () => {
        const again = due;
        due = null;
        again?.();
        for (let i = 0; i < 20; i++)
            await null;
    };
    outbox.add("first");
    outbox.add("second");
    await later();
    for (let i = 0; i < 20; i++)
        await later();
    assert.equal(sent.length, 21);
    assert.deepEqual(outbox.entries.map(({text, state}) => [text, state]), [["first", "waiting"], ["second", "waiting"]]);
    away = false;
    await later();
    assert.deepEqual([posted, outbox.entries], [["first", "second"], []]);
    assert.deepEqual([...new Set(sent.map(({client_id}) => client_id))].length, 2);
});

test("what the server refuses is not tried again, and the next goes on", async () => {
    const send = async (op, {text}) => {
        if (text === "bad")
            throw new ChatError("bad_text");
        return {id: "1-1", seq: 1};
    };
    const posted = [];
    const outbox = new Outbox({live: true, send}, "wcchat://rooms/plans", {changed: () => {}, posted: ({text}) => posted.push(text)});
    outbox.add("bad");
    outbox.add("good");
    for (let i = 0; i < 20; i++)
        await null;
    assert.deepEqual([posted, outbox.entries.map(({text, state}) => [text, state])], [["good"], [["bad", "failed"]]]);
});
