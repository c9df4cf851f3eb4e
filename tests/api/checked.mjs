// Calls by operation id, each answer compared with its description; and what has been called.
import assert from 'node:assert/strict';

import { codesOf, Description, OPENAPI, operationsOf } from './description.mjs';

/** What each operation was seen to answer: `200`, `403 banned`, `default 405`; and which arguments it took. */
export class Coverage {
    constructor() {
        this.description = new Description(OPENAPI);
        this.operations = operationsOf(this.description);
        this.seen = new Map(this.operations.map((op) => [op.id, new Set()]));
        this.taken = new Map(this.operations.map((op) => [op.id, new Set()]));
    }

    operation(id) {
        const op = this.operations.find((one) => one.id === id);
        assert.ok(op, `${id} is described`);
        return op;
    }

    /** Everything that is described and was not seen, in words. */
    missing() {
        return this.operations.flatMap((op) => this.#expected(op).filter((what) => !this.seen.get(op.id).has(what))
            .map((what) => `${op.id} ${what}`));
    }

    #expected(op) {
        return op.responses.filter((status) => status !== 'default').flatMap((status) => {
            const problem = [...op.keys, 'responses', status, 'content', 'application/problem+json', 'schema'];
            const codes = codesOf(this.description, problem);
            return codes.length === 0 ? [status] : codes.map((code) => `${status} ${code}`);
        });
    }

    /** Arguments that are described and were in no call that went well. */
    untaken() {
        return this.operations.flatMap((op) => {
            const members = op.body ? Object.keys(this.description.find([...op.body, 'properties'])[0]) : [];
            return [...op.parameters.map((parameter) => parameter.name), ...members]
                .filter((name) => !this.taken.get(op.id).has(name)).map((name) => `${op.id} ${name}`);
        });
    }
}

function urlOf(op, params, query) {
    const path = op.path.replace(/\{(\w+)\}/g, (_, name) => {
        assert.ok(params[name] !== undefined, `${op.id} wants ${name}`);
        return encodeURIComponent(params[name]);
    });
    const search = new URLSearchParams(query).toString();
    return search === '' ? path : `${path}?${search}`;
}

/** `text` as the type that the schema of a parameter or header has. */
function typed(schema, text) {
    if (schema.type === 'integer' && /^\d+$/.test(text))
        return Number(text);
    return schema.type === 'array' ? text.split(',') : text;
}

/** Calls operations of one API and checks what they answer. */
export class Checked {
    constructor(api, coverage) {
        this.api = api;
        this.coverage = coverage;
    }

    as(token) {
        return new Checked(this.api.as(token), this.coverage);
    }

    /**
     * Calls `id` and fails unless it answers `expected`: a status, for an error with its code (`'404 not_found'`), and is as
     * described. `params`: of the path; `query`; `body`; `raw`: a body that is not the described one. Returns the answer.
     */
    async call(id, expected, { params = {}, query = {}, body, headers, raw } = {}) {
        const op = this.coverage.operation(id);
        const answer = await this.api.request(op.method, urlOf(op, params, query), { body: raw ?? body, headers });
        return this.saw(id, expected, answer, { params, query, body, headers });
    }

    /** Checks an answer {status, headers, body, text} that was got in another way. */
    saw(id, expected, answer, { params = {}, query = {}, body = {}, headers = {} } = {}) {
        const op = this.coverage.operation(id);
        const what = answer.body?.code === undefined ? `${answer.status}` : `${answer.status} ${answer.body.code}`;
        assert.equal(what, `${expected}`, `${id}: ${answer.text}`);
        this.#checkAnswer(op, answer);
        if (answer.status < 300)
            this.#checkRequest(op, { params, query, body, headers });
        this.coverage.seen.get(id).add(what);
        return answer;
    }

    /** Checks an answer that only `default` describes. */
    default(id, expected, answer) {
        const op = this.coverage.operation(id);
        assert.equal(`${answer.status} ${answer.body.code}`, expected, `${id}: ${answer.text}`);
        checkAnswer(this.coverage.description, [...op.keys, 'responses', 'default'], answer, `${id} ${answer.status}`);
        assert.equal(answer.headers.allow !== undefined, answer.status === 405, `${id}: Allow`);
    }

    #checkRequest(op, { params, query, body, headers }) {
        const { description, taken } = this.coverage;
        const given = [['path', params], ['query', query], ['header', headers]];
        for (const [where, values] of given) {
            for (const [name, value] of Object.entries(values)) {
                const parameter = op.parameters.find((one) => one.in === where && one.name === name);
                assert.ok(parameter, `${op.id}: the argument ${name} in the ${where} is described`);
                const [schema] = description.follow(parameter.schema);
                const problem = description.problem([...parameter.keys, 'schema'], typed(schema, `${value}`));
                assert.equal(problem, null, `${op.id}: ${name}`);
                taken.get(op.id).add(name);
            }
        }
        if (op.body) {
            assert.equal(description.problem(op.body, body), null, `${op.id}: the body`);
            Object.keys(body).forEach((name) => taken.get(op.id).add(name));
        } else {
            assert.deepEqual(body, {}, `${op.id} has no body`);
        }
    }

    #checkAnswer(op, answer) {
        const status = `${answer.status}`;
        assert.ok(op.responses.includes(status), `${op.id}: ${status} is described`);
        checkAnswer(this.coverage.description, [...op.keys, 'responses', status], answer, `${op.id} ${status}`);
    }
}

/** Compares an answer with the response described at `keys`: content type, body, headers. */
export function checkAnswer(description, keys, answer, what) {
    const [response] = description.find(keys);
    for (const name of Object.keys(response.headers)) {
        const [header] = description.find([...keys, 'headers', name]);
        const value = answer.headers[name.toLowerCase()];
        assert.ok(value !== undefined || !header.required, `${what}: it has ${name}`);
        if (value === undefined)
            continue;
        const problem = description.problem([...keys, 'headers', name, 'schema'], typed(header.schema, value));
        assert.equal(problem, null, `${what}: ${name}: ${value}`);
    }
    const type = answer.headers['content-type'];
    if (response.content === undefined) {
        assert.deepEqual([answer.text, type], ['', undefined], `${what}: it has no body`);
        return;
    }
    assert.ok(response.content[type] !== undefined, `${what}: its type ${type} is described`);
    assert.equal(description.problem([...keys, 'content', type, 'schema'], answer.body), null, `${what}: ${answer.text}`);
    if (answer.status >= 400 && answer.body.code !== undefined) {
        assert.equal(answer.body.status, answer.status, what);
        assert.equal(answer.body.instance, answer.headers['x-request-id'], what);
    }
}
