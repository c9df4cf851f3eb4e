// What a post and a delivery cost, counted, on the release build.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

import { ROOT } from '../lib/process.mjs';

function quick() {
    const env = { ...process.env };
    delete env.WCCHAT_BUILD; // that is the build with sanitizers
    return new Promise((resolve) => {
        const child = spawn(path.join(ROOT, 'scripts/bench'), ['quick', '--no-install'], { env });
        let text = '';
        for (const stream of [child.stdout, child.stderr])
            stream.on('data', (data) => { text += data; });
        child.on('close', (code) => resolve({ code, text }));
    });
}

test('instructions and system calls are within 15 % of the baseline', { timeout: 280000 }, async (t) => {
    const { code, text } = await quick();
    t.diagnostic(text);
    assert.equal(code, 0, text);
    assert.equal(text.match(/_per_(delivery|post) .* baseline .* × \d/g)?.length, 4, text);
});
