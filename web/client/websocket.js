/**
 * The transport over WebSocket. A transport is one function, `open(token, handlers)`, that starts a connection and
 * returns its link at once:
 *
 *   handlers.opened()             it can be written to
 *   handlers.received(text)       one JSON text came
 *   handlers.closed(code, reason) once, also when it never opened; nothing comes after it
 *   link.send(text), link.close(code, reason)
 *
 * Another carrier (NATS, say) brings a function like it.
 */
export function webSocketTransport(url, {WebSocket = globalThis.WebSocket} = {}) {
    return function open(token, handlers) {
        const socket = new WebSocket(url, ["wcchat.v1", `bearer.${token}`]);
        let over = false;
        const end = (code, reason) => {
            if (over)
                return;
            over = true;
            handlers.closed(code, reason);
        };
        socket.onopen = () => over || handlers.opened();
        socket.onmessage = (message) => over || typeof message.data !== "string" || handlers.received(message.data);
        socket.onclose = (close) => end(close.code, close.reason);
        return {
            send: (text) => socket.send(text),
            // A dead peer never answers the closing handshake: what it would say is not waited for.
            close: (code = 1000, reason = "") => {
                socket.close(code, reason);
                end(code, reason);
            },
        };
    };
}

/** The WebSocket address of a site. */
export function webSocketUrl(base) {
    const url = new URL("/v1/ws", base);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return url.href;
}
