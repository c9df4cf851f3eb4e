// What lua/post.lua is asked and answers, for tests that post past the workers.
import assert from 'node:assert/strict';

let calls = 0;

/** One message's arguments: those of its author, and its own. */
function messageArgs({ from, text, via = 'rest', client, fingerprint = `f:${text}`, mentions, reply, action }) {
    const named = client === undefined ? {} : { client_id: client, fingerprint: fingerprint.replaceAll(' ', '_') };
    const more = Object.entries({ ...named, reply_to: reply, mentions, action }).filter(([, value]) => (value ?? '') !== '').flat();
    return { author: [from, via], args: [text, more.length, ...more] };
}

/**
 * The script's arguments for messages ({from, text, via, client, fingerprint, mentions, reply, action}; without `client`
 * there is no client id). `worker` and `call` name the call.
 */
export function postArgs(messages, { rate = 0, burst = 0, keep = 0, age = 0, peer = '', worker = 'w1', call = ++calls } = {}) {
    const authors = [];
    for (const { author, args } of messages.map(messageArgs)) {
        if (authors.at(-1)?.author.join() !== author.join())
            authors.push({ author, messages: [] });
        authors.at(-1).messages.push(args);
    }
    return [rate, burst, keep, age, peer, worker, call,
        ...authors.flatMap(({ author, messages: list }) => [...author, list.length, ...list.flat()])];
}

/** What lua/post.lua answered, message by message: the words. */
export function postAnswers(text) {
    const [call, ...answers] = text.split('\x1e');
    assert.match(call, /^\d+$/);
    return answers.map((answer) => answer.split('\x1f'));
}

/**
 * Posts messages past the workers, in one call, and must, as a worker that makes no other call: many may be under way. The
 * first one's id.
 */
export async function postPast(redis, key, ...messages) {
    const args = postArgs(messages, { worker: `past-${calls}` });
    const answers = postAnswers(await redis.script('post', [key], args));
    assert.equal(answers.length, messages.length);
    for (const [code, why] of answers)
        assert.equal(code, 'ok', why);
    return answers[0][1];
}
