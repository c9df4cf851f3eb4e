/**
 * Makes the page /docs of docs/openapi.yaml and docs/asyncapi.yaml: static HTML, no script, nothing inline.
 */
const METHODS = ["get", "post", "put", "patch", "delete"];
const SCHEMA = "/components/schemas/";

const escape = (text) => String(text)
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
const code = (text) => `<code>${escape(text)}</code>`;
const slug = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, "-");

/** The little Markdown that descriptions are written in: paragraphs, `code` and **bold**. */
function inline(text) {
    return escape(text).replace(/`([^`]+)`/g, "<code>$1</code>").replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>");
}

function prose(text = "") {
    return text.trim().split(/\n\s*\n/).filter((part) => part !== "").map((part) => `<p>${inline(part)}</p>`).join("\n");
}

/** Where a local reference leads, and the name at its end. */
function lookUp(document, reference) {
    const keys = reference.slice(2).split("/").map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
    return keys.reduce((node, key) => node[key], document);
}

function resolve(document, node) {
    return node?.$ref?.startsWith("#") ? resolve(document, lookUp(document, node.$ref)) : node;
}

/** A copy in which a reference to a schema is described by what that says, unless it has words of its own. */
function withDescriptions(node, schemas) {
    if (Array.isArray(node))
        return node.map((one) => withDescriptions(one, schemas));
    if (node === null || typeof node !== "object")
        return node;
    const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, withDescriptions(value, schemas)]));
    const description = node.$ref?.includes(SCHEMA) && schemas[node.$ref.split(SCHEMA)[1]]?.description;
    return description ? {description, ...copy} : copy;
}

/* Schemas. */

function link(reference) {
    const name = reference.slice(reference.lastIndexOf("/") + 1);
    if (!reference.includes(SCHEMA) || reference.split(SCHEMA)[1] !== name)
        return code(name);
    return `<a href="#schema-${escape(name)}">${escape(name)}</a>`;
}

const or = (schemas) => schemas.map(typeOf).join(" or ");

/** A schema's type in a few words. */
function typeOf(schema) {
    if (schema.$ref)
        return link(schema.$ref);
    if (schema.const !== undefined)
        return code(JSON.stringify(schema.const));
    if (schema.enum)
        return schema.enum.map((value) => code(value)).join(" or ");
    if (schema.oneOf || schema.anyOf)
        return or(schema.oneOf ?? schema.anyOf);
    if (schema.allOf)
        return schema.allOf.map(typeOf).join(" with ");
    if (schema.type === "array")
        return `list of ${typeOf(schema.items)}`;
    return [schema.type ?? "object"].flat().join(" or ");
}

const LIMITS = {
    minimum: "at least", maximum: "at most", minLength: "at least this long:", maxLength: "at most this long:",
    maxItems: "at most this many:", minProperties: "at least this many members:", default: "if absent:", pattern: "as",
};

function limits(schema) {
    return Object.entries(LIMITS).filter(([key]) => schema[key] !== undefined)
        .map(([key, words]) => `${words} ${code(schema[key])}`).join(", ");
}

function about(schema) {
    return [schema.description && inline(schema.description), limits(schema)].filter(Boolean).join("<br>");
}

function table(label, heads, rows) {
    return `<table><caption class="hidden">${escape(label)}</caption>
<thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead>
<tbody>
${rows.map(([first, ...rest]) => `<tr><th scope="row">${first}</th>${rest.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("\n")}
</tbody></table>`;
}

/** The members of an object, those of objects inside by their path. */
function memberRows(schema, prefix = "") {
    return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
        const needed = schema.required?.includes(name) ? "" : ' <span class="optional">optional</span>';
        const row = [`${code(prefix + name)}${needed}`, typeOf(member), about(member)];
        const inside = member.type === "array" ? member.items : member;
        const below = memberRows(inside, `${prefix}${name}${inside === member ? "." : "[]."}`);
        return [row, ...below];
    });
}

function members(schema, label) {
    const rows = memberRows(schema);
    return rows.length === 0 ? "" : table(label, ["Member", "Type", "What it is"], rows);
}

function schemaSection(name, schema) {
    const parts = (schema.allOf ?? []).filter((part) => part.properties).map((part) => members(part, `Members of ${name}`));
    const own = members(schema, `Members of ${name}`);
    const type = own === "" ? `<p>${typeOf({...schema, $ref: undefined})}</p>` : "";
    return `<section class="schema" aria-labelledby="schema-${name}">
<h3 id="schema-${name}">${escape(name)}</h3>
${type}${about(schema) && `<p>${about(schema)}</p>`}${own}${parts.join("")}
</section>`;
}

