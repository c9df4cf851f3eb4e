// wcchat itself as a server to be measured: the release build, any number of workers, a Redis of its own.
import fs from 'node:fs';
import path from 'node:path';

import { tempFolder } from '../lib/process.mjs';
import { startRedis } from '../lib/redis.mjs';
import { Site, writeTokenKey } from '../lib/site.mjs';
import { Tokens, seed, writeUsers } from './seed.mjs';

const REDIS_ARGS = ['--maxclients', 19000, '--client-output-buffer-limit', 'pubsub', '256mb', '64mb', 60];
// What would throttle the load, or end what it needs: every peer has the same lifted.
const WORKER_ARGS = ['--post-rate', 0, '--general', '', '--log-level', 'warn',
    '--http-max-connections', 19000];

let dir = null;
let tokens = null;

/** The key that signs, and the tokens signed with it: the same for every site of this process. */
function signing() {
    if (dir === null) {
        dir = tempFolder('wcchat-bench');
        writeTokenKey(path.join(dir, 'token.key'));
        tokens = new Tokens(path.join(dir, 'token.key'));
    }
    return { key: path.join(dir, 'token.key'), tokens };
}

/** The users file for `users` accounts, from account `first` on. */
export function usersFile(users, first = 0) {
    const { tokens: all } = signing();
    const file = path.join(dir, `users-${first}-${users}`);
    if (!fs.existsSync(file))
        writeUsers(file, all, users, first);
    return file;
}

export function tokenOf(user) {
    return signing().tokens.of(user);
}

/**
 * A seeded site. `durability`: `none` (Redis keeps all in memory) or `fsync` (what is acknowledged is on the disk);
 * `args`: more options for each worker; `prepare(redis)`: called before they start;
 * `under`: the words of a command that runs each. The rest is what `seed` takes.
 */
export async function startWcchat({ workers = 1, durability = 'none', args = [], prepare = async () => {}, under = [], ...people }) {
    const redis = await startRedis({ appendonly: durability === 'fsync', args: REDIS_ARGS });
    await seed(redis, people);
    await prepare(redis);
    const site = new Site(tempFolder('wcchat-site'), signing().key, redis, { args: [...WORKER_ARGS, '--durability', durability, ...args].map(String), env: {} });
    for (let i = 0; i < workers; i++)
        await site.addWorker({ under });
    return new Wcchat(site);
}

class Wcchat {
    constructor(site) {
        this.site = site;
        this.redis = site.redis;
        this.args = [];
    }

    get pids() {
        return this.site.workers.map((worker) => worker.pid);
    }

    get redisPids() {
        return [this.site.redis.pid];
    }

    /** The ports on which `proto` (telnet, ws or sse) is spoken. */
    portsFor(proto) {
        return this.site.workers.map((worker) => (proto === 'telnet' ? worker.telnetPort : worker.httpPort));
    }

    get httpUrl() {
        return this.site.workers[0].httpUrl;
    }

    stop() {
        return this.site.stop();
    }
}
