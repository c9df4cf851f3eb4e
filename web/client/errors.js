/**
 * What every request of this library rejects with. `code` is the server's stable code, or one of the library's own:
 * `offline` (no connection), `disconnected` (it ended before the answer), `timeout`, `signed_out`.
 */
export class ChatError extends Error {
    constructor(code, detail, {title, status, retryAfter} = {}) {
        super(detail || title || code);
        this.name = "ChatError";
        this.code = code;
        this.title = title || "";
        this.status = status || 0;
        /** Seconds to wait before trying again, or 0. */
        this.retryAfter = retryAfter || 0;
    }

    /** May the same request work later, unchanged? */
    get temporary() {
        return ["offline", "disconnected", "timeout", "unavailable", "rate_limited"].includes(this.code);
    }
}

/** From the `error` of an answer on a connection (its `retry_ms`), or from a problem document (RFC 9457). */
export function errorFrom(problem, {status = 0, retryAfter = 0} = {}) {
    const p = problem && typeof problem === "object" ? problem : {};
    const wait = Number(retryAfter || p.retry_ms / 1000 || 0);
    return new ChatError(String(p.code || "unavailable"), String(p.detail || ""), {
        title: String(p.title || ""),
        status,
        retryAfter: Number.isFinite(wait) ? wait : 0,
    });
}
