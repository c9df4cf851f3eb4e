// A Redis master, its replicas, and the Sentinels that choose another master when it is gone.
import fs from 'node:fs';
import path from 'node:path';

import { eventually } from '../lib/eventually.mjs';
import { Child, freePort, tempFolder } from '../lib/process.mjs';
import { startRedis } from '../lib/redis.mjs';
import { RedisClient } from '../lib/resp.mjs';

const NAME = 'chat';

async function startSentinel(masterPort) {
    const dir = tempFolder('wcchat-sentinel');
    const port = await freePort();
    const file = path.join(dir, 'sentinel.conf');
    fs.writeFileSync(file, `port ${port}
bind 127.0.0.1
dir ${dir}
sentinel monitor ${NAME} 127.0.0.1 ${masterPort} 2
sentinel down-after-milliseconds ${NAME} 1000
sentinel failover-timeout ${NAME} 6000
sentinel parallel-syncs ${NAME} 2
`);
    return { port, child: new Child('redis-server', [file, '--sentinel'], { name: 'sentinel' }) };
}

async function ask(port, ...command) {
    const client = await RedisClient.connect({ port, host: '127.0.0.1' });
    try {
        return await client.command(...command);
    } finally {
        client.close();
    }
}

export class Group {
    /** A master with `replicas`, watched by three Sentinels that know all of them. */
    static async start({ replicas = 2 } = {}) {
        const group = new Group();
        group.master = await startRedis({ appendonly: true });
        group.replicas = [];
        for (let i = 0; i < replicas; i++)
            group.replicas.push(await startRedis({ appendonly: true, args: ['--replicaof', '127.0.0.1', group.master.port] }));
        group.sentinels = [];
        for (let i = 0; i < 3; i++)
            group.sentinels.push(await startSentinel(group.master.port));
        await eventually(() => group.#complete(replicas), { timeout: 30000, interval: 100, what: 'the Sentinels to know everybody' });
        return group;
    }

    get url() {
        return `redis+sentinel://${this.sentinels.map(({ port }) => `127.0.0.1:${port}`).join()}/${NAME}`;
    }

    async #complete(replicas) {
        for (const { port } of this.sentinels) {
            const flat = await ask(port, 'SENTINEL', 'MASTER', NAME);
            const told = Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]]] : [])));
            if (told['num-slaves'] !== String(replicas) || told['num-other-sentinels'] !== '2' || told.flags !== 'master')
                return false;
        }
        return (await this.master.command('INFO', 'replication')).split('state=online').length - 1 === replicas;
    }

    /** Kills the master; resolves with the replica that has become it. */
    async fail() {
        await this.master.crash();
        return eventually(async () => {
            for (const replica of this.replicas)
                if ((await replica.command('ROLE'))[0] === 'master')
                    return replica;
            return null;
        }, { timeout: 30000, interval: 100, what: 'another master' });
    }

    async stop() {
        for (const { child } of this.sentinels)
            await child.end('SIGKILL');
        for (const redis of [this.master, ...this.replicas])
            await redis.stop();
    }
}