/* Examples. */

function example(label, value) {
    const text = typeof value === "string" ? value : JSON.stringify(value, null, 2);
    return `<figure><figcaption>${escape(label)}</figcaption>
<pre><code>${escape(text.trimEnd())}</code></pre></figure>`;
}

function examplesOf(media, label) {
    if (media.example !== undefined)
        return example(label, media.example);
    return Object.entries(media.examples ?? {}).map(([name, one]) => example(`${label}: ${name}`, one.value)).join("\n");
}

/* REST. */

function parameterTable(document, parameters) {
    const rows = parameters.map((one) => resolve(document, one)).map((one) => {
        const needed = one.required ? "" : ' <span class="optional">optional</span>';
        const words = [inline(one.description ?? ""), limits(one.schema)].filter(Boolean).join("<br>");
        return [`${code(one.name)}${needed}`, one.in, typeOf(one.schema), words];
    });
    return rows.length === 0 ? "" : `<h4>Parameters</h4>\n${table("Parameters", ["Name", "In", "Type", "What it is"], rows)}`;
}

function bodyOf(document, operation) {
    const body = resolve(document, operation.requestBody);
    if (!body)
        return "";
    return Object.entries(body.content).map(([type, media]) => `<h4>Body${body.required ? "" : " (optional)"}: ${code(type)}</h4>
${members(resolve(document, media.schema), "Members of the body")}
${examplesOf(media, "An example of the body")}`).join("\n");
}

function responseOf(document, status, response) {
    const media = Object.entries(response.content ?? {});
    const headers = Object.entries(response.headers ?? {}).map(([name, header]) => [name, resolve(document, header)])
        .filter(([name]) => name !== "X-Request-Id").map(([name, header]) => [code(name), typeOf(header.schema), inline(header.description)]);
    const kind = /^[123]/.test(status) ? "good" : "bad";
    return `<details class="response">
<summary><span class="status-code ${kind}">${status === "default" ? "else" : status}</span> <span>${inline(response.description.trim())}</span></summary>
${headers.length === 0 ? "" : table("Headers", ["Header", "Type", "What it is"], headers)}
${media.map(([type, one]) => `<p>${code(type)}: ${typeOf(one.schema)}</p>\n${examplesOf(one, `An example of ${status}`)}`).join("\n")}
</details>`;
}

function operationSection(document, {method, path, item, operation}) {
    const security = operation.security ?? document.security;
    const open = security.length === 0 ? '<span class="tag">no token</span>'
        : security.some((way) => Object.keys(way).length === 0) ? '<span class="tag">token optional</span>' : "";
    const responses = Object.entries(operation.responses).map(([status, one]) => responseOf(document, status, resolve(document, one)));
    return `<section class="operation" aria-labelledby="${operation.operationId}">
<h3 id="${operation.operationId}">${escape(operation.summary)}</h3>
<p class="line"><span class="method ${method}">${method.toUpperCase()}</span> <code class="path">${escape(path).replaceAll("/", "/<wbr>")}</code> ${open}</p>
${prose(operation.description)}
${parameterTable(document, [...(item.parameters ?? []), ...(operation.parameters ?? [])])}
${bodyOf(document, operation)}
<h4>Answers</h4>
${responses.join("\n")}
</section>`;
}

function operationsOf(document) {
    return Object.entries(document.paths).flatMap(([path, item]) => METHODS.filter((method) => item[method])
        .map((method) => ({method, path, item, operation: item[method]})));
}

/* Real time. */

function requestSection(document, key, message) {
    const id = `op-${slug(message.name)}`;
    const reply = document.components.messages[`${key}Reply`];
    const description = document.operations[message.name].description;
    const {id: _, op, ...properties} = message.payload.properties;
    return `<section class="operation" aria-labelledby="${id}">
<h3 id="${id}">${code(message.name)} ${escape(message.summary)}</h3>
${prose(description)}
${members({...message.payload, properties}, `Arguments of ${op.const}`)}
<p>Result: ${typeOf(reply.payload.properties.result)}</p>
${example("A request", JSON.stringify(message.examples[0].payload))}
${example("Its answer", JSON.stringify(reply.examples[0].payload))}
</section>`;
}

