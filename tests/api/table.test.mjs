// The descriptions and the worker's tables say the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Description, OPENAPI, operationsOf } from './description.mjs';
import { operations, routes } from './table.mjs';

const description = new Description(OPENAPI);
const described = operationsOf(description);
const table = routes();
const name = ({ method, path }) => `${method} ${path}`;

test('every route of the worker is described, and nothing else is', () => {
    assert.deepEqual(described.map(name).sort(), table.map(name).sort());
});

test('operation ids are unique', () => {
    assert.equal(new Set(described.map((op) => op.id)).size, described.length);
});

test('what is open to everybody, and the status of success, are as in the table', () => {
    for (const route of table) {
        const op = described.find((one) => name(one) === name(route));
        assert.equal(op.open, route.open, `${name(route)} is open`);
        if (route.op !== null)
            assert.ok(op.responses.includes(`${route.status}`), `${name(route)} answers ${route.status}`);
    }
});

test('arguments are those of the operations, and the same ones are required', () => {
    const ops = operations();
    for (const route of table.filter((one) => one.op !== null)) {
        const op = described.find((one) => name(one) === name(route));
        const body = op.body ? description.find(op.body)[0] : { properties: {} };
        const required = [...op.parameters.filter((p) => p.required).map((p) => p.name), ...(body.required ?? [])];
        const all = [...op.parameters.map((p) => p.name), ...Object.keys(body.properties)];
        // A target is a part of the path here. Others that stand for the same are for the request form.
        const target = op.path.includes('{room}') ? 'room' : 'user';
        const args = ops.get(route.op).args.map((arg) => (arg.name === 'target' ? { ...arg, name: target } : arg));
        const first = args.filter((arg, i) => args.findIndex((other) => other.arg === arg.arg) === i);
        // One user's presence has no pages.
        const paged = op.path.endsWith('/{user}') ? (arg) => !['limit', 'cursor'].includes(arg.name) : () => true;
        const whole = op.path === '/v1/presence' ? (arg) => arg.name !== 'user' : () => true;
        const expected = first.filter(paged).filter(whole);
        assert.deepEqual(all.sort(), expected.map((arg) => arg.name).sort(), name(route));
        const needed = expected.filter((arg) => arg.required || op.path.includes(`{${arg.name}}`));
        assert.deepEqual(required.sort(), needed.map((arg) => arg.name).sort(), `${name(route)}: what is required`);
    }
});
