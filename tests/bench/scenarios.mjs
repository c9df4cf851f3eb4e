// What is measured, and what it is held to: one row a scenario.
//   name        on the command line, and in the results
//   title       for people
//   contenders  {name, measure({seconds}) → {metric: value}}, in turns
//   targets     {metric, of, against, atLeast | atMost}: the ratio of two contenders' medians; `against: 'best'` is the best
//               of the peers; without `against` it is the median itself
//   columns     the metrics that a table shows
//   rounds      when it is not the usual number: what hardly differs, or takes long
import { measureFile, measureHistory, measureNothing, measurePosts } from './http.mjs';
import { measurePeer, measureWcchat } from './fanout.mjs';
import { growing } from './growth.mjs';
import { measureIdle, measureIdlePeer } from './idle.mjs';
import { measureMany } from './many.mjs';
import { measureStart } from './start.mjs';
import { measureStorm } from './storm.mjs';

const FAST = ['inspircd', 'ngircd', 'nats', 'redis'];
const ALL = [...FAST, 'ejabberd', 'mosquitto', 'prosody'];
const WITHOUT_PROSODY = ALL.slice(0, -1); // it takes a minute to let 1,000 into a room
const PER_CPU = 'delivered_per_cpu_s';
const DELIVERY = [PER_CPU, 'delivered_per_s', 'server_cpu_s', 'redis_cpu_s', 'lost'];
const LATENCY = ['p50_ms', 'p99_ms', 'p999_ms', 'max_ms', 'lost'];
const REQUESTS = ['requests_per_s', 'requests_per_cpu_s', 'server_cpu_s', 'redis_cpu_s'];

/** wcchat keeping nothing through a crash, as its peers; wcchat with all on the disk; and the peers. */
function beside(peers, load) {
    return [
        { name: 'wcchat', measure: measureWcchat(load) },
        { name: 'wcchat fsync', measure: measureWcchat(load, { durability: 'fsync' }) },
        ...peers.map((name) => ({ name, measure: measurePeer(name, load) })),
    ];
}

const aboveIrcAndRedis = [
    { metric: PER_CPU, of: 'wcchat', against: 'inspircd', atLeast: 1.3 },
    { metric: PER_CPU, of: 'wcchat', against: 'redis', atLeast: 0.9 },
];
const aboveTheBest = [{ metric: PER_CPU, of: 'wcchat', against: 'best', atLeast: 1.0 }];

function room(members, window) {
    return { rooms: 1, members, senders: 1, window };
}

function delivery(name, title, peers, load, targets) {
    return { name, title, contenders: beside(peers, load), targets, columns: DELIVERY };
}

/** The same load over another channel, held to telnet's figure. */
function channel(name, title, proto) {
    return {
        name,
        title,
        contenders: [
            { name: 'telnet', measure: measureWcchat(room(1000, 16)) },
            { name, measure: measureWcchat(room(1000, 16), { proto }) },
        ],
        targets: [{ metric: PER_CPU, of: name, against: 'telnet', atLeast: 0.8 }],
        columns: DELIVERY,
    };
}