function eventSection(message) {
    const id = `event-${message.name}`;
    return `<section class="operation" aria-labelledby="${id}">
<h3 id="${id}">${code(message.name)} ${escape(message.summary)}</h3>
${prose(message.description)}
${members(message.payload.properties.data, `Data of ${message.name}`)}
${example("An example", message.examples[0].payload)}
</section>`;
}

function realTime(document) {
    const messages = Object.entries(document.components.messages);
    const requests = messages.filter(([, one]) => one.payload.properties?.op);
    const events = messages.filter(([, one]) => one.contentType === "application/cloudevents+json").map(([, one]) => one);
    const channels = Object.values(document.channels).map((one) => `<section class="operation">
<h3>${escape(one.title)}</h3>
<p class="line"><code class="path">${escape(one.address).replaceAll(/([/.])/g, "$1<wbr>")}</code></p>
${prose(one.description)}
</section>`);
    return [
        {id: "real-time-channels", title: "Real time: where", body: prose(document.info.description) + channels.join("\n"), links: []},
        {
            id: "real-time-requests", title: "Real time: requests",
            body: requests.map(([key, one]) => requestSection(document, key, one)).join("\n"),
            links: requests.map(([, one]) => [`op-${slug(one.name)}`, escape(one.name)]),
        },
        {
            id: "real-time-events", title: "Real time: events",
            body: events.map(eventSection).join("\n"),
            links: events.map((one) => [`event-${one.name}`, escape(one.name)]),
        },
    ];
}

/* The page. */

function restSections(document) {
    const operations = operationsOf(document);
    return document.tags.map(({name, description}) => {
        const own = operations.filter(({operation}) => operation.tags[0] === name);
        return {
            id: `tag-${slug(name)}`,
            title: name[0].toUpperCase() + name.slice(1),
            body: `${prose(description)}\n${own.map((one) => operationSection(document, one)).join("\n")}`,
            links: own.map(({operation}) => [operation.operationId, escape(operation.summary)]),
        };
    });
}

function schemaPart(documents) {
    const all = documents.flatMap((document) => Object.entries(document.components.schemas)).sort(([a], [b]) => (a < b ? -1 : 1));
    return {
        id: "schemas", title: "Schemas", links: [],
        body: all.map(([name, schema]) => schemaSection(name, schema)).join("\n"),
    };
}

function contents(sections) {
    return `<ul>${sections.map(({id, title, links}) => `<li><a class="part" href="#${id}">${escape(title)}</a>${
        links.length === 0 ? "" : `<ul>${links.map(([to, words]) => `<li><a href="#${to}">${words}</a></li>`).join("")}</ul>`}</li>`).join("\n")}</ul>`;
}

/** The whole page. `openapi`, `asyncapi`: the documents; `style`, `icon`: addresses. */
export function docsPage({style, icon, ...documents}) {
    const schemas = {...documents.openapi.components.schemas, ...documents.asyncapi.components.schemas};
    const openapi = withDescriptions(documents.openapi, schemas), asyncapi = withDescriptions(documents.asyncapi, schemas);
    const sections = [...restSections(openapi), ...realTime(asyncapi), schemaPart([openapi, asyncapi])];
    const list = contents(sections);
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${escape(openapi.info.summary)}">
<title>${escape(openapi.info.title)}: the API</title>
<link rel="icon" type="image/svg+xml" href="${icon}">
<link rel="stylesheet" href="${style}">
</head>
<body class="docs">
<a class="skip" href="#top">Skip to the text</a>
<header>
<a class="home" href="/"><span class="logo" aria-hidden="true"></span> ${escape(openapi.info.title)}</a>
<p><a href="/openapi.yaml">openapi.yaml</a> <a href="/asyncapi.yaml">asyncapi.yaml</a></p>
</header>
<nav class="contents" aria-label="Contents">${list}</nav>
<main id="top" tabindex="-1">
<h1>The API</h1>
<details class="contents"><summary>Contents</summary><nav aria-label="Contents">${list}</nav></details>
<p class="lead">${escape(openapi.info.summary)}</p>
${prose(openapi.info.description)}
<p><strong>Tokens.</strong> ${inline(openapi.components.securitySchemes.bearer.description)} It is sent as <code>Authorization: Bearer …</code></p>
${sections.map(({id, title, body}) => `<section aria-labelledby="${id}">\n<h2 id="${id}">${escape(title)}</h2>\n${body}\n</section>`).join("\n")}
</main>
</body>
</html>
`;
}
