// The file of results: what was measured, on which machine, with which versions; and what follows from it. Scenarios are
// merged into it one by one, so that a run can be broken off and gone on with.
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { BUILD, ROOT } from '../lib/process.mjs';
import { PEER_NAMES } from './peers.mjs';

const PACKAGES = ['redis-server', 'inspircd', 'ngircd', 'ejabberd', 'prosody', 'mosquitto', 'nats-server', 'nginx-light', 'nginx', 'wrk'];

export function median(values) {
    const sorted = values.filter((value) => value !== null && value !== undefined).sort((a, b) => a - b);
    if (sorted.length === 0)
        return null;
    const middle = sorted.length >> 1;
    return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The medians of each metric over the rounds. */
export function medians(rounds) {
    const metrics = new Set(rounds.flatMap((round) => Object.keys(round)));
    return Object.fromEntries([...metrics].map((metric) => [metric, median(rounds.map((round) => round[metric]))]));
}

/** What the target compares with: {name, value}; null when that was not measured. */
function rival(target, contenders) {
    const names = target.against === 'best' ? PEER_NAMES : [target.against];
    const values = names.map((name) => ({ name, value: contenders[name]?.median[target.metric] ?? null }))
        .filter(({ value }) => value !== null)
        .sort((a, b) => b.value - a.value);
    return values[0] ?? null;
}

/** The target with what was measured: `measured` is the ratio, or the median itself; `reached`. Null: not measured. */
export function judge(target, contenders) {
    const own = contenders[target.of]?.median[target.metric] ?? null;
    const other = target.against === undefined ? { name: null, value: 1 } : rival(target, contenders);
    if (own === null || other === null)
        return { ...target, measured: null, reached: null };
    const measured = own / other.value;
    const reached = target.atLeast !== undefined ? measured >= target.atLeast : measured <= target.atMost;
    return { ...target, rival: other.name, measured, reached };
}

function versions() {
    const query = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${Version}\n', ...PACKAGES], { encoding: 'utf8' });
    const found = query.stdout.split('\n').map((line) => line.split(' ')).filter(([, version]) => version);
    const commit = spawnSync('git', ['-C', ROOT, 'describe', '--always', '--dirty'], { encoding: 'utf8' }).stdout?.trim();
    const worker = execFileSync(path.join(BUILD, 'wcchat-worker'), ['--version'], { encoding: 'utf8' }).trim();
    return { worker, commit: commit || null, ...Object.fromEntries(found) };
}

function machine() {
    const [cpu] = os.cpus();
    return { cpu: cpu.model, cores: os.cpus().length, memory_gib: Math.round(os.totalmem() / 2 ** 30), kernel: os.release() };
}

export class Results {
    constructor(file) {
        this.file = file;
        this.data = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file, 'utf8')) : { scenarios: {} };
    }

    /** Was it measured with what is built now? */
    has(name) {
        const before = this.data.scenarios[name]?.versions;
        return before !== undefined && JSON.stringify(before) === JSON.stringify(versions());
    }

    /** Puts one scenario's result in the place of an older one, and writes the file. */
    save(name, result) {
        this.data.scenarios[name] = { ...result, taken: new Date().toISOString(), machine: machine(), versions: versions() };
        fs.mkdirSync(path.dirname(this.file), { recursive: true });
        fs.writeFileSync(`${this.file}.new`, `${JSON.stringify(this.data, null, 1)}\n`);
        fs.renameSync(`${this.file}.new`, this.file);
    }
}
