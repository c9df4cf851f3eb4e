// Writes the tables and plots of docs/performance.md from a file of results, between the marks in that file: no figure in it
// is written by hand.
import fs from 'node:fs';
import path from 'node:path';

import { ROOT } from '../lib/process.mjs';
import { figure } from './measure.mjs';
import { draw } from './plots.mjs';
import { BASELINE } from './quick.mjs';
import { SCENARIOS } from './scenarios.mjs';
import { describe, words } from './targets.mjs';

const PAGE = path.join(ROOT, 'docs/performance.md');
const IMAGES = path.join(ROOT, 'docs/images');

function table(head, rows) {
    const line = (cells) => `| ${cells.join(' | ')} |`;
    return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** What is in the results, in the order of the scenarios. */
function measured(data) {
    return SCENARIOS.filter(({ name }) => data.scenarios[name]).map(({ name }) => ({ name, ...data.scenarios[name] }));
}

function targets(results) {
    const rows = results.flatMap(({ name, title, targets: all }) => all.map((target, i) => [
        i === 0 ? title : '',
        describe(target) + (target.against === 'best' && target.rival ? ` (${target.rival})` : ''),
        figure(target.measured),
        target.reached === null ? 'not measured' : target.reached ? 'yes' : '**no**',
        i === 0 ? `\`scripts/bench ${name}\`` : '',
    ]));
    return table(['scenario', 'target', 'measured', 'reached', 'command'], rows);
}

function contenders({ columns, contenders: all }) {
    const rows = Object.entries(all).map(([name, { rounds, failures, median }]) => [
        failures.length === 0 ? name : `${name} (${failures.length} of ${rounds.length + failures.length} failed)`,
        ...columns.map((column) => figure(median[column])),
    ]);
    return table(['median', ...columns.map(words)], rows);
}

function details(results) {
    return results.map((result) => `### ${result.title[0].toUpperCase()}${result.title.slice(1)}\n\n${contenders(result)}\n\n` +
        `\`scripts/bench ${result.name}\`, ${result.rounds === 1 ? 'one round' : `${result.rounds} rounds`}.`).join('\n\n');
}

/** Microseconds of CPU for one delivery or request, by process. */
function costs(results) {
    const rows = [];
    for (const { title, contenders: all } of results) {
        for (const [name, { median }] of Object.entries(all)) {
            const each = median.delivered_per_cpu_s ?? median.requests_per_cpu_s;
            const [server, redis] = [median.server_cpu_s, median.redis_cpu_s];
            if (!each || !(redis > 0))
                continue;
            const us = 1e6 / each;
            rows.push([title, name, figure(us * server / (server + redis)), figure(us * redis / (server + redis))]);
        }
    }
    return table(['load', 'of', 'worker, µs', 'Redis, µs'], rows);
}

function machines(results) {
    const kinds = new Map();
    for (const { name, machine, versions, taken } of results) {
        const { cpu, cores, memory_gib, kernel } = machine;
        const { worker, commit, ...others } = versions;
        const packages = Object.entries(others).map(([what, version]) => `${what} ${version}`).join(', ');
        const text = `${cpu}, ${cores} cores, ${memory_gib} GiB, Linux ${kernel}; ${worker} (${commit}); ${packages}`;
        kinds.set(text, [...kinds.get(text) ?? [], { name, taken }]);
    }
    return [...kinds].map(([text, runs]) => `${runs.at(-1).taken.slice(0, 10)}: ${text}.` +
        (kinds.size > 1 ? ` (${runs.map(({ name }) => name).join(', ')})` : '')).join('\n\n');
}

/** What `scripts/bench quick` holds on to. */
function counts() {
    const base = JSON.parse(fs.readFileSync(BASELINE, 'utf8'));
    return table(['one text under way', 'a delivery', 'a post'], [
        ['instructions of the worker', figure(base.instructions_per_delivery), figure(base.instructions_per_post)],
        ['system calls of the worker', figure(base.syscalls_per_delivery), figure(base.syscalls_per_post)],
    ]);
}

const PARTS = { machines, targets, details, costs, counts };

/** Puts `text` between the marks `<!-- bench NAME -->` and `<!-- end -->`. */
function placed(page, name, text) {
    const marks = new RegExp(`(<!-- bench ${name} -->\n)[^]*?(<!-- end -->)`);
    if (!marks.test(page))
        throw new Error(`${PAGE} has no place for ${name}`);
    return page.replace(marks, (_, from, to) => `${from}\n${text}\n\n${to}`);
}

export function report(file) {
    const results = measured(JSON.parse(fs.readFileSync(file, 'utf8')));
    let page = fs.readFileSync(PAGE, 'utf8');
    for (const [name, write] of Object.entries(PARTS))
        page = placed(page, name, write(results));
    fs.writeFileSync(PAGE, page);
    draw(results, IMAGES);
}
