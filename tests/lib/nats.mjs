// A private nats-server with operator, accounts and permissions as scripts/up runs it, and clients of it.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { connect, credsAuthenticator, jwtAuthenticator } from '@nats-io/transport-node';

import { eventually } from './eventually.mjs';
import { BUILD, Child, freePort, tempFolder } from './process.mjs';

const TOOL = path.join(BUILD, 'wcchat-nats');
const ENV = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

/** Starts it and waits until it accepts connections. */
export async function startNats() {
    const nats = new Nats(tempFolder('wcchat-nats'), await freePort(), await freePort());
    await nats.start();
    return nats;
}

/** Several, connected by routes, with the same accounts. */
export async function startNatsCluster(count) {
    const dir = tempFolder('wcchat-nats');
    const routes = await Promise.all(Array.from({ length: count }, freePort));
    const all = [];
    for (const route of routes)
        all.push(new Nats(dir, await freePort(), await freePort(), { route, routes }));
    for (const nats of all)
        await nats.start();
    return all;
}

export class Nats {
    #clients = new Set();

    constructor(dir, port, wsPort, cluster = null) {
        Object.assign(this, { dir, port, wsPort, cluster });
        this.keys = path.join(dir, 'nats.keys');
        this.url = `nats://127.0.0.1:${port}`;
        this.wsUrl = `ws://127.0.0.1:${wsPort}`;
    }

    /** What a worker needs to serve NATS. */
    get args() {
        return ['--nats', this.url, '--nats-keys', this.keys, '--nats-websocket', this.wsUrl];
    }

    get #accounts() {
        const file = path.join(this.dir, 'accounts.conf');
        if (!fs.existsSync(file))
            fs.writeFileSync(file, execFileSync(TOOL, ['setup', this.keys], { env: ENV }));
        return file;
    }

    async start() {
        const config = path.join(this.dir, `nats-${this.port}.conf`);
        const routes = this.cluster?.routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
        const cluster = this.cluster ? `cluster { name: wcchat, listen: "127.0.0.1:${this.cluster.route}", routes: [${routes}] }` : '';
        fs.writeFileSync(config, `server_name: wcchat-${this.port}
listen: "127.0.0.1:${this.port}"
websocket { listen: "127.0.0.1:${this.wsPort}", no_tls: true }
include "${path.basename(this.#accounts)}"
${cluster}
`);
        this.child = new Child('nats-server', ['-c', config], { name: 'nats-server', env: { PATH: ENV.PATH } });
        await eventually(async () => {
            if (this.child.ended !== null)
                throw new Error(`nats-server ended\n${this.child.tail()}`);
            return (await accepts(this.port)) && accepts(this.wsPort);
        }, { timeout: 15000, what: 'nats-server to accept connections' });
    }

    /** Credentials of a service, as the tool prints them: `bridge` or `operator`. */
    credentials(kind, name) {
        return execFileSync(TOOL, [kind, this.keys, name], { env: ENV });
    }

    async #keep(connection) {
        this.#clients.add(connection);
        return connection;
    }

    async connectService(kind, name, options = {}) {
        return this.#keep(await connect({
            servers: this.url, authenticator: credsAuthenticator(this.credentials(kind, name)), ...options,
        }));
    }

    async connect(user, jwt, options = {}) {
        return this.#keep(await connectUser(this.url, user, jwt, options));
    }

    /** Ends and starts it again on the same port. */
    async restart({ signal = 'SIGKILL' } = {}) {
        await this.child.end(signal);
        await this.start();
    }

    async stop() {
        await Promise.allSettled([...this.#clients].map((client) => client.close()));
        await this.child.end('SIGKILL');
        fs.rmSync(this.dir, { recursive: true, force: true });
    }
}

/** As the holder of a JWT, or with a function that gives one for each attempt. */
export function connectUser(url, user, jwt, options = {}) {
    return connect({
        servers: url, authenticator: jwtAuthenticator(jwt), inboxPrefix: `_INBOX_${user}`,
        ignoreAuthErrorAbort: true, reconnectTimeWait: 50, maxReconnectAttempts: -1, ...options,
    });
}

function accepts(port) {
    return new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1', () => resolve(true));
        socket.on('error', () => resolve(false));
        socket.on('connect', () => socket.destroy());
    });
}
