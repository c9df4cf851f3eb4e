// Runs a scenario: its contenders in turns, round by round, and what that comes to.
import { judge, medians } from './results.mjs';

/** Nested numbers by one name: {latency_ms: {p50: 1}} → {p50_ms: 1}. */
function flat(values) {
    const { latency_ms: latency = {}, ...rest } = values;
    const percentiles = Object.entries(latency).map(([name, value]) => [`${name}_ms`, value]);
    return { ...Object.fromEntries(Object.entries(rest).filter(([, value]) => typeof value === 'number')), ...Object.fromEntries(percentiles) };
}

/** Each round begins with another contender, so that none always runs after the same one. */
function turns(contenders, round) {
    const first = round % contenders.length;
    return [...contenders.slice(first), ...contenders.slice(0, first)];
}

/**
 * Measures `scenario`. `say(text)` tells how far it is. A contender that fails is told, and has no figure in that round;
 * the result is kept all the same.
 */
export async function measure(scenario, { rounds, seconds, say }) {
    const taken = Object.fromEntries(scenario.contenders.map(({ name }) => [name, { rounds: [], failures: [] }]));
    for (let round = 0; round < rounds; round++) {
        for (const { name, measure: run } of turns(scenario.contenders, round)) {
            const from = performance.now();
            const where = `  ${round + 1}/${rounds} ${name}`;
            try {
                const values = flat(await run({ seconds: seconds * (scenario.secondsTimes ?? 1) }));
                taken[name].rounds.push(values);
                say(`${where}: ${summary(values, scenario.columns)} (took ${figure((performance.now() - from) / 1000)} s)`);
            } catch (error) {
                taken[name].failures.push(error.message);
                say(`${where} failed: ${error.message}`);
            }
        }
    }
    for (const contender of Object.values(taken))
        contender.median = medians(contender.rounds);
    const { title, columns, grows } = scenario;
    return { title, columns, grows, rounds, seconds, contenders: taken, targets: scenario.targets.map((target) => judge(target, taken)) };
}

export function figure(value) {
    if (value === null || value === undefined)
        return '–';
    if (Math.abs(value) >= 1000)
        return Math.round(value).toLocaleString('en-US');
    return String(Number(value.toPrecision(3)));
}

function summary(values, columns) {
    return columns.map((column) => `${column} ${figure(values[column])}`).join(', ');
}
