import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {mkdtempSync, readFileSync, readdirSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {after, test} from "node:test";
import {fileURLToPath} from "node:url";
import {brotliDecompressSync, gunzipSync} from "node:zlib";

const out = mkdtempSync(join(tmpdir(), "wcchat-web-"));
execFileSync(process.execPath, [fileURLToPath(new URL("../build.mjs", import.meta.url)), join(out, "site")]);
const site = (name) => readFileSync(join(out, "site", name));
const assets = readdirSync(join(out, "site/assets")).filter((name) => !/\.(br|gz)$/.test(name));
const index = site("index.html").toString();

after(() => rmSync(out, {recursive: true}));

test("everything that is named is there", () => {
    for (const [, name] of index.matchAll(/(?:href|src)="\/([^"]+)"/g))
        assert.ok(site(name).length > 0, name);
    assert.ok(!index.includes("@"), "a place in index.html was not filled");
    for (const name of assets.filter((n) => n.endsWith(".js")))
        for (const [, to] of site(`assets/${name}`).toString().matchAll(/(?:^|[;\n])(?:import|export)\b[^"'`;=()]*["']([^"']+)["']/g))
            assert.ok(to.startsWith("./") && assets.includes(to.slice(2)), `${name}: ${to}`);
});

test("names carry a hash, and compressed forms are the same", () => {
    for (const name of assets) {
        assert.match(name, /^[\w-]+(\.module)?\.[0-9a-f]{12}\.(js|css|svg|txt)$/);
        assert.deepEqual(brotliDecompressSync(site(`assets/${name}.br`)), site(`assets/${name}`));
        assert.deepEqual(gunzipSync(site(`assets/${name}.gz`)), site(`assets/${name}`));
    }
});

test("a strict Content-Security-Policy holds", () => {
    assert.doesNotMatch(index, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
    for (const name of assets.filter((n) => n.endsWith(".js")))
        assert.doesNotMatch(site(`assets/${name}`).toString(), /\beval\(|new Function\(|import\(/, name);
});

test("texts are never made markup, in what is our own", () => {
    for (const name of assets.filter((n) => n.endsWith(".js") && !/^(preact|hooks|htm)\./.test(n)))
        assert.doesNotMatch(site(`assets/${name}`).toString(), /innerHTML|insertAdjacentHTML|document\.write/, name);
});

test("the same sources give the same site", () => {
    execFileSync(process.execPath, [fileURLToPath(new URL("../build.mjs", import.meta.url)), join(out, "again")]);
    assert.equal(readFileSync(join(out, "again/index.html"), "utf8"), index);
});
