// The plots of docs/performance.md, by gnuplot.
import { spawnSync } from 'node:child_process';
import path from 'node:path';

const SERVERS = ['wcchat', 'wcchat fsync', 'inspircd', 'ngircd', 'nats', 'redis', 'redis-post', 'mosquitto', 'ejabberd', 'prosody'];
const COLOURS = ['#1c5d99', '#6fa8dc', '#c0392b', '#e67e22', '#27ae60', '#7f8c8d', '#34495e', '#8e44ad', '#d4ac0d', '#a04000'];

function gnuplot(file, commands) {
    const head = `set terminal svg size 900,420 font 'sans-serif,12' background '#ffffff'\nset output ${JSON.stringify(file)}\n`;
    const { status, stderr } = spawnSync('gnuplot', ['-'], { input: head + commands.join('\n'), encoding: 'utf8' });
    if (status !== 0)
        throw new Error(`gnuplot: ${stderr}`);
}

/** A block of data named `name`: rows of cells, with NaN for what is not there. */
function block(name, rows) {
    const lines = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? JSON.stringify(cell) : cell ?? 'NaN')).join(' '));
    return [`$${name} << EOD`, ...lines, 'EOD'];
}

/** Delivered per CPU second: a group of bars for each load, a colour for each server. */
function deliveries(results, file) {
    const loads = results.filter(({ name }) => /^rooms?-/.test(name));
    const servers = SERVERS.filter((server) => loads.some(({ contenders }) => contenders[server]?.median.delivered_per_cpu_s));
    if (servers.length === 0)
        return;
    const rows = loads.map(({ name, contenders }) => [name, ...servers.map((server) => contenders[server]?.median.delivered_per_cpu_s)]);
    gnuplot(file, [
        ...block('data', rows),
        'set style data histograms', 'set style histogram clustered gap 1', 'set style fill solid noborder', 'set logscale y', 'set yrange [1000:*]', 'set ytics nomirror',
        "set format y '%.0s%c'", "set ylabel 'delivered per CPU second'", 'set grid ytics', 'set key outside right top',
        'set xtics nomirror', 'set border 3',
        `plot ${servers.map((server, i) => `$data using ${i + 2}:xtic(1) title '${server}' linecolor rgb '${COLOURS[SERVERS.indexOf(server)]}'`).join(', ')}`,
    ]);
}

/** Delivered per CPU second against size, relative to the smallest: flat is what is wanted. */
function growth(results, file) {
    const all = results.filter(({ grows }) => grows);
    const lines = all.map(({ title, grows, contenders }) => {
        const values = Object.values(contenders).map(({ median }) => median.delivered_per_cpu_s);
        return { title, points: grows.map((size, i) => [size, values[i] / values[0]]).filter(([, ratio]) => Number.isFinite(ratio)) };
    }).filter(({ points }) => points.length > 1);
    if (lines.length === 0)
        return;
    gnuplot(file, [
        ...lines.flatMap(({ points }, i) => block(`line${i}`, points)),
        'set logscale x', "set format x '10^{%L}'", 'set yrange [0:1.4]', 'set grid', 'set key bottom left', 'set border 3',
        "set ylabel 'delivered per CPU second, of the smallest'",
        `plot ${lines.map(({ title }, i) => `$line${i} using 1:2 with linespoints linewidth 2 linecolor rgb '${COLOURS[2 * i]}' title '${title}'`).join(', ')}, ` +
            "0.9 with lines dashtype 2 linecolor rgb '#7f8c8d' title 'target'",
    ]);
}

export function draw(results, folder) {
    deliveries(results, path.join(folder, 'bench-delivery.svg'));
    growth(results, path.join(folder, 'bench-growth.svg'));
}
