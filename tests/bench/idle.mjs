// Sessions that only are there: what memory they take.
import { serverOf } from './fanout.mjs';
import { runLoad } from './load.mjs';
import { startPeer } from './peers.mjs';
import { startWcchat, usersFile } from './wcchat.mjs';

const MANY = 10000;
const SRC_PER = 4000; // connections from one address, of the 28,000 ports that there are

/** `MANY` sessions over `proto`, in rooms of ten. */
export function measureIdle(proto) {
    return async () => {
        const load = { rooms: MANY / 10, members: 10 };
        const site = await startWcchat(load);
        try {
            return await runLoad({ ...serverOf(site, proto), redisPids: [] },
                { ...load, idle: true, 'src-per': SRC_PER, users: usersFile(MANY) });
        } finally {
            await site.stop();
        }
    };
}

export function measureIdlePeer(name) {
    return async () => {
        const load = { rooms: MANY / 10, members: 10 };
        const peer = await startPeer(name, load);
        try {
            return await runLoad(peer, { ...load, idle: true, 'src-per': SRC_PER, users: usersFile(MANY) });
        } finally {
            await peer.stop();
        }
    };
}
