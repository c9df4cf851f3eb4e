// A private nats-server with operator, accounts and permissions as scripts/up runs it, and clients of it.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

import { connect, credsAuthenticator, jwtAuthenticator } from '@nats-io/transport-node';

import { eventually } from './eventually.mjs';
import { BUILD, Child, ROOT, freePort, tempFolder } from './process.mjs';

const TOOL = path.join(BUILD, 'wcchat-nats');
const LISTEN = `listen: "127.0.0.1:4222"
websocket { listen: "127.0.0.1:4280", no_tls: true }
`;
const ENV = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

/**
 * Starts it with deploy/nats.conf and waits until it accepts connections. `files`: other contents of nats.conf and
 * nats-listen.conf, with the ports 4222, 4280 and 8222, in place of which free ones are taken.
 */
export async function startNats(files = {}) {
    const nats = new Nats({ files, port: await freePort(), wsPort: await freePort(), monitorPort: await freePort() });
    await nats.start();
    return nats;
}

/** Several, connected by routes, with the same accounts. */
export async function startNatsCluster(count) {
    const routes = await Promise.all(Array.from({ length: count }, freePort));
    const urls = routes.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
    const all = [];
    for (const route of routes) {
        const listen = `${LISTEN}cluster { name: wcchat, listen: "127.0.0.1:${route}", routes: [${urls}] }\n`;
        const ports = { port: await freePort(), wsPort: await freePort() };
        all.push(new Nats({ files: { 'nats-listen.conf': listen }, ...ports, keys: all[0]?.keys }));
        await all.at(-1).start();
    }
    return all;
}

export class Nats {
    #clients = new Set();

    constructor({ files, port, wsPort, monitorPort, keys }) {
        this.dir = tempFolder('wcchat-nats');
        Object.assign(this, { files, port, wsPort, monitorPort });
        this.keys = keys ?? path.join(this.dir, 'nats.keys');
        this.url = `nats://127.0.0.1:${port}`;
        this.wsUrl = `ws://127.0.0.1:${wsPort}`;
    }

    /** What a worker needs to serve NATS. */
    get args() {
        return ['--nats', this.url, '--nats-keys', this.keys, '--nats-websocket', this.wsUrl];
    }

    /** Writes the configuration into the folder, once. */
    #configure() {
        const config = path.join(this.dir, 'nats.conf');
        if (fs.existsSync(config))
            return config;
        const ports = { 4222: this.port, 4280: this.wsPort, 8222: this.monitorPort };
        const files = { 'nats.conf': fs.readFileSync(path.join(ROOT, 'deploy/nats.conf'), 'utf8'), 'nats-listen.conf': LISTEN, ...this.files };
        for (const [name, text] of Object.entries(files))
            fs.writeFileSync(path.join(this.dir, name), text.replace(/:(4222|4280|8222)"/g, (_, port) => `:${ports[port]}"`));
        fs.writeFileSync(path.join(this.dir, 'nats-accounts.conf'), execFileSync(TOOL, ['setup', this.keys], { env: ENV }));
        return config;
    }

    async start() {
        const config = this.#configure();
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
