// The descriptions are well-formed by the rules of a linter that knows both kinds.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';

import { lint, loadConfig } from '@redocly/openapi-core';

import { ROOT } from '../lib/process.mjs';
import { ASYNCAPI, OPENAPI } from './description.mjs';

for (const file of [OPENAPI, ASYNCAPI]) {
    test(`${path.relative(ROOT, file)} pleases the linter`, async () => {
        const config = await loadConfig({ configPath: path.join(ROOT, 'tests/api/redocly.yaml') });
        const problems = await lint({ ref: file, config });
        const words = problems.map((p) => `${p.severity} ${p.ruleId} at ${p.location[0]?.pointer ?? ''}: ${p.message}`);
        assert.deepEqual(words, []);
    });
}