export const SCENARIOS = [
    delivery('room-1000', 'one room of 1,000 telnet members, 16 texts under way', WITHOUT_PROSODY, room(1000, 16), aboveIrcAndRedis),
    delivery('room-1000-single', 'one room of 1,000, one text under way', FAST, room(1000, 1), aboveTheBest),
    delivery('room-100', 'one room of 100, 16 texts under way', ALL, room(100, 16), aboveIrcAndRedis),
    delivery('room-100-single', 'one room of 100, one text under way', FAST, room(100, 1), aboveTheBest),
    delivery('rooms-200x5', '200 rooms of 5, one of each sending, 16 texts under way in each', [...ALL, 'redis-post'],
        { rooms: 200, members: 5, senders: 1, window: 16 }, [
            { metric: PER_CPU, of: 'wcchat', against: 'redis-post', atLeast: 0.7 },
            { metric: PER_CPU, of: 'wcchat', against: 'ngircd', atLeast: 4 },
        ]),
    {
        name: 'latency-100',
        title: 'latency at 50 texts/s to 100 members',
        contenders: beside([...FAST, 'mosquitto'], { rooms: 1, members: 100, senders: 1, rate: 50 }),
        targets: [
            { metric: 'p50_ms', of: 'wcchat', against: 'redis', atMost: 1.3 },
            { metric: 'p99_ms', of: 'wcchat', against: 'redis', atMost: 1.5 },
        ],
        columns: LATENCY,
        secondsTimes: 2,
    },
    channel('websocket', 'the room of 1,000 over WebSocket', 'ws'),
    channel('sse', 'the room of 1,000 over event streams', 'sse'),
    {
        name: 'post',
        title: 'POST of a message over HTTP keep-alive, 64 connections',
        contenders: [
            { name: 'wcchat', measure: measurePosts('none') },
            { name: 'wcchat fsync', measure: measurePosts('fsync') },
            { name: 'nginx', measure: measureNothing },
        ],
        targets: [{ metric: 'requests_per_s', of: 'wcchat', against: 'nginx', atLeast: 0.5 }],
        columns: REQUESTS,
    },
    {
        name: 'history',
        title: 'GET of 50 messages of history, 64 connections',
        contenders: [{ name: 'wcchat', measure: measureHistory }, { name: 'nginx', measure: measureFile }],
        targets: [{ metric: 'requests_per_s', of: 'wcchat', against: 'nginx', atLeast: 0.4 }],
        columns: REQUESTS,
    },
    {
        name: 'idle-memory',
        title: 'memory of an idle session that is logged in, of 10,000',
        contenders: [
            { name: 'telnet', measure: measureIdle('telnet') },
            { name: 'websocket', measure: measureIdle('ws') },
            { name: 'sse', measure: measureIdle('sse') },
            { name: 'mosquitto', measure: measureIdlePeer('mosquitto') },
        ],
        targets: [
            { metric: 'kib_per_connection', of: 'telnet', atMost: 1.0 },
            { metric: 'kib_per_connection', of: 'websocket', atMost: 3.0 },
            { metric: 'kib_per_connection', of: 'sse', atMost: 3.0 },
        ],
        columns: ['kib_per_connection', 'setup_s', 'server_cpu_s'],
        rounds: 1,
    },
    {
        name: 'sessions-100000',
        title: '100,000 telnet sessions in one room of six workers on one machine, a text every four seconds to all',
        contenders: [{ name: 'wcchat', measure: measureMany }],
        targets: [
            { metric: 'sessions', of: 'wcchat', atLeast: 100000 },
            { metric: 'lost', of: 'wcchat', atMost: 0 },
        ],
        columns: ['sessions', 'setup_s', 'p50_ms', 'p99_ms', 'max_ms', 'kib_per_connection', 'lost'],
        rounds: 1,
    },
    growing('growth-workers', 'cost of a delivery, by workers', 'worker', [1, 2, 4, 8]),
    growing('growth-rooms', 'cost of a delivery, by rooms that the worker follows', 'room', [1, 100, 10000]),
    growing('growth-history', 'cost of a delivery, by messages kept in the room', 'message', [100, 10000, 1000000, 10000000]),
    {
        name: 'storm',
        title: '10,000 WebSocket sessions resume after their worker died',
        contenders: [{ name: 'wcchat', measure: measureStorm }],
        targets: [{ metric: 'resumes_per_cpu_s', of: 'wcchat', atLeast: 10000 }],
        columns: ['resumes_per_cpu_s', 'resume_s', 'server_cpu_s', 'redis_cpu_s'],
    },
    {
        name: 'start',
        title: 'a worker from exec to ready',
        contenders: [{ name: 'wcchat', measure: measureStart }],
        targets: [{ metric: 'ready_ms', of: 'wcchat', atMost: 50 }],
        columns: ['ready_ms', 'fastest_ms', 'slowest_ms'],
    },
];
