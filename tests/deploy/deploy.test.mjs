// The files in deploy/, each read by the program that it is for where Debian has it, and by its schema otherwise; and that
// what they say of wcchat is so: options, ports, paths, metrics, times.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import * as models from 'kubernetes-models';
import YAML from 'yaml';

import { BUILD, ROOT, tempFolder } from '../lib/process.mjs';
import { startSite } from '../lib/site.mjs';

const WORKER = path.join(BUILD, 'wcchat-worker');
const DEPLOY = path.join(ROOT, 'deploy');
const read = (name) => fs.readFileSync(path.join(DEPLOY, name), 'utf8');

let site;

before(async () => {
    site = await startSite();
});
after(() => site.stop());

/** Fails with what the program said. */
function checked(command, args, env = {}) {
    const { status, stdout, stderr } = spawnSync(command, args, {
        encoding: 'utf8',
        env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin`, ...env },
        timeout: 60000,
    });
    assert.equal(status, 0, `${command} ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout + stderr;
}

const options = new Set(execFileSync(WORKER, ['--help'], { encoding: 'utf8' }).match(/--[a-z][a-z-]+/g));

/** Milliseconds of 500ms, 2s, 5min. */
function ms(text) {
    const [, n, unit] = /^(\d+)(ms|s|m|min)?$/.exec(text);
    return Number(n) * { ms: 1, s: 1000, m: 60000, min: 60000 }[unit ?? 's'];
}

/** The worker's command line as it is written there: known options only. Returns {name: value}. */
function workerOptions(args) {
    const given = {};
    for (let i = 0; i < args.length; i++) {
        const [name, value] = args[i].split(/=(.*)/s);
        assert.ok(options.has(name) || name === '--config', `${name} is an option of the worker`);
        given[name] = value ?? (args[i + 1]?.startsWith('--') ? true : args[++i] ?? true);
    }
    return given;
}

/** How long it may take to end. */
const drainTime = (given) => ms(given['--drain-delay']) + ms(given['--drain-max']) + 2000;

/** nginx.conf beside these files, and whatever they name on 127.0.0.1. */
function nginxFolder(files) {
    const dir = tempFolder('wcchat-nginx-t');
    fs.copyFileSync(path.join(DEPLOY, 'nginx.conf'), path.join(dir, 'nginx.conf'));
    for (const [name, text] of Object.entries(files))
        fs.writeFileSync(path.join(dir, name), text);
    return dir;
}

test('nginx.conf, with the files of Compose', () => {
    const files = {
        'main.conf': read('compose/nginx-main.conf').replace('/tmp/', './'),
        'listen.conf': read('compose/nginx-listen.conf'),
        'upstream.conf': read('compose/nginx-upstream.conf').replace('worker:', '127.0.0.1:'),
    };
    const dir = nginxFolder(files);
    assert.match(checked('nginx', ['-t', '-p', dir, '-c', path.join(dir, 'nginx.conf'), '-e', 'stderr']), /test is successful/);
    fs.writeFileSync(path.join(dir, 'listen.conf'), 'listen nowhere at all;\n');
    assert.notEqual(spawnSync('/usr/sbin/nginx', ['-t', '-p', dir, '-c', path.join(dir, 'nginx.conf')]).status, 0);
});

test('haproxy.cfg, with the files of Compose', () => {
    const both = ['haproxy.cfg', 'compose/haproxy-workers.cfg'].flatMap((name) => ['-f', path.join(DEPLOY, name)]);
    const said = checked('haproxy', ['-c', '-V', ...both], { WCCHAT_TELNET: '127.0.0.1:2323' });
    assert.doesNotMatch(said, /WARNING/);
    assert.match(read('haproxy.cfg'), /send-proxy-v2/);
});

test('the systemd unit', () => {
    const unit = read('systemd/wcchat-worker@.service');
    const file = path.join(tempFolder('wcchat-unit'), 'wcchat-worker@1.service');
    fs.writeFileSync(file, unit.replace('/usr/local/bin/wcchat-worker', WORKER));
    assert.equal(checked('systemd-analyze', ['verify', '--man=no', file]).trim(), '');
    const value = (key) => new RegExp(`^${key}=(.*)$`, 'm').exec(unit)[1];
    const given = workerOptions(value('ExecStart').split(' ').slice(1));
    assert.ok(ms(value('TimeoutStopSec')) > drainTime(given));
    assert.equal(value('Type'), 'notify');
    assert.equal(value('ExecReload'), '/bin/kill -HUP $MAINPID');
    for (const [, name] of unit.matchAll(/^Environment=(WCCHAT_[A-Z_]+)=/gm))
        assert.ok(options.has(`--${name.slice(7).toLowerCase().replaceAll('_', '-')}`), name);
    fs.writeFileSync(file, unit.replace('Type=notify', 'Type=whatever'));
    assert.notEqual(spawnSync('systemd-analyze', ['verify', file], { encoding: 'utf8' }).stderr, '');
});

test('the Compose file', () => {
    const file = path.join(DEPLOY, 'compose/compose.yaml');
    const { services } = YAML.parse(checked('docker-compose', ['-f', file, 'config']));
    const given = workerOptions(services.worker.command);
    assert.ok(ms(services.worker.stop_grace_period) > drainTime(given));
    for (const [name, service] of Object.entries(services))
        for (const volume of service.volumes ?? []) {
            const source = typeof volume === 'string' ? volume.split(':')[0] : volume.source;
            assert.ok(!source.startsWith('/') || fs.existsSync(source), `${name}: ${source} is there`);
        }
});

test('the Containerfile: its sources are there, and the libraries that the worker needs', () => {
    const text = read('Containerfile').replaceAll('\\\n', ' ');
    for (const [, source] of text.matchAll(/^COPY (?!--from)(\S+) /gm))
        assert.ok(fs.existsSync(path.join(ROOT, source)), source);
    const names = text.split('FROM debian:bookworm-slim')[1].match(/\blib[\w.-]+/g);
    const files = execFileSync('ldd', [WORKER], { encoding: 'utf8' }).match(/=> (\/\S+)/g).map((s) => fs.realpathSync(s.slice(3)));
    const found = spawnSync('dpkg', ['-S', ...files.flatMap((file) => [file, file.replace(/^\/usr/, '')])], { encoding: 'utf8' }).stdout;
    const needed = new Set([...found.matchAll(/^([\w.+-]+)(?::\w+)?: /gm)].map((m) => m[1]));
    for (const sanitizer of ['libasan8', 'libubsan1', 'libc6', 'libgcc-s1', 'libstdc++6', 'zlib1g'])
        needed.delete(sanitizer);
    assert.ok(needed.size > 5, [...needed].join());
    for (const name of needed)
        assert.ok(names.includes(name), `${name} is installed`);
});

/** Every document of every manifest. */
function manifests() {
    const dir = path.join(DEPLOY, 'kubernetes');
    const { resources } = YAML.parse(read('kubernetes/kustomization.yaml'));
    const files = fs.readdirSync(dir).filter((name) => name !== 'kustomization.yaml');
    assert.deepEqual([...resources].sort(), files.sort(), 'kustomization.yaml names all of them');
    return files.flatMap((name) => YAML.parseAllDocuments(fs.readFileSync(path.join(dir, name), 'utf8')).map((doc) => {
        assert.deepEqual(doc.errors, []);
        return doc.toJS();
    }));
}

const MODELS = {
    'v1/Service': models.v1.Service,
    'apps/v1/Deployment': models.apps.v1.Deployment,
    'apps/v1/StatefulSet': models.apps.v1.StatefulSet,
    'autoscaling/v2/HorizontalPodAutoscaler': models.autoscaling.v2.HorizontalPodAutoscaler,
    'policy/v1/PodDisruptionBudget': models.policy.v1.PodDisruptionBudget,
};

/** The same value; `unread` has, when it was looked at, the paths that nobody asked for. */
function watched(value, unread, where) {
    if (value === null || typeof value !== 'object')
        return value;
    const parts = {};
    for (const [key, part] of Object.entries(value)) {
        unread.add(`${where}/${key}`);
        parts[key] = watched(part, unread, `${where}/${key}`);
    }
    return new Proxy(value, {
        get(target, key) {
            unread.delete(`${where}/${String(key)}`);
            return Object.hasOwn(parts, key) ? parts[key] : target[key];
        },
    });
}

/** Throws when it does not fit the schema of its kind. A schema reads the fields that it knows: others are mistyped. */
function validate(manifest) {
    const Model = MODELS[`${manifest.apiVersion}/${manifest.kind}`];
    assert.ok(Model, `${manifest.apiVersion}/${manifest.kind}`);
    assert.deepEqual(Object.keys(manifest).filter((key) => !['apiVersion', 'kind', 'metadata', 'spec'].includes(key)), []);
    const unread = new Set();
    const model = new Model(manifest);
    for (const part of ['metadata', 'spec']) // not before: it copies
        model[part] = watched(manifest[part], unread, `/${part}`);
    model.validate();
    assert.deepEqual([...unread], [], `${manifest.kind} ${manifest.metadata.name}: its schema does not know ${[...unread].join(' ')}`);
}

test('the Kubernetes manifests fit the schemas of their kinds', () => {
    const all = manifests();
    for (const manifest of all)
        validate(manifest);
    const broken = (change) => {
        const copy = structuredClone(all.find(({ kind }) => kind === 'Deployment'));
        change(copy.spec.template.spec.containers[0]);
        return () => validate(copy);
    };
    assert.throws(broken((container) => { container.ports[0].containerPort = 'eighty'; }), /containerPort/);
    assert.throws(broken((container) => { container.readinessProb = container.readinessProbe; }), /containers\/0\/readinessProb /);
    assert.throws(broken((container) => { delete container.name; }), /name/);
});

test('the Kubernetes manifests fit each other and the worker', async () => {
    const all = manifests();
    const of = (kind) => all.filter((manifest) => manifest.kind === kind);
    const [deployment] = of('Deployment');
    const pods = [deployment, ...of('StatefulSet')].map(({ spec }) => spec.template);
    const matching = (labels) => pods.filter(({ metadata }) => Object.entries(labels).every(([k, v]) => metadata.labels[k] === v));
    const [container] = deployment.spec.template.spec.containers;

    for (const service of of('Service')) {
        const chosen = matching(service.spec.selector);
        assert.equal(chosen.length, 1, `${service.metadata.name} chooses one kind of pod`);
        const names = chosen[0].spec.containers.flatMap(({ ports }) => ports.map(({ name }) => name));
        for (const { targetPort } of service.spec.ports)
            assert.ok(names.includes(targetPort), `${service.metadata.name}: ${targetPort}`);
    }
    for (const { spec } of [deployment, ...of('StatefulSet')])
        assert.equal(matching(spec.selector.matchLabels).length, 1);
    const [budget] = of('PodDisruptionBudget');
    assert.deepEqual(matching(budget.spec.selector.matchLabels), [deployment.spec.template]);

    const given = workerOptions(container.args);
    const port = (name) => container.ports.find((one) => one.name === name).containerPort;
    assert.equal(given['--http'], `:${port('http')}`);
    assert.equal(given['--telnet'], `:${port('telnet')}`);
    const stop = Number(container.lifecycle.preStop.exec.command[1]) * 1000;
    assert.ok(deployment.spec.template.spec.terminationGracePeriodSeconds * 1000 > stop + drainTime(given));
    const redis = new URL(given['--redis']);
    assert.ok(of('Service').some(({ metadata, spec }) => metadata.name === redis.hostname && spec.ports[0].port === Number(redis.port)));

    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'])
        assert.equal((await site.api().get(container[probe].httpGet.path)).status, 200, probe);
    const [scaler] = of('HorizontalPodAutoscaler');
    assert.equal(scaler.spec.scaleTargetRef.name, deployment.metadata.name);
    const exported = (await site.api().get('/metrics')).text;
    for (const { pods: { metric } } of scaler.spec.metrics)
        assert.match(exported, new RegExp(`^${metric.name} [0-9.e-]+$`, 'm'));
});
