// The Lua scripts as they are in lua/, with their includes, so that their tests need no build. The same rules as
// scripts/build/embed-lua.cmake: a line `--- include NAME`, perhaps indented, stands for lua/include/NAME.lua, once a script.
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach } from 'node:test';

import { eventually } from '../lib/eventually.mjs';
import { ROOT } from '../lib/process.mjs';
import { postAnswers, postArgs } from '../lib/post.mjs';
import { startRedis } from '../lib/redis.mjs';

const LUA = path.join(ROOT, 'lua');
const US = '\x1f';
const cache = new Map();

export const names = fs.readdirSync(LUA).filter((file) => file.endsWith('.lua')).map((file) => file.slice(0,
    -4)).sort();

function resolve(text, seen) {
    return text.split('\n').flatMap((line) => {
        const include = /^[ \t]*--- include ([a-z0-9_]+)[ \t]*$/.exec(line);
        if (include === null) {
            assert(!/^[ \t]*--- *include/.test(line), `not a valid include: ${line}`);
            return [line];
        }
        if (seen.has(include[1]))
            return [];
        seen.add(include[1]);
        return [resolve(fs.readFileSync(path.join(LUA, 'include', `${include[1]}.lua`), 'utf8'), seen)];
    }).join('\n');
}

/** {text, sha} of lua/<name>.lua. */
export function script(name) {
    if (!cache.has(name)) {
        const text = resolve(fs.readFileSync(path.join(LUA, `${name}.lua`), 'utf8'), new Set());
        cache.set(name, { text, sha: crypto.createHash('sha1').update(text).digest('hex') });
    }
    return cache.get(name);
}

/** One Redis for the tests of a file, empty before each. */
export class Bench {
    constructor() {
        before(async () => {
            this.redis = await startRedis();
            this.ears = await this.redis.client();
            this.heard = [];
            this.subscribed = new Set();
        });
        beforeEach(async () => {
            await this.redis.command('FLUSHALL');
            this.heard.length = 0;
        });
        after(() => this.redis.stop());
    }

    command(...args) {
        return this.redis.command(...args);
    }

    hash(key) {
        return this.redis.hash(key);
    }

    log(key) {
        return this.redis.stream(`${key}:log`);
    }

    /** Every key there is, sorted. */
    async keys() {
        return (await this.command('KEYS', '*')).sort();
    }

    async ms() {
        const [s, us] = await this.command('TIME');
        return Number(s) * 1000 + Math.floor(Number(us) / 1000);
    }

    /** Runs a script, with what it answers. */
    async run(name, keys, ...args) {
        const { text, sha } = script(name);
        const list = [].concat(keys);
        try {
            return await this.command('EVALSHA', sha, list.length, ...list, ...args);
        } catch (error) {
            if (!error.message.startsWith('NOSCRIPT'))
                throw error;
            return this.command('EVAL', text, list.length, ...list, ...args);
        }
    }

    /** Runs a script that must answer ok; what follows the ok. */
    async ok(name, keys, ...args) {
        const [first, ...rest] = await this.run(name, keys, ...args);
        assert.equal(first, 'ok', `${name}: ${[first, ...rest]}`);
        return rest;
    }

    /** Runs a script that must refuse with `code` and write nothing; what follows the code. */
    async refuses(code, name, keys, ...args) {
        const earlier = await this.state();
        const [first, ...rest] = await this.run(name, keys, ...args);
        assert.equal(first, code, `${name}: ${[first, ...rest]}`);
        assert.deepEqual(await this.state(), earlier, `${name} wrote although it refused`);
        return rest;
    }

    /** What all keys hold, in the form of DUMP. */
    async state() {
        const keys = await this.keys();
        const dumps = await this.redis.pipeline(keys.map((key) => ['DUMP', key]));
        return Object.fromEntries(keys.map((key, i) => [key, dumps[i]]));
    }

    async #subscribe(channel) {
        if (this.subscribed.has(channel))
            return;
        this.subscribed.add(channel);
        await this.ears.subscribe(channel, (text) => this.heard.push({ channel, text, ...parse(text) }));
    }

    /** Hears these channels from now on. */
    async listen(...channels) {
        for (const channel of channels)
            await this.#subscribe(channel);
        await this.published();
    }

    /** What was published on `channel` (all that is listened to, when left out) up to now, and forgets it. */
    async published(channel = null) {
        await this.#subscribe('end');
        await this.command('PUBLISH', 'end', 'end');
        await eventually(() => this.heard.some((message) => message.channel === 'end'), { what: 'what was published' });
        const all = this.heard.splice(0).filter((message) => message.channel !== 'end');
        return channel === null ? all : all.filter((message) => message.channel === channel);
    }
}

/** A published payload: {id, fields, names (of the fields, in order)}. */
function parse(text) {
    const [id, ...rest] = text.split(US);
    const fields = {};
    const order = [];
    for (let i = 0; i < rest.length; i += 2) {
        fields[rest[i]] = rest[i + 1];
        order.push(rest[i]);
    }
    return { id, fields, names: order };
}

/** [id, [field, value, …]] as {id, …fields}. */
export function entry([id, flat]) {
    const out = { id };
    for (let i = 0; i < flat.length; i += 2)
        out[`${flat[i]}`] = flat[i + 1];
    return out;
}

export const seq = (id) => Number(id.split('-')[1]);
export const msOf = (id) => Number(id.split('-')[0]);

let clientIds = 0;

export { postArgs };

export async function postAll(bench, key, messages, options) {
    return postAnswers(await bench.run('post', key, ...postArgs(messages, options)));
}

/** Posts as a member, under a client id of its own if none is given. The answer's words. */
export async function post(bench, key, from, text, { client = `c-${++clientIds}`, ...options } = {}) {
    const [answer] = await postAll(bench, key, [{ from, text, client, ...options }], options);
    return answer;
}

/** As `post`, must be posted; its id. */
export async function posted(bench, key, from, text, options) {
    const [code, id, how] = await post(bench, key, from, text, options);
    assert.equal(code, 'ok', `post: ${[code, id]}`);
    assert(['new', 'created'].includes(how), how);
    return id;
}

export const ROOM = 'wcc:room:{r}';
export const ALICE = 'wcc:user:{alice}';
export const BOB = 'wcc:user:{bob}';

/** Makes a room of alice, and members who join it. The id of the last event. */
export async function room(bench, { key = ROOM, visibility = 'public', members = [] } = {}) {
    let [id] = await bench.ok('room_create', key, 'alice', 'rest', 'about', 'topic', visibility, '');
    for (const user of members)
        [id] = await bench.ok('room_join', key, user, visibility === 'public' ? user : 'alice', 'rest', '', '');
    return id;
}
