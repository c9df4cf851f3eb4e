// Loads in which a text goes to many: one server, one load, in one run of the generator.
import { runLoad } from './load.mjs';
import { startPeer } from './peers.mjs';
import { startWcchat, usersFile } from './wcchat.mjs';

/** A text's bytes, and how long before and after the measurement there is load, or is waited for what is under way. */
const EVERY = { size: 100, warmup: 0.5, drain: 10 };

/** What wcchat-load is to do on `site`, over `proto`, with the accounts that were seeded for it. */
export function serverOf(site, proto) {
    return { proto, ports: site.portsFor(proto), pids: site.pids, redisPids: site.redisPids };
}

/** wcchat under `load` ({rooms, members, senders, window or rate}). `extra`: what startWcchat takes besides. */
export function measureWcchat(load, { proto = 'telnet', ...extra } = {}) {
    return async ({ seconds }) => {
        const { rooms, members } = load;
        const site = await startWcchat({ rooms, members, ...extra });
        try {
            return await runLoad(serverOf(site, proto), { ...load, ...EVERY, seconds, users: usersFile(rooms * members) });
        } finally {
            await site.stop();
        }
    };
}

export function measurePeer(name, load) {
    return async ({ seconds }) => {
        const peer = await startPeer(name, load);
        try {
            const script = peer.script === undefined ? {} : { script: peer.script };
            return await runLoad(peer, { ...load, ...EVERY, seconds, users: usersFile(load.rooms * load.members), ...script });
        } finally {
            await peer.stop();
        }
    };
}
