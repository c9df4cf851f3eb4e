// docs/asyncapi.yaml and the worker's tables say the same, and its examples are by its schemas.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { ROOT } from '../lib/process.mjs';
import { ASYNCAPI, Description } from './description.mjs';
import { eventTypes, operations } from './table.mjs';

const description = new Description(ASYNCAPI);
const { document } = description;
const messages = document.components.messages;

/** The channel's own, which are in no table (workers/http/ws_session.c). */
const OF_SESSIONS = ['session.auth', 'session.close', 'session.open', 'session.ping'];

const requests = Object.entries(messages).filter(([, message]) => message.payload.properties?.op)
    .map(([key, message]) => ({ key, op: message.payload.properties.op.const, payload: message.payload }));

test('every operation of the request form is described, and nothing else is', () => {
    const table = [...operations()].filter(([, op]) => op.request).map(([name]) => name);
    assert.deepEqual(requests.map((request) => request.op).sort(), [...table, ...OF_SESSIONS].sort());
});

test('the operations of sessions are those that a WebSocket knows', () => {
    const source = fs.readFileSync(path.join(ROOT, 'workers/http/ws_session.c'), 'utf8');
    const known = [...source.matchAll(/wc_str_is\(op, "(session\.\w+)"\)/g)].map(([, name]) => name);
    assert.deepEqual([...known].sort(), OF_SESSIONS);
});

test('arguments are those of the operations, and the same ones are required', () => {
    const table = operations();
    for (const { op, payload } of requests.filter((one) => !OF_SESSIONS.includes(one.op))) {
        const rows = table.get(op).args;
        // `id` is the request's own: the row behind it has the argument's name here.
        const args = rows.flatMap((row, i) => {
            if (row.name === 'id')
                return [];
            const instead = i > 0 && rows[i - 1].name === 'id' && rows[i - 1].arg === row.arg;
            return [{ name: row.name, required: row.required || (instead && rows[i - 1].required) }];
        });
        const { id, op: _, ...given } = payload.properties;
        assert.ok(id);
        assert.deepEqual(Object.keys(given).sort(), args.map((arg) => arg.name).sort(), op);
        const required = payload.required.filter((name) => !['id', 'op'].includes(name));
        assert.deepEqual(required.sort(), args.filter((arg) => arg.required).map((arg) => arg.name).sort(), `${op}: required`);
    }
});

test('every operation can be asked over WebSocket and NATS, and has its answer', () => {
    for (const { key, op } of requests) {
        assert.equal(messages[`${key}Reply`].name, `${op}.reply`);
        const { channel, messages: list, reply } = document.operations[op];
        assert.equal(channel.$ref, '#/channels/webSocket');
        assert.deepEqual(list.map((one) => one.$ref), [`#/channels/webSocket/messages/${key}`]);
        assert.deepEqual(reply.messages.map((one) => one.$ref),
            [`#/channels/webSocket/messages/${key}Reply`, '#/channels/webSocket/messages/Refusal']);
        for (const name of [key, `${key}Reply`, 'Refusal'])
            assert.ok(document.channels.natsRequests.messages[name], `${name} over NATS`);
        assert.ok(document.operations.natsRequests.messages.some((one) => one.$ref.endsWith(`/${key}`)), `${op} over NATS`);
    }
});

test('every type of event is described, wherever events come', () => {
    const types = Object.entries(messages).filter(([, message]) => message.contentType === 'application/cloudevents+json');
    assert.deepEqual(types.map(([, message]) => message.name).sort(), eventTypes().sort());
    for (const [key] of types) {
        for (const channel of ['webSocket', 'eventStream', 'natsEvents'])
            assert.ok(document.channels[channel].messages[key], `${key} in ${channel}`);
        for (const operation of ['webSocketEvents', 'streamEvents', 'natsEvents'])
            assert.ok(document.operations[operation].messages.some((one) => one.$ref.endsWith(`/${key}`)), `${key} in ${operation}`);
    }
});

test('each message has an example, and examples are as described', () => {
    for (const [key, message] of Object.entries(messages)) {
        assert.ok(message.examples.length > 0, key);
        for (const { payload } of message.examples)
            assert.equal(description.problem(['components', 'messages', key, 'payload'], payload), null, key);
    }
});
