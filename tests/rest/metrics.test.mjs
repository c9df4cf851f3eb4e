// What operators scrape: every line is Prometheus' text format 0.0.4, and the counters count.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { useSite } from '../chat/site.mjs';

const shared = useSite();
const SAMPLE = /^([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*)\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|NaN|\+Inf)$/;

function parse(text) {
    const metrics = new Map();
    let family = null;
    assert.ok(text.endsWith('\n'));
    for (const line of text.slice(0, -1).split('\n')) {
        const comment = /^# (HELP|TYPE) ([a-z0-9_]+) (.+)$/.exec(line);
        if (comment !== null) {
            const [, kind, name, value] = comment;
            if (kind === 'TYPE') {
                assert.ok(!metrics.has(name), `${name} is declared twice`);
                assert.match(value, /^(counter|gauge|histogram)$/);
                metrics.set(name, { type: value, samples: [] });
                family = name;
            }
            continue;
        }
        const match = SAMPLE.exec(line);
        assert.ok(match, `not a sample: ${line}`);
        assert.ok(match[1] === family || match[1].replace(/_(bucket|sum|count)$/, '') === family, `${line} is under ${family}`);
        metrics.get(family).samples.push({ name: match[1], labels: match[2] ?? '', value: Number(match[3]) });
    }
    return metrics;
}

const scrape = async () => parse((await shared.site.api().get('/metrics')).text);

test('metrics in the text format, each once, with type and help', async () => {
    const answer = await shared.site.api().get('/metrics');
    assert.match(answer.headers['content-type'], /^text\/plain; version=0\.0\.4/);
    const metrics = parse(answer.text);
    assert.ok(metrics.size > 30);
    for (const [name, { type, samples }] of metrics) {
        assert.match(name, /^(wcchat|process)_/);
        assert.ok(samples.length > 0, `${name} has no sample`);
        assert.equal(new Set(samples.map((s) => s.name + s.labels)).size, samples.length, `${name} has a sample twice`);
        if (type === 'counter')
            assert.match(name, /_total$/);
        assert.ok(answer.text.includes(`# HELP ${name} `), `${name} has no help`);
    }
});

test('counters count', async () => {
    const alice = await shared.person('alice');
    const value = (metrics, name, labels = '') => metrics.get(name).samples.find((s) => s.labels === labels).value;
    const before = await scrape();
    await alice.api().must(201, 'POST', '/v1/rooms/general/messages', { text: 'one' });
    assert.equal((await alice.api().get('/v1/nothing')).status, 404);
    const after = await scrape();
    const grew = (labels) => value(after, 'wcchat_http_answers_total', labels) - value(before, 'wcchat_http_answers_total', labels);
    assert.equal(grew('class="2xx"'), 2); // the post, and the scrape before
    assert.equal(grew('class="4xx"'), 1);
    assert.equal(grew('class="5xx"'), 0);
});
