// The files in deploy/, each read by the program that it is for where Debian has it, and by its schema otherwise; and that
// what they say of wcchat is so: options, ports, paths, metrics, times.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';

import * as models from 'kubernetes-models';
import YAML from 'yaml';

import { eventually } from '../lib/eventually.mjs';
import { startNats } from '../lib/nats.mjs';
import { BUILD, ROOT, tempFolder } from '../lib/process.mjs';
import { startSite, writeTokenKey } from '../lib/site.mjs';
import { connectWebSocket } from '../lib/websocket.mjs';
import { grant, member, served } from '../nats/people.mjs';

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

/** A nats-server of Debian's takes these files, and a worker what it is told by `given`; people get in. */
async function natsWorks(files, given) {
    for (const name of ['--nats', '--nats-keys'])
        assert.ok(given[name], name);
    const nats = await startNats(files);
    try {
        const worker = await site.addWorker({ args: nats.args });
        site.nats = nats;
        await eventually(() => served(worker), { what: 'the worker to be connected to NATS' });
        const at = site.workers.indexOf(worker);
        const account = await site.register(`nats${at}`, { worker: at });
        const person = await member(site, account, { worker: at });
        assert.equal((await person.must('conversation.list')).items.length, 1);
        const { websocket } = await grant(account, at);
        (await connectWebSocket(websocket, { protocols: [] })).destroy();
        assert.deepEqual(await (await fetch(`http://127.0.0.1:${nats.monitorPort}/healthz`)).json(), { status: 'ok' });
    } finally {
        await nats.stop();
    }
}

test('nats.conf, with the files of Compose', async () => {
    const { services } = YAML.parse(read('compose/compose.yaml'));
    await natsWorks({ 'nats-listen.conf': read('compose/nats-listen.conf') }, workerOptions(services.worker.command));
    const inside = services.nats.volumes.map((volume) => volume.split(':')[1]);
    assert.ok(inside.includes(services.nats.command.at(-1)));
    const beside = [...inside, ...services.nats.secrets.map(({ target }) => target)].map((file) => path.basename(file));
    for (const [, name] of read('nats.conf').matchAll(/^include "(.*)"$/gm))
        assert.ok(beside.includes(name), `${name} is there`);
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
    const published = services.nats.ports.map((port) => Number(port.published ?? port.split(':')[0]));
    for (const name of ['--nats-public', '--nats-websocket'])
        assert.ok(published.includes(Number(new URL(given[name]).port)), `${name} is published`);
    const secrets = services.worker.secrets.map((secret) => `/run/secrets/${secret.source ?? secret}`);
    for (const name of ['--token-key', '--nats-keys'])
        assert.ok(secrets.includes(given[name]), `${name} is a secret`);
    for (const name of ['--redis', '--nats'])
        assert.ok(services[new URL(given[name]).hostname], `${name} is a service`);
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
    const built = /--target (.*)/.exec(text)[1].trim().split(' ');
    for (const [, name] of text.matchAll(/ \/build\/(wcchat-\w+)/g))
        assert.ok(built.includes(name), `${name} is built`);
    assert.ok(built.includes('wcchat-nats'), 'keys are made with it');
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
    const all = (name) => YAML.parseAllDocuments(fs.readFileSync(path.join(dir, name), 'utf8'), { version: '1.1' }); // as kubectl: 0440
    return files.flatMap((name) => all(name).map((doc) => {
        assert.deepEqual(doc.errors, []);
        return doc.toJS();
    }));
}

const MODELS = {
    'v1/ConfigMap': models.v1.ConfigMap,
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
    const parts = ['metadata', manifest.kind === 'ConfigMap' ? 'data' : 'spec'];
    assert.deepEqual(Object.keys(manifest).filter((key) => !['apiVersion', 'kind', ...parts].includes(key)), []);
    const unread = new Set();
    const model = new Model(manifest);
    for (const part of parts) // not before: it copies
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
    for (const name of ['--redis', '--nats']) {
        const { hostname, port } = new URL(given[name]);
        assert.ok(of('Service').some(({ metadata, spec }) => metadata.name === hostname && spec.ports[0].port === Number(port)), name);
    }

    for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe'])
        assert.equal((await site.api().get(container[probe].httpGet.path)).status, 200, probe);
    const [scaler] = of('HorizontalPodAutoscaler');
    assert.equal(scaler.spec.scaleTargetRef.name, deployment.metadata.name);
    const exported = (await site.api().get('/metrics')).text;
    for (const { pods: { metric } } of scaler.spec.metrics)
        assert.match(exported, new RegExp(`^${metric.name} [0-9.e-]+$`, 'm'));
});

