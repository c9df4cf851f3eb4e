/**
 * node build.mjs OUT [MODULES]
 *
 * Writes the site into OUT: every module and style sheet as assets/<name>.<hash of its content>.<ext>, which may be
 * cached for ever, index.html and docs.html, which may not, the descriptions of the API (docs/), and of each a .gz and a
 * .br. MODULES is where npm put the packages
 * (node_modules here). No bundling: a module stays a module, only the addresses in it change.
 */
import {createHash} from "node:crypto";
import {mkdirSync, readFileSync, rmSync, writeFileSync} from "node:fs";
import {basename, dirname, extname, join, resolve} from "node:path";
import {fileURLToPath, pathToFileURL} from "node:url";
import {brotliCompressSync, constants, gzipSync} from "node:zlib";

import {docsPage} from "./docs.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const [out, modules = join(here, "node_modules")] = process.argv.slice(2);
if (!out) {
    console.error("usage: node build.mjs OUT [MODULES]");
    process.exit(2);
}

const packages = {
    "preact": "preact/dist/preact.mjs",
    "preact/hooks": "preact/hooks/dist/hooks.mjs",
    "htm": "htm/dist/htm.module.js",
};
const licences = ["preact/LICENSE", "htm/LICENSE"];

/** An import or a re-export at the beginning of a statement, up to the module's name. */
const IMPORT = /((?:^|[;\n])\s*(?:import|export)\b[^"'`;=()]*)(["'])([^"'\n]+)\2/g;
const built = new Map(); // source file → name of what became of it
const open = new Set();

function write(name, content) {
    const bytes = Buffer.from(content);
    writeFileSync(join(out, name), bytes);
    writeFileSync(join(out, `${name}.gz`), gzipSync(bytes, {level: 9}));
    writeFileSync(join(out, `${name}.br`), brotliCompressSync(bytes, {
        params: {[constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length},
    }));
}

function writeHashed(file, content) {
    const hash = createHash("sha256").update(content).digest("hex").slice(0, 12);
    const extension = extname(file) === ".mjs" ? ".js" : extname(file);
    const name = `${basename(file, extname(file))}.${hash}${extension}`;
    write(`assets/${name}`, content);
    return name;
}

function sourceOf(specifier, importer) {
    if (specifier.startsWith("."))
        return resolve(dirname(importer), specifier);
    if (!packages[specifier])
        throw new Error(`${importer}: no such package: ${specifier}`);
    return join(modules, packages[specifier]);
}

/** A module's name carries the hash of its content, names of its imports included: those come first. */
function addModule(file) {
    if (built.has(file))
        return built.get(file);
    if (open.has(file))
        throw new Error(`${file}: imports itself, by way of others`);
    open.add(file);
    const content = readFileSync(file, "utf8")
        .replace(/^\/\/# sourceMappingURL=.*$/m, "")
        .replace(IMPORT, (_, before, quote, specifier) => {
            return `${before}${quote}./${addModule(sourceOf(specifier, file))}${quote}`;
        });
    open.delete(file);
    built.set(file, writeHashed(file, content));
    return built.get(file);
}

function styleSheet(file, names) {
    return writeHashed(file, names.map((name) => readFileSync(join(here, `style/${name}.css`), "utf8")).join("\n"));
}

/** A description of the API: written as it is, and parsed. `yaml` comes from MODULES. */
async function description(name) {
    const {parse} = await import(pathToFileURL(join(resolve(modules), "yaml/dist/index.js")));
    const text = readFileSync(join(here, "../docs", name), "utf8");
    write(name, text);
    return parse(text);
}

rmSync(out, {recursive: true, force: true});
mkdirSync(join(out, "assets"), {recursive: true});
const main = addModule(join(here, "app/main.js"));
const style = styleSheet("style.css", ["base", "layout", "chat", "forms"]);
const icon = writeHashed("icon.svg", readFileSync(join(here, "icon.svg")));
const notices = licences.map((file) => `${file}\n\n${readFileSync(join(modules, file), "utf8")}`).join("\n\n");
const licence = writeHashed("licences.txt", notices);
const preloads = [...built.values()].map((name) => `<link rel="modulepreload" href="/assets/${name}">`).join("\n");
write("index.html", readFileSync(join(here, "index.html"), "utf8")
    .replace("@STYLE@", `/assets/${style}`)
    .replace("@ICON@", `/assets/${icon}`)
    .replace("@LICENCE@", `/assets/${licence}`)
    .replace("@MAIN@", `/assets/${main}`)
    .replace("@PRELOADS@", preloads));
write("docs.html", docsPage({
    openapi: await description("openapi.yaml"),
    asyncapi: await description("asyncapi.yaml"),
    style: `/assets/${styleSheet("docs.css", ["base", "docs"])}`,
    icon: `/assets/${icon}`,
}));
console.log(`${built.size} modules → ${out}`);
