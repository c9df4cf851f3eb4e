// The command line of scripts/bench: which scenarios, how often, and what becomes of the results.
import path from 'node:path';
import { parseArgs } from 'node:util';

import { ROOT } from '../lib/process.mjs';
import { figure, measure } from './measure.mjs';
import { PEER_NAMES } from './peers.mjs';
import { quick } from './quick.mjs';
import { report } from './report.mjs';
import { Results } from './results.mjs';
import { SCENARIOS } from './scenarios.mjs';
import { describe } from './targets.mjs';

const OPTIONS = {
    list: { type: 'boolean' },
    resume: { type: 'boolean' },
    save: { type: 'boolean' },
    json: { type: 'string', default: path.join(ROOT, 'build/bench.json') },
    rounds: { type: 'string' },
    seconds: { type: 'string', default: '2' },
    peers: { type: 'string' },
};

function fail(text) {
    process.stderr.write(`scripts/bench: ${text}\n`);
    process.exit(2);
}

function say(text) {
    process.stdout.write(`${text}\n`);
}

function parsed() {
    try {
        return parseArgs({ options: OPTIONS, allowPositionals: true });
    } catch (error) {
        return fail(`${error.message} (see --help)`);
    }
}

function number(text, name) {
    if (!(Number(text) > 0))
        fail(`--${name} takes a number above 0, not "${text}"`);
    return Number(text);
}

/** The scenarios that were named, or all; an unknown name is an error. */
function chosen(names) {
    const unknown = names.find((name) => !SCENARIOS.some((scenario) => scenario.name === name));
    if (unknown !== undefined)
        fail(`no such scenario: ${unknown} (see --list)`);
    return SCENARIOS.filter(({ name }) => names.length === 0 || names.includes(name));
}

/** The same scenario with these peers only. */
function narrowed(scenario, peers) {
    if (peers === undefined)
        return scenario;
    const unknown = peers.find((name) => !PEER_NAMES.includes(name));
    if (unknown !== undefined)
        fail(`no such peer: ${unknown} (there are: ${PEER_NAMES.join(' ')})`);
    const stays = ({ name }) => !PEER_NAMES.includes(name) || peers.includes(name);
    return { ...scenario, contenders: scenario.contenders.filter(stays) };
}

function list() {
    for (const { name, title, targets } of SCENARIOS) {
        say(`${name.padEnd(18)} ${title}`);
        targets.forEach((target) => say(`${' '.repeat(21)}${describe(target)}`));
    }
}

async function run(names, values) {
    const results = new Results(values.json);
    const seconds = number(values.seconds, 'seconds');
    for (const scenario of chosen(names)) {
        if (values.resume && results.has(scenario.name))
            continue;
        say(`${scenario.name}: ${scenario.title}`);
        const rounds = values.rounds === undefined ? scenario.rounds ?? 3 : number(values.rounds, 'rounds');
        const result = await measure(narrowed(scenario, values.peers?.split(',')), { rounds, seconds, say });
        results.save(scenario.name, result);
        for (const target of result.targets)
            say(`  ${describe(target)}: ${figure(target.measured)} ${verdict(target)}`);
    }
}

function verdict({ reached }) {
    return reached === null ? '(not measured)' : reached ? 'reached' : 'NOT reached';
}

process.stdout.on('error', () => process.exit(1)); // who reads it has gone

const { values, positionals } = parsed();
if (values.list)
    list();
else if (positionals[0] === 'report')
    report(positionals[1] ?? values.json);
else if (positionals[0] === 'quick')
    process.exitCode = await quick({ save: values.save ?? false, say });
else
    await run(positionals, values);
