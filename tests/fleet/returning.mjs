// Clients that come back whenever they are cut off.
import { eventually } from '../lib/eventually.mjs';
import { connectWebSocket } from '../lib/websocket.mjs';

const GENERAL = 'wcchat://rooms/general';
export const patience = { timeout: 60000, interval: 200 };
/** An event that general's log has. */
export const stored = (event) => event.data?.target === GENERAL && event.data.seq !== undefined;

/** A client that comes back until `stop`: `connect(last)` returns {gone(): promise, seen(): events, close()}. */
export class Returning {
    constructor(connect) {
        this.connect = connect;
        this.parts = []; // of each connection
        this.stopped = false;
    }

    async open() {
        this.now = await eventually(() => this.connect(this.parts.at(-1)), { ...patience, what: 'a connection' });
        this.parts.push(this.now);
        this.loop = this.now.gone().then(() => (this.stopped ? undefined : this.open()));
        this.loop.catch(() => {});
    }

    /** Sequence numbers, as they were shown. */
    seqs() {
        return this.parts.flatMap((part) => part.seqs());
    }

    async stop() {
        this.stopped = true;
        this.parts.forEach((part) => part.close());
        await this.loop;
    }
}

/** Goes on from its cursors, wherever `url()` says. */
export const webSocket = (url, token) => new Returning(async (before) => {
    const ws = await connectWebSocket(`${url()}/v1/ws`, { token });
    const cursors = before && { ...before.cursors, ...Object.fromEntries(before.ws.events.filter(stored).map((e) => [GENERAL, e.id])) };
    const opened = await ws.must('session.open', cursors ? { cursors } : {}).catch((error) => {
        ws.destroy();
        throw error;
    });
    return {
        ws,
        cursors: cursors ?? opened.cursors,
        seqs: () => ws.events.filter(stored).map((event) => event.data.seq),
        resyncs: () => ws.events.filter((event) => event.type.endsWith('.resync')).length,
        gone: () => ws.waitFor(() => ws.gone, { timeout: 200000 }),
        code: () => ws.closed?.code,
        close: () => ws.destroy(),
    };
});
