// The servers that wcchat is measured beside. Each one is started afresh on a free port in a folder of its own, as
// tests/bench/peers/ configures it: without whatever would throttle a client.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { eventually } from '../lib/eventually.mjs';
import { BUILD, Child, freePort, tempFolder } from '../lib/process.mjs';
import { startRedis } from '../lib/redis.mjs';
import { seed } from './seed.mjs';

const CONFIGURATIONS = path.join(path.dirname(fileURLToPath(import.meta.url)), 'peers');
// The generator's connections come from many addresses of the loopback network.
const REDIS_ARGS = ['--protected-mode', 'no', '--maxclients', 19000, '--tcp-backlog', 4096, '--client-output-buffer-limit', 'pubsub', '256mb', '64mb', 60];

/** Name → how wcchat-load speaks to it, its configuration, and its command, given that file and its folder. */
const PEERS = {
    inspircd: { proto: 'irc', file: 'inspircd.conf', command: (file) => ['inspircd', '--nofork', '--runasroot', '--config', file] },
    ngircd: { proto: 'irc', file: 'ngircd.conf', command: (file) => ['ngircd', '-n', '-f', file] },
    ejabberd: {
        proto: 'xmpp',
        file: 'ejabberd.yml',
        command: (file, dir) => ['erl', '-noinput', '+K', 'true', '+P', '250000', '-mnesia', 'dir', JSON.stringify(dir), '-s', 'ejabberd'],
        env: (file, dir) => ({
            HOME: dir,
            ERL_LIBS: ejabberdLibraries(),
            ERL_MAX_PORTS: '32000',
            EJABBERD_CONFIG_PATH: file,
            EJABBERD_LOG_PATH: path.join(dir, 'ejabberd.log'),
        }),
    },
    prosody: { proto: 'xmpp', file: 'prosody.cfg.lua', command: (file) => ['prosody', '-F', '--config', file] },
    mosquitto: { proto: 'mqtt', file: 'mosquitto.conf', command: (file) => ['mosquitto', '-c', file] },
    nats: { proto: 'nats', file: 'nats.conf', command: (file) => ['nats-server', '-c', file] },
    nginx: { proto: 'http', file: 'nginx.conf', command: (file, dir) => ['nginx', '-p', dir, '-c', file, '-e', path.join(dir, 'error.log')] },
};

/** Where Debian's package has ejabberd's code for Erlang: its own script says so. */
function ejabberdLibraries() {
    return /^ERL_LIBS='?([^'\n]+)/m.exec(fs.readFileSync('/usr/sbin/ejabberdctl', 'utf8'))[1];
}

export const PEER_NAMES = ['inspircd', 'ngircd', 'ejabberd', 'prosody', 'mosquitto', 'nats', 'redis', 'redis-post'];

/** A running server: `proto`, `ports`, `pids` whose CPU time counts, `dir`, `stop()`; `script` for a load that needs one. */
class Server {
    constructor(proto, port, pid, dir, stop) {
        Object.assign(this, { proto, ports: [port], pids: [pid], redisPids: [], dir, stop });
    }
}

function accepts(port) {
    const socket = net.connect({ port, host: '127.0.0.1' });
    return new Promise((resolve) => {
        socket.once('connect', () => resolve(true));
        socket.once('error', () => resolve(false));
    }).finally(() => socket.destroy());
}

async function startConfigured(name) {
    const { proto, file, command, env = () => ({}) } = PEERS[name];
    const dir = tempFolder(`wcchat-${name}`);
    const port = await freePort();
    const text = fs.readFileSync(path.join(CONFIGURATIONS, file), 'utf8').replaceAll('@PORT@', port).replaceAll('@DIR@', dir);
    const written = path.join(dir, file);
    fs.writeFileSync(written, text);
    const [program, ...args] = command(written, dir);
    const child = new Child(program, args, { name, cwd: dir, env: env(written, dir) });
    const ready = () => {
        if (child.ended !== null)
            throw Object.assign(new Error(`${name} ended at once: ${child.tail()}`), { final: true });
        return accepts(port);
    };
    try {
        await eventually(ready, { timeout: 30000, interval: 50, what: `${name} to accept connections` });
    } catch (error) {
        await child.end('SIGKILL');
        throw new Error(`${error.message}\n${child.tail()}`);
    }
    return new Server(proto, port, child.pid, dir, async () => {
        await child.end('SIGTERM', 5000);
        fs.rmSync(dir, { recursive: true, force: true });
    });
}

/** Redis with nothing around it. */
async function startBareRedis(proto) {
    const redis = await startRedis({ args: REDIS_ARGS });
    return new Server(proto, redis.port, redis.pid, redis.dir, () => redis.stop());
}

/** Redis, where a text goes through wcchat's own script before it is published. `load`: who is a member where. */
async function startPostingRedis({ rooms, members }) {
    const redis = await startRedis({ args: REDIS_ARGS });
    await seed(redis, { rooms, members });
    const server = new Server('redis-post', redis.port, redis.pid, redis.dir, () => redis.stop());
    server.script = path.join(BUILD, 'lua/post.lua');
    return server;
}

/** Starts one by its name, for `load` ({rooms, members}); resolves when it accepts connections. */
export function startPeer(name, load = {}) {
    switch (name) {
    case 'redis': return startBareRedis('redis');
    case 'redis-post': return startPostingRedis(load);
    default: return startConfigured(name);
    }
}
