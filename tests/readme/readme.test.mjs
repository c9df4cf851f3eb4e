// Runs the tour of README.md as a reader would, and compares what it prints with what the README shows.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { BUILD, ROOT, tempFolder } from '../lib/process.mjs';

const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');

/** The steps of the tour: commands, and the pattern of what they print, where it is shown. */
function tour() {
    const steps = [];
    const step = /<!-- tour -->\n```sh\n([^]*?)```\n(?:```output\n([^]*?)```)?/g;
    for (const [, commands, output] of readme.matchAll(step)) steps.push({ commands, output });
    return steps;
}

/** `…` stands for anything. */
function pattern(output) {
    const literal = output.trim().replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return new RegExp(`^${literal.replace(/…/g, '[^]*?')}$`);
}

/** The same commands on free ports, in a folder of the test's own, with the build that is tested. */
function adapted(commands, dir) {
    return commands
        .replaceAll('scripts/up ', `scripts/up --no-install --no-build --preset debug --ports auto --dir ${dir} `)
        .replaceAll('scripts/down', `scripts/down --dir ${dir}`)
        .replaceAll('scripts/wcchatctl', `scripts/wcchatctl --dir ${dir}`)
        .replaceAll('var/env', `${dir}/env`);
}

function bash(script) {
    return new Promise((resolve) => {
        const child = spawn('bash', ['-c', script], { cwd: ROOT, env: { ...process.env, WCCHAT_BUILD: BUILD } });
        let out = '';
        let err = '';
        child.stdout.on('data', (data) => (out += data));
        child.stderr.on('data', (data) => (err += data));
        child.on('close', (code) => resolve({ code, out, err }));
    });
}

test('the tour of the README', { timeout: 120000 }, async (t) => {
    const dir = tempFolder('wcchat-readme');
    t.after(() => bash(`scripts/down --dir ${dir}`));
    const steps = tour();
    assert.ok(steps.length >= 8, 'the README has a tour');
    const mark = '@@@';
    const script = steps.map((step) => `${adapted(step.commands, dir)}\necho; echo ${mark}\n`).join('');
    const { code, out, err } = await bash(`set -u\n${script}`);
    const parts = out.split(`${mark}\n`);
    steps.forEach((step, i) => {
        if (step.output !== undefined)
            assert.match((parts[i] ?? '').replace(/\r/g, '').trim(), pattern(step.output), `${step.commands}\n${err}`);
    });
    assert.equal(code, 0, err);
});

test('what the README names is there', () => {
    for (const [, file] of readme.matchAll(/\]\(([a-z][^)]*)\)/g))
        assert.ok(fs.existsSync(path.join(ROOT, file)), `${file} is named in the README`);
    for (const [, file] of readme.matchAll(/(?:src|srcset)="([^"]*)"/g))
        assert.ok(fs.existsSync(path.join(ROOT, file)), `${file} is shown in the README`);
    for (const [, file] of readme.matchAll(/`((?:workers|shared|lua|scripts)\/[\w./-]*)/g))
        assert.ok(fs.existsSync(path.join(ROOT, file)), `${file} is named in the README`);
});
