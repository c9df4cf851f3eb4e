import {ChatError, errorFrom} from "./errors.js";

/** Whole seconds to wait, from a Retry-After header (RFC 9110 section 10.2.3), or 0. */
function retryAfter(response) {
    const value = response.headers.get("retry-after");
    if (!value)
        return 0;
    const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - Date.now()) / 1000);
    return seconds > 0 ? seconds : 0;
}

/** The HTTP side: one request, one answer or one ChatError. Knows nothing of tokens but to send one. */
export class Rest {
    constructor(base, {fetch = globalThis.fetch.bind(globalThis), timeoutMs = 20000} = {}) {
        Object.assign(this, {base, fetch, timeoutMs});
    }

    async request(method, path, {query, body, token} = {}) {
        const url = new URL(path, this.base);
        for (const [name, value] of Object.entries(query || {}))
            if (value !== undefined && value !== null && value !== "")
                url.searchParams.set(name, String(value));
        const headers = {accept: "application/json"};
        if (token)
            headers.authorization = `Bearer ${token}`;
        if (body !== undefined)
            headers["content-type"] = "application/json";
        const response = await this.#send(url, {method, headers, body: body && JSON.stringify(body), cache: "no-store"});
        return this.#read(response);
    }

    async #send(url, options) {
        try {
            return await this.fetch(url.href, {...options, signal: AbortSignal.timeout(this.timeoutMs)});
        } catch (error) {
            if (error?.name === "TimeoutError")
                throw new ChatError("timeout", "The server did not answer in time.");
            throw new ChatError("offline", "The server can't be reached.");
        }
    }

    async #read(response) {
        if (response.status === 204)
            return {};
        let document;
        try {
            document = await response.json();
        } catch {
            document = null;
        }
        if (response.ok && document !== null)
            return document;
        const fallback = {code: response.status === 401 ? "unauthenticated" : "unavailable", title: response.statusText};
        throw errorFrom(document?.code ? document : fallback, {
            status: response.status,
            retryAfter: retryAfter(response),
        });
    }
}
