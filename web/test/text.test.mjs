import assert from "node:assert/strict";
import {test} from "node:test";
import {noticeTexts, rowsOf} from "../app/rows.js";
import {partsOf, sendable} from "../app/text.js";
import {hashOf, targetOfHash} from "../app/names.js";

const links = (text) => partsOf(text).filter((p) => p.kind === "link").map((p) => p.text);
const mentions = (text) => partsOf(text).filter((p) => p.kind === "mention").map((p) => p.user);

test("the parts of a text are the text", () => {
    for (const text of ["", "a", "see https://a.example/b, @bob!", "@a @b\n\n@c https://x.example", "<b>&amp;</b>"])
        assert.equal(partsOf(text).map((p) => p.text).join(""), text);
});

test("only http and https become links", () => {
    assert.deepEqual(links("http://a.example/x https://b.example?q=1#f"), ["http://a.example/x", "https://b.example?q=1#f"]);
    assert.deepEqual(links("javascript:alert(1) data:text/html,x ftp://a.example file:///etc vbscript:x"), []);
    assert.deepEqual(links("javascript:http://a.example"), ["http://a.example"]);
});

test("what belongs to the sentence stays out of the link", () => {
    assert.deepEqual(links("(see https://a.example/x). Or https://a.example/x_(y)!"), ["https://a.example/x", "https://a.example/x_(y)"]);
    assert.deepEqual(links('"https://a.example/x"y <https://b.example>'), ["https://a.example/x", "https://b.example"]);
});

test("what is pasted from elsewhere can be sent", () => {
    assert.equal(sendable("a\r\nb\vc\fd\x85e\rf\tg \n"), "a\nb\nc\nd\ne\nf\tg");
    assert.equal(sendable("\0a\x1b[1m\x7f\x9b\ud83d \ud83d\ude00 ü"), "a[1m 😀 ü");
});

test("mentions are whole words", () => {
    assert.deepEqual(mentions("@alice: hi @bob, and @carol. (@dave)"), ["alice", "bob", "carol", "dave"]);
    assert.deepEqual(mentions("me@example.com @Alice @example.com @@x"), []);
});

const item = (seq, from, more = {}) => ({id: `1-${seq}`, seq, from, time: "2026-11-23T12:00:00Z", type: "messagepublished", via: "web", ...more});
const kinds = (input) => rowsOf({pending: [], readId: null, me: "me", ...input}).map((r) => r.kind + (r.compact ? "+" : ""));

test("one person's messages in a row belong together", () => {
    assert.deepEqual(kinds({items: [item(1, "a"), item(2, "a"), item(3, "b"), item(4, "a", {action: true})]}),
        ["day", "message", "message+", "message", "message"]);
    assert.deepEqual(kinds({items: [item(1, "a"), item(2, "a", {time: "2026-11-23T12:06:00Z"}), item(3, "a", {time: "2026-11-25T12:00:00Z"})]}),
        ["day", "message", "message", "day", "message"]);
});

test("what is being sent stands as it will when it was", () => {
    const pending = [{client_id: "c", text: "x", time: "2026-11-23T12:01:00Z"}, {client_id: "d", text: "y", time: "2026-11-23T12:01:00Z"}];
    assert.deepEqual(kinds({items: [item(1, "me")], pending}), ["day", "message", "pending+", "pending+"]);
    assert.deepEqual(kinds({items: [item(1, "a")], pending}), ["day", "message", "pending", "pending+"]);
});

test("the mark stands before the first new message of others", () => {
    assert.deepEqual(kinds({items: [item(1, "a"), item(2, "me"), item(3, "a")], readId: "1-1"}), ["day", "message", "message", "marker", "message"]);
    assert.deepEqual(kinds({items: [item(5, "a")], readId: "1-1", complete: false}), ["day", "message"]);
    assert.deepEqual(kinds({items: [item(5, "a")], readId: "1-1", complete: true}), ["day", "marker", "message"]);
});

test("comings and goings are told together", () => {
    const joined = ["a", "b", "c", "d", "e"].map((user, i) => item(i + 1, user, {type: "userjoined", user}));
    assert.deepEqual(kinds({items: joined}), ["day", "notice"]);
    assert.deepEqual(noticeTexts(joined), ["a, b, c and 2 others joined"]);
    assert.deepEqual(noticeTexts([item(1, "a", {type: "roomcreated"}), ...joined.slice(0, 2)]), ["a created this room", "a and b joined"]);
    const invited = joined.map((i) => ({...i, by: i.user === "b" ? "y" : "x"}));
    assert.deepEqual(noticeTexts(invited), ["x invited a, c, d and e", "y invited b"]);
    assert.deepEqual(noticeTexts([item(1, "x", {type: "userleft", user: "y", by: "x", reason: "spam"})]), ["x removed y (spam)"]);
});

test("addresses of pages and targets", () => {
    assert.equal(hashOf("wcchat://users/bob"), "#/u/bob");
    assert.equal(targetOfHash("#/r/general"), "wcchat://rooms/general");
    for (const hash of ["", "#/", "#/r/", "#/r/UPPER", "#/x/general", "#/r/a/b", "#/u/<b>"])
        assert.equal(targetOfHash(hash), null);
});
