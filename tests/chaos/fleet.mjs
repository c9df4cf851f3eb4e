// A site whose workers, Redis and NATS server get into trouble, as a seed chooses.
import { setTimeout as sleep } from 'node:timers/promises';

import { eventually } from '../lib/eventually.mjs';
import { startNatsSite, stopNatsSite } from '../nats/people.mjs';
import { Random } from './random.mjs';

const LEASE_MS = 2000;

export async function startFleet(seed, { workers = 3 } = {}) {
    const args = ['--lease', `${LEASE_MS}ms`, '--grace', '500ms', '--drain', '300ms', '--drain-max', '5s', '--session-queue', '64k',
        '--nats-ping', '1s'];
    const site = await startNatsSite({ workers, args, redis: { appendonly: true } });
    return new Fleet(site, new Random(seed));
}

export class Fleet {
    going = true;
    troubles = [];

    constructor(site, random) {
        this.site = site;
        this.random = random;
        this.choice = new Random('a balancer'); // of its own: how often people connect is not for the seed to say
        this.serving = [...site.workers];
    }

    async stop() {
        await stopNatsSite(this.site);
    }

    /** One of those that a balancer would choose. */
    someWorker() {
        return this.choice.pick(this.serving);
    }

    async #add() {
        this.serving.push(await this.site.addWorker());
    }

    #take() {
        const worker = this.random.pick(this.serving);
        this.serving = this.serving.filter((other) => other !== worker);
        return worker;
    }

    async kill() {
        const worker = this.#take();
        await this.#add();
        await worker.crash();
    }

    async drain() {
        const worker = this.#take();
        await this.#add();
        await worker.stop();
    }

    /** Past its lease: the others take it for dead. */
    async freeze() {
        const worker = this.random.pick(this.serving);
        worker.pause();
        await sleep(LEASE_MS * 1.5); // how long it is frozen is the trouble
        worker.resume();
    }

    async restartRedis() {
        await this.site.redis.restart({ signal: this.random.pick(['SIGTERM', 'SIGKILL']) });
    }

    async restartNats() {
        await this.site.nats.restart({ signal: this.random.pick(['SIGTERM', 'SIGKILL']) });
    }

    async dropConnections() {
        await this.site.redis.command('CLIENT', 'KILL', 'TYPE', this.random.pick(['pubsub', 'normal'])).catch(() => {});
    }

    async replaceAll() {
        for (const worker of [...this.serving]) {
            await this.#add();
            this.serving = this.serving.filter((other) => other !== worker);
            await worker.stop();
        }
    }

    /** All kinds of trouble, in the seed's order, `more` of them again; between them people get some work done. */
    async run({ more = 3, progress }) {
        const kinds = ['kill', 'drain', 'freeze', 'restartRedis', 'restartNats', 'dropConnections'];
        const again = Array.from({ length: more }, () => this.random.pick(kinds));
        for (const kind of this.random.shuffled([...kinds, 'replaceAll', ...again])) {
            this.troubles.push(kind);
            await this[kind]();
            await progress();
        }
    }

    async ready() {
        await Promise.all(this.serving.map((worker) => eventually(() => worker.isReady(), { timeout: 20000 })));
    }
}
