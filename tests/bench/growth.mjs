// The same load while something else grows: what a delivery costs must not depend on it.
import { measureWcchat } from './fanout.mjs';
import { roomKey, userName } from './seed.mjs';

const LOAD = { rooms: 1, members: 1000, senders: 1, window: 16 };
const FLAT = 0.9; // of the smallest size's figure
const CHUNK = 20000;

/** One room of 1,000, spread over so many workers. */
function byWorkers(workers) {
    return measureWcchat(LOAD, { workers });
}

/** Each member is in `rooms` / 1,000 other rooms besides, so that the worker follows them all. */
function byRooms(rooms) {
    return measureWcchat(LOAD, { besides: rooms - 1 });
}

/** Appends `count` messages to the room's log as the post script would have. */
async function fillHistory(redis, count) {
    const script = `
        local key, count = KEYS[1], tonumber(ARGV[1])
        local room = redis.call('HMGET', key, 'seq', 'head', 'last_ms', 'n')
        local seq, head, n = tonumber(room[1]), room[2], tonumber(room[4] or 0)
        for i = 1, count do
            seq, n = seq + 1, n + 1
            local id = room[3] .. '-' .. string.format('%d', seq)
            redis.call('XADD', key .. ':log', id, 'type', 'messagepublished', 'from', ARGV[2], 'via', 'telnet',
                'text', 'what was said before', 'n', string.format('%d', n), 'prev', head)
            head = id
        end
        redis.call('HSET', key, 'seq', string.format('%d', seq), 'head', head, 'n', string.format('%d', n))
        return n`;
    const sha = await redis.command('SCRIPT', 'LOAD', script);
    for (let left = count; left > 0; left -= CHUNK)
        await redis.command('EVALSHA', sha, 1, roomKey(0), Math.min(left, CHUNK), userName(0));
}

function byHistory(count) {
    return measureWcchat(LOAD, { args: ['--retention-messages', 0], prepare: (redis) => fillHistory(redis, count) });
}

const BY = { worker: byWorkers, room: byRooms, message: byHistory };

/** A scenario with a contender for each of `sizes` (of workers, rooms or messages), held to the first one's figure. */
export function growing(name, title, what, sizes) {
    const label = (size) => `${size.toLocaleString('en-US')} ${what}${size === 1 ? '' : 's'}`;
    return {
        name,
        title,
        grows: sizes,
        contenders: sizes.map((size) => ({ name: label(size), measure: BY[what](size) })),
        targets: sizes.slice(1).map((size) => ({
            metric: 'delivered_per_cpu_s', of: label(size), against: label(sizes[0]), atLeast: FLAT,
        })),
        columns: ['delivered_per_cpu_s', 'delivered_per_s', 'server_cpu_s', 'redis_cpu_s', 'lost'],
    };
}
