// The descriptions in docs/, read for tests.
import fs from 'node:fs';
import path from 'node:path';

import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { parse } from 'yaml';

import { ROOT } from '../lib/process.mjs';

export const OPENAPI = path.join(ROOT, 'docs/openapi.yaml');
export const ASYNCAPI = path.join(ROOT, 'docs/asyncapi.yaml');

const METHODS = ['get', 'put', 'post', 'delete', 'patch'];

/** `#/a/b` for the keys a and b. */
function pointer(keys) {
    return `#${keys.map((key) => `/${encodeURIComponent(String(key).replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')}`;
}

function load(file) {
    return parse(fs.readFileSync(file, 'utf8'));
}

/**
 * A copy in which objects have no members but those described: what a server sends must be described, though clients are to
 * ignore what they don't know.
 */
function closed(node) {
    if (Array.isArray(node))
        return node.map(closed);
    if (node === null || typeof node !== 'object')
        return node;
    const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closed(value)]));
    if (copy.type === 'object' && copy.properties !== undefined)
        copy.additionalProperties ??= false;
    return copy;
}

/** A YAML description: following references, and checking values against schemas inside. */
export class Description {
    #ajv = new Ajv({ strict: false, allErrors: true });

    constructor(file) {
        this.name = path.basename(file);
        this.document = load(file);
        formats(this.#ajv);
        // The other one's schemas are referred to.
        for (const one of new Set([file, OPENAPI]))
            this.#ajv.addSchema(closed(load(one)), path.basename(one));
    }

    /** The node at `keys` as [node, keys of where it really is]: references on the way are followed. */
    find(keys) {
        let node = this.document;
        let at = [];
        for (const key of keys) {
            [node, at] = this.follow(node, at);
            node = node?.[key];
            at = [...at, key];
        }
        return this.follow(node, at);
    }

    follow(node, at = []) {
        if (typeof node?.$ref !== 'string' || !node.$ref.startsWith('#'))
            return [node, at];
        const keys = node.$ref.slice(2).split('/').map((key) => decodeURIComponent(key).replaceAll('~1', '/').replaceAll('~0', '~'));
        return this.find(keys);
    }

    /** What is wrong with `value` by the schema at `keys`: null, or words. */
    problem(keys, value) {
        const [, at] = this.find(keys);
        const check = this.#ajv.compile({ $ref: `${this.name}${pointer(at)}` });
        return check(value) ? null : this.#ajv.errorsText(check.errors, { dataVar: 'it', separator: '; ' });
    }
}

/** An OpenAPI description's operations: {id, method, path, keys, parameters, body, responses}. */
export function operationsOf(description) {
    const operations = [];
    for (const path of Object.keys(description.document.paths)) {
        const item = description.document.paths[path];
        for (const method of METHODS.filter((name) => item[name] !== undefined)) {
            const keys = ['paths', path, method];
            const list = (at) => (description.find(at)[0] ?? []).map((_, i) => ({ keys: [...at, i], ...description.find([...at, i])[0] }));
            const node = item[method];
            operations.push({
                id: node.operationId,
                method: method.toUpperCase(),
                path,
                keys,
                open: (node.security ?? description.document.security).some((way) => Object.keys(way).length === 0)
                    || (node.security ?? description.document.security).length === 0,
                parameters: [...list(['paths', path, 'parameters']), ...list([...keys, 'parameters'])],
                body: node.requestBody && [...keys, 'requestBody', 'content', 'application/json', 'schema'],
                responses: Object.keys(node.responses),
            });
        }
    }
    return operations;
}

/** The values that a problem's `code` may have by the schema at `keys`; none when it is no problem's. */
export function codesOf(description, keys) {
    const [schema] = description.find(keys);
    for (const part of schema?.allOf ?? [])
        if (part.properties?.code !== undefined)
            return part.properties.code.enum;
    return [];
}
