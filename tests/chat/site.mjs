// One site of two workers for all tests of a file: asking one worker and looking through the other.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';

import { startSite } from '../lib/site.mjs';

/**
 * Starts the site before the file's tests and stops it after them; `setup` runs once it is there. `name(word)`: a name that
 * no other test has; `person(word)`: an account with such a name.
 */
export function useSite(options = {}, setup = async () => {}) {
    const shared = { site: null };
    let count = 0;
    before(async () => {
        shared.site = await startSite({ workers: 2, ...options });
        await setup();
    });
    after(async () => shared.site?.stop());
    shared.name = (word) => `${word}-${++count}`;
    shared.person = (word, extra = {}) => shared.site.register(shared.name(word), extra);
    return shared;
}

/** The answer must be this refusal, in the form of RFC 9457. */
export function refused(answer, status, code, detail = null) {
    assert.deepEqual([answer.status, answer.body.code], [status, code], answer.text);
    if (detail !== null)
        assert.match(answer.body.detail, detail);
}

export const roomTarget = (name) => `wcchat://rooms/${name}`;
export const userTarget = (name) => `wcchat://users/${name}`;
