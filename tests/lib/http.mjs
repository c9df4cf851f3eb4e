// REST calls on one worker.
import http from 'node:http';

// Idle connections are dropped before the server would, so that no request meets a connection that is just closing.
const agent = new http.Agent({ keepAlive: true, timeout: 1000 });

function decode(headers, text) {
    if (!/json/.test(headers['content-type'] ?? '') || text === '')
        return text;
    return JSON.parse(text);
}

/**
 * One request. `body`: an object is sent as JSON, a string or Buffer as it is. Resolves with {status, headers, body,
 * text} for every status; `body` is parsed when the answer is JSON. `from`: the address of ours that asks. Rejects when there
 * is no answer within `timeout`.
 */
export function request(method, url, { body, token, headers = {}, timeout = 15000, keepAlive = true, from } = {}) {
    const raw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
    const bytes = raw ? body : JSON.stringify(body);
    const all = { ...headers };
    if (token)
        all.authorization = `Bearer ${token}`;
    if (bytes !== undefined) {
        all['content-type'] ??= 'application/json';
        all['content-length'] ??= Buffer.byteLength(bytes);
    }
    return new Promise((resolve, reject) => {
        const call = http.request(url, { method, headers: all, agent: keepAlive ? agent : false, localAddress: from }, (response) => {
            const chunks = [];
            response.on('data', (chunk) => chunks.push(chunk));
            response.on('error', reject);
            response.on('end', () => {
                clearTimeout(timer);
                const text = Buffer.concat(chunks).toString('utf8');
                try {
                    const answer = { status: response.statusCode, headers: response.headers, text };
                    resolve({ ...answer, body: decode(response.headers, text) });
                } catch (error) {
                    reject(new Error(`${method} ${url}: ${error.message}: ${text}`));
                }
            });
        });
        const timer = setTimeout(() => call.destroy(new Error(`${method} ${url}: no answer in ${timeout} ms`)), timeout);
        call.on('error', (error) => {
            clearTimeout(timer);
            reject(error);
        });
        call.end(bytes);
    });
}

/** A worker's API as one caller: `new Api(url, {token}).get('/v1/rooms')`. */
export class Api {
    constructor(url, { token } = {}) {
        this.url = url;
        this.token = token;
    }

    /** The same API for another caller. */
    as(token) {
        return new Api(this.url, { token });
    }

    request(method, path, options = {}) {
        return request(method, this.url + path, { token: this.token, ...options });
    }

    get(path, options) {
        return this.request('GET', path, options);
    }

    post(path, body, options) {
        return this.request('POST', path, { ...options, body });
    }

    put(path, body, options) {
        return this.request('PUT', path, { ...options, body });
    }

    patch(path, body, options) {
        return this.request('PATCH', path, { ...options, body });
    }

    delete(path, options) {
        return this.request('DELETE', path, options);
    }

    /** As `request`, but throws unless the status is one of `statuses`; returns the body. */
    async must(statuses, method, path, body) {
        const answer = await this.request(method, path, { body });
        if (![statuses].flat().includes(answer.status))
            throw new Error(`${method} ${path}: ${answer.status}, expected ${statuses}: ${answer.text}`);
        return answer.body;
    }
}
