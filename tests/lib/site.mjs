// A whole site for a test: Redis, the token key, and workers.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

import { tempFolder } from './process.mjs';
import { startRedis } from './redis.mjs';
import { connectTelnet } from './telnet.mjs';
import { startWorker } from './worker.mjs';

/** Good for every account that tests make, unless they say otherwise. */
export const PASSWORD = 'correct horse battery';

/** Writes a new ES256 key for access tokens, as `scripts/up` does. */
export function writeTokenKey(file) {
    const { privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    fs.writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
}

/**
 * Starts it all. `workers`: how many; `args`: more options for each of them; `redis`: options of startRedis.
 * Call `stop` at the end (`t.after(() => site.stop())`): it also checks that all workers ended well.
 */
export async function startSite({ workers = 1, args = [], env = {}, redis = {} } = {}) {
    const dir = tempFolder('wcchat-site');
    const key = path.join(dir, 'token.key');
    writeTokenKey(key);
    const site = new Site(dir, key, await startRedis(redis), { args, env });
    try {
        await Promise.all(Array.from({ length: workers }, () => site.addWorker()));
    } catch (error) {
        await site.redis.stop();
        throw error;
    }
    return site;
}

export class Site {
    #defaults;
    #telnets = new Set();
    #count = 0;

    constructor(dir, key, redis, defaults) {
        this.dir = dir;
        this.key = key;
        this.redis = redis;
        this.workers = [];
        this.#defaults = defaults;
    }

    /** One more worker, with more options of its own. `under`, `ready`: as for startWorker. */
    async addWorker({ args = [], env = {}, redis = this.redis.unixUrl, under = [], ready = true } = {}) {
        const index = this.#count++;
        const worker = await startWorker({
            redis,
            key: this.key,
            args: [...this.#defaults.args, ...args],
            env: { ...this.#defaults.env, ...env },
            name: `worker ${index + 1}`,
            under,
            ready,
        });
        this.workers.push(worker);
        return worker;
    }

    /** The REST API of worker `index`, for the holder of `token`. */
    api(index = 0, token = undefined) {
        return this.workers[index].api.as(token);
    }

    /** Registers and logs in. Returns {user, password, token, refreshToken, api(index)}. */
    async register(user, { password = PASSWORD, worker = 0, ...profile } = {}) {
        await this.api(worker).must(201, 'POST', '/v1/users', { user, password, ...profile });
        return this.login(user, { password, worker });
    }

    /** Access for an account that exists, as `register` returns it. */
    async login(user, { password = PASSWORD, worker = 0 } = {}) {
        const grant = await this.api(worker).must(200, 'POST', '/v1/auth/token', { user, password });
        return {
            user,
            password,
            token: grant.access_token,
            refreshToken: grant.refresh_token,
            api: (index = worker) => this.api(index, grant.access_token),
        };
    }

    /** A connection to worker `index` that is not logged in; closed at stop. */
    async connect(index = 0, options = {}) {
        const telnet = await connectTelnet({ port: this.workers[index].telnetPort, ...options });
        this.#telnets.add(telnet);
        return telnet;
    }

    /** A telnet session of `account` (as `register` returns it) on worker `index`. */
    async telnet(account, index = 0, options = {}) {
        const telnet = await this.connect(index, options);
        await telnet.login(account.user, account.password);
        return telnet;
    }

    /** Ends everything. Throws when a worker did not end well. */
    async stop() {
        for (const telnet of this.#telnets)
            telnet.close();
        this.redis.resume();
        const ends = await Promise.allSettled(this.workers.map((worker) => worker.stop()));
        await this.redis.stop();
        fs.rmSync(this.dir, { recursive: true, force: true });
        const failed = ends.filter((end) => end.status === 'rejected');
        if (failed.length > 0)
            throw new Error(failed.map((end) => end.reason.message).join('\n'));
    }
}
