const URLS = /\bhttps?:\/\/[^\s<>"`]+/gi;
const MENTIONS = /(^|[^\w@+%-])@([a-z0-9][a-z0-9_-]{0,31})(?![\w@-]|\.\w)/g;

/** What a sentence has behind an address belongs to the sentence, and so does a bracket that it doesn't open. */
function trimmed(url) {
    for (;;) {
        const last = url.at(-1);
        const closes = {")": "(", "]": "[", "}": "{"}[last];
        if (".,;:!?'*_".includes(last) || (closes && url.split(last).length > url.split(closes).length))
            url = url.slice(0, -1);
        else
            return url;
    }
}

function isWebAddress(text) {
    try {
        const url = new URL(text);
        return ["http:", "https:"].includes(url.protocol) && url.hostname !== "";
    } catch {
        return false;
    }
}

function withMentions(text, parts) {
    let from = 0;
    for (const match of text.matchAll(MENTIONS)) {
        const at = match.index + match[1].length;
        if (at > from)
            parts.push({kind: "text", text: text.slice(from, at)});
        parts.push({kind: "mention", text: `@${match[2]}`, user: match[2]});
        from = at + 1 + match[2].length;
    }
    if (from < text.length)
        parts.push({kind: "text", text: text.slice(from)});
}

/** A message's text as parts: {kind: text | link | mention, text, user?}. Joined, they are the text again. */
export function partsOf(text) {
    const parts = [];
    let from = 0;
    for (const match of text.matchAll(URLS)) {
        const url = trimmed(match[0]);
        if (!isWebAddress(url))
            continue;
        withMentions(text.slice(from, match.index), parts);
        parts.push({kind: "link", text: url});
        from = match.index + url.length;
    }
    withMentions(text.slice(from), parts);
    return parts;
}

/** What was typed or pasted as the server takes it: other programs' line ends become one, other control characters nothing. */
export function sendable(text) {
    return text.replace(/\r\n?|[\v\f\x85]/g, "\n").replace(/[^\P{Cc}\t\n]|\p{Cs}/gu, "").trimEnd();
}

/** An error's words as a sentence; the server's own begin small, as terminals like them. */
export function wordsOf(error) {
    const text = error.message.trim();
    return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
}
