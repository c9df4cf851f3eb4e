// A whole site as scripts/up starts it: Redis, NATS, workers, and the balancers in front of them.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { Api } from '../lib/http.mjs';
import { BUILD, ROOT, tempFolder } from '../lib/process.mjs';
import { RedisClient } from '../lib/resp.mjs';
import { PASSWORD } from '../lib/site.mjs';

/** Runs a script of scripts/; resolves with {code, out, err}. */
export function script(name, ...args) {
    return new Promise((resolve) => {
        const env = { ...process.env, WCCHAT_BUILD: BUILD };
        execFile(path.join(ROOT, 'scripts', name), args, { env, maxBuffer: 1 << 26 }, (error, out, err) => {
            resolve({ code: error === null ? 0 : error.code ?? 1, out, err });
        });
    });
}

/** DIR/env, lists split. */
export function readEnv(dir) {
    const pairs = fs.readFileSync(path.join(dir, 'env'), 'utf8').trim().split('\n').map((line) => line.split(/=(.*)/s));
    return Object.fromEntries(pairs.map(([key, value]) => [key, /^WORKER_/.test(key) ? value.split(',') : value]));
}

/** Starts it on free ports with the tested build; ends with the test `t`. `args` go to each worker. */
export async function startUp(t, { workers = 2, args = [] } = {}) {
    const dir = tempFolder('wcchat-up');
    t.after(() => script('down', '--dir', dir));
    const { code, err } = await script('up', '--no-install', '--no-build', '--preset', 'debug', '--ports', 'auto', '--dir', dir,
        '--detach', '--workers', workers, '--', ...args);
    if (code !== 0)
        throw new Error(`scripts/up failed: ${err}`);
    return new UpSite(dir);
}

export class UpSite {
    constructor(dir) {
        this.dir = dir;
        this.env = readEnv(dir);
        this.api = new Api(this.env.HTTP_URL);
    }

    log(name) {
        return fs.readFileSync(path.join(this.dir, 'log', `${name}.log`), 'utf8');
    }

    /** One command on a connection of its own. */
    async redis(...command) {
        const client = await RedisClient.connect({ path: path.join(this.dir, 'run/redis.sock') });
        try {
            return await client.command(...command);
        } finally {
            client.close();
        }
    }

    /** Registers and logs in: {user, token, api}. */
    async register(user) {
        await this.api.must(201, 'POST', '/v1/users', { user, password: PASSWORD });
        const grant = await this.api.must(200, 'POST', '/v1/auth/token', { user, password: PASSWORD });
        return { user, token: grant.access_token, api: this.api.as(grant.access_token) };
    }
}
