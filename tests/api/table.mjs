// The worker's own tables, read from its source: the routes, and the arguments of operations.
import fs from 'node:fs';
import path from 'node:path';

import { ROOT } from '../lib/process.mjs';

function source(name) {
    return fs.readFileSync(path.join(ROOT, name), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
}

/** Text with its object-like macros put in, until nothing changes. */
function expanded(text) {
    const macros = [...text.matchAll(/^#define (\w+)[ \t]+((?:[^\n]*\\\n)*[^\n]*)$/gm)]
        .map(([, name, body]) => [new RegExp(`\\b${name}\\b(?![^"\\n]*"(?:[^"\\n]*"[^"\\n]*")*[^"\\n]*$)`, 'gm'), body.replace(/\\\n/g, ' ')]);
    let body = text.replace(/^#define (?:[^\n]*\\\n)*[^\n]*$/gm, '');
    for (let before = null; before !== body;) {
        before = body;
        for (const [name, value] of macros)
            body = body.replace(name, () => value);
    }
    return body;
}

/** The table of workers/http/routes.c: [{method, path, op, status, open}], paths as in a description. */
export function routes() {
    const table = /struct wc_http_route routes\[\] = \{([\s\S]*?)\n\};/.exec(expanded(source('workers/http/routes.c')))[1];
    const rows = [...table.matchAll(/\{\s*"(\w+)",\s*((?:"[^"]*"\s*)+),\s*(?:"([\w.]+)"|NULL),\s*(\w+),\s*(\d+),\s*([^}]*?)\}/g)];
    const count = [...table.matchAll(/^\s*\{/gm)].length;
    if (rows.length === 0 || rows.length !== count)
        throw new Error(`${rows.length} of the ${count} rows in workers/http/routes.c could be read`);
    return rows.map(([, method, pattern, op, , status, flags]) => ({
        method,
        path: pattern.replace(/"\s*"/g, '').replaceAll('"', '').trim()
            .replaceAll('{rooms>target}', '{room}').replaceAll('{users>target}', '{user}'),
        op: op ?? null,
        status: Number(status),
        open: /OPEN|OPTIONAL/.test(flags),
    }));
}

/** The table of shared/chat/operations.c: name → {request, args: [{name, rule, required}]}. */
export function operations() {
    const text = expanded(source('shared/chat/operations.c'));
    const table = /struct wc_op wc_ops\[\] = \{([\s\S]*?)\n\};/.exec(text)[1];
    const starts = [...table.matchAll(/\{"([a-z_.]+)",\s*([\w |]+),\s*wc_op_/g)];
    const count = [...table.matchAll(/\bwc_op_\w+,/g)].length;
    if (starts.length === 0 || starts.length !== count)
        throw new Error(`${starts.length} of the ${count} rows in shared/chat/operations.c could be read`);
    return new Map(starts.map((start, i) => {
        const body = table.slice(start.index + start[0].length, starts[i + 1]?.index);
        const args = [...body.matchAll(/\{\s*"(\w+)",\s*WC_ARG_(\w+),\s*WC_RULE_(\w+),\s*(true|false)\s*\}/g)];
        return [start[1], {
            request: start[2].includes('WC_OP_REQUEST'),
            args: args.map(([, name, arg, rule, required]) => ({ name, arg, rule, required: required === 'true' })),
        }];
    }));
}

/** The types of events that clients see, by shared/chat/event.c. */
export function eventTypes() {
    const table = /type_words\[WC_EV_TYPES\] = \{([\s\S]*?)\n\};/.exec(source('shared/chat/event.c'))[1];
    const words = [...table.matchAll(/\[(WC_EV_\w+)\] = "(\w+)"/g)];
    const last = words.findIndex(([, name]) => name === 'WC_EV_RESYNC');
    return words.slice(0, last + 1).map(([, , word]) => word);
}
