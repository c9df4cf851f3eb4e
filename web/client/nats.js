import {ChatError} from "./errors.js";
import {CLOSE} from "./session.js";

/**
 * The transport over NATS (see websocket.js for what a transport is). Each connection has credentials of its own, asked
 * for with the access token; when they expire the server ends it, and the client comes back with new ones.
 *
 * `connect` and `jwtAuthenticator` are those of @nats-io/nats-core (`wsconnect`, for browsers) or
 * @nats-io/transport-node; `rest` asks for credentials; `servers` instead of those that come with them.
 */
export function natsTransport({connect, jwtAuthenticator, rest, tokens, servers, browser = false}) {
    return function open(token, handlers) {
        const link = new NatsLink(handlers);
        link.begin(async () => {
            const grant = await rest.request("POST", "/v1/auth/nats", {body: {}, token});
            const connection = await connect({
                servers: servers ?? (browser ? grant.websocket : grant.servers),
                authenticator: jwtAuthenticator(grant.jwt),
                inboxPrefix: `_INBOX_${tokens.user}`,
                reconnect: false,
            });
            return {connection, user: tokens.user};
        });
        return link;
    };
}

/**
 * What a page or program calls its session, so that it hears of events from the first one on. No secret: only the user's
 * own credentials reach it, and Node 18 has no global crypto.
 */
function randomName() {
    return Array.from({length: 24}, () => Math.floor(Math.random() * 16).toString(16)).join("");
}

class NatsLink {
    /** Sessions over NATS are acknowledged: pings carry the cursors, and always come. */
    acknowledged = true;
    session = randomName();
    #connection = null;
    #user = "";
    #over = false;

    constructor(handlers) {
        this.handlers = handlers;
    }

    async begin(connect) {
        try {
            const {connection, user} = await connect();
            if (this.#over)
                return void connection.close();
            this.#connection = connection;
            this.#user = user;
            connection.closed().then((error) => this.#end(isAuthError(error) ? CLOSE.expired : CLOSE.lost));
            connection.subscribe(`wcc.frontend.events.user.${user}.${this.session}`, {
                callback: (error, message) => error || this.#received(message),
            });
            await connection.flush();
            this.#over || this.handlers.opened();
        } catch (error) {
            this.#end(error.code === "unauthenticated" ? CLOSE.expired : CLOSE.lost);
        }
    }

    /** The answer comes to an inbox; who waits for it knows for how long. */
    send(text) {
        if (this.#connection === null)
            throw new ChatError("offline", "There is no connection.");
        this.#connection.request(`wcc.frontend.requests.${this.#user}`, text, {timeout: 60000})
            .then((message) => this.#received(message), () => {});
    }

    #received(message) {
        this.#over || this.handlers.received(message.string());
    }

    close(code = CLOSE.normal) {
        const connection = this.#connection;
        this.#end(code);
        // What was sent last (session.close) is to leave.
        connection?.flush().catch(() => {}).then(() => connection.close());
    }

    #end(code) {
        if (this.#over)
            return;
        this.#over = true;
        this.handlers.closed(code, "");
    }
}

function isAuthError(error) {
    return /auth/i.test(`${error?.name} ${error?.message}`);
}
