// nginx in front of a site's workers, as deploy/nginx.conf has it.
import fs from 'node:fs';
import path from 'node:path';

import { eventually } from './eventually.mjs';
import { Child, ROOT, freePort, tempFolder } from './process.mjs';

/** Starts one for the workers that `site` has now. Returns {url, stop()}. */
export async function startNginx(site) {
    const dir = tempFolder('wcchat-nginx');
    const port = await freePort();
    fs.writeFileSync(path.join(dir, 'listen.conf'), `listen 127.0.0.1:${port};\n`);
    fs.writeFileSync(path.join(dir, 'upstream.conf'), site.workers
        .map((worker) => `server 127.0.0.1:${worker.httpPort} max_fails=1 fail_timeout=1s;\n`).join(''));
    const temps = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    fs.writeFileSync(path.join(dir, 'main.conf'), `pid ${dir}/nginx.pid;\nerror_log ${dir}/error.log;\ndaemon off;\n`);
    const conf = fs.readFileSync(path.join(ROOT, 'deploy/nginx.conf'), 'utf8')
        .replace('http {', `http {\n${temps.map((name) => `${name}_temp_path ${dir}/${name};`).join('\n')}`);
    fs.writeFileSync(path.join(dir, 'nginx.conf'), conf);
    const nginx = new Child('/usr/sbin/nginx', ['-p', dir, '-c', path.join(dir, 'nginx.conf'), '-e', path.join(dir, 'error.log')]);
    const url = `http://127.0.0.1:${port}`;
    await eventually(async () => (await fetch(`${url}/healthz`)).status === 200, { what: 'nginx to answer' });
    return { url, stop: () => nginx.end('SIGTERM') };
}