/** The volume of a pod that has this file. */
function volumeOf({ containers: [container], volumes }, file) {
    const mount = container.volumeMounts.find(({ mountPath }) => path.dirname(file) === mountPath);
    return volumes.find(({ name }) => name === mount?.name);
}

test('alerts are about what a worker tells', async () => {
    const { groups: [{ rules }] } = YAML.parse(read('prometheus/alerts.yaml'));
    const exported = (await site.api().get('/metrics')).text;
    for (const { alert, expr, labels, annotations } of rules) {
        assert.ok(['critical', 'warning'].includes(labels.severity) && annotations.summary, alert);
        const series = [...expr.matchAll(/\b(up|wcchat_[a-z_]+)\{([^}]*)\}/g)];
        assert.equal(series.length, expr.match(/\b(up|wcchat_\w+)\b/g).length, `${alert}: each of one job`);
        for (const [, name, selected] of series) {
            assert.match(selected, /^job="wcchat"/, alert);
            const label = /,([a-z]+)=~?"([^|"]+)/.exec(selected);
            const samples = label ? [`${name}{${label[1]}="${label[2]}"} `] : [`${name} `, `${name}{`];
            assert.ok(name === 'up' || samples.some((sample) => exported.includes(`\n${sample}`)), `${alert}: ${samples[0]}`);
        }
    }
});

test('the NATS server of Kubernetes', async () => {
    const all = manifests();
    const of = (kind, name) => all.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
    const pod = of('StatefulSet', 'wcchat-nats').spec.template.spec;
    const { data } = of('ConfigMap', 'wcchat-nats');
    const [option, file] = pod.containers[0].args;
    assert.deepEqual([option, Object.keys(data)], ['-c', [path.basename(file)]]);
    const sources = volumeOf(pod, file).projected.sources.map(({ configMap }) => configMap.name);
    assert.deepEqual(sources, ['wcchat-nats', 'wcchat-nats-accounts']);
    for (const { containerPort } of pod.containers[0].ports)
        assert.match(data['nats.conf'], new RegExp(`:${containerPort}"`));
    await natsWorks(data, workerOptions(of('Deployment', 'wcchat-worker').spec.template.spec.containers[0].args));
});

// As the kubelet does it: files of root's, of the group fsGroup, with the volume's mode.
test('a worker takes its keys as Kubernetes mounts them', { skip: process.getuid() !== 0 }, () => {
    const pod = manifests().find(({ kind }) => kind === 'Deployment').spec.template.spec;
    const { runAsUser, fsGroup } = pod.securityContext;
    const given = workerOptions(pod.containers[0].args);
    const dir = tempFolder('wcchat-secrets');
    fs.chmodSync(dir, 0o755);
    const keys = ['--token-key', '--nats-keys'].map((name) => {
        const file = path.join(dir, path.basename(given[name]));
        if (name === '--token-key')
            writeTokenKey(file);
        else
            execFileSync(path.join(BUILD, 'wcchat-nats'), ['setup', file]);
        fs.chownSync(file, 0, fsGroup);
        fs.chmodSync(file, volumeOf(pod, given[name]).secret.defaultMode);
        return [name, path.basename(file)]; // from within the folder: those above it may be closed to others
    });
    fs.copyFileSync(WORKER, path.join(dir, 'worker'));
    // Nobody is at this Redis, so it goes on until it is ended: by then it has read both.
    const as = ['--reuid', runAsUser, '--regid', fsGroup, '--clear-groups', './worker'];
    const options = ['--redis', 'redis://127.0.0.1:1', '--http', '127.0.0.1:0', '--telnet', '127.0.0.1:0', '--nats', 'nats://127.0.0.1:1'];
    const { stderr, error } = spawnSync('setpriv', [...as, ...options, ...keys.flat()].map(String), { cwd: dir, encoding: 'utf8', timeout: 3000 });
    assert.equal(error?.code, 'ETIMEDOUT', stderr);
});
