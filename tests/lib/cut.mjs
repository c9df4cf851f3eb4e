// A network between a worker and a server that can be cut in one direction or both, without a connection being told.
import net from 'node:net';

/** Passes connections on to `port` of this machine. `toServer` and `toClient`: false while that way is cut. */
export class Wire {
    toServer = true;
    toClient = true;
    #pairs = new Set();

    static async to(port) {
        const wire = new Wire();
        wire.server = net.createServer((client) => wire.#join(client, port));
        await new Promise((resolve) => wire.server.listen(0, '127.0.0.1', resolve));
        wire.port = wire.server.address().port;
        return wire;
    }

    #join(client, port) {
        const server = net.connect({ port, host: '127.0.0.1' });
        const pair = { client, server, held: [] };
        this.#pairs.add(pair);
        const end = () => {
            client.destroy();
            server.destroy();
            this.#pairs.delete(pair);
        };
        for (const socket of [client, server])
            socket.setNoDelay(true).on('error', end).on('close', end);
        client.on('data', (chunk) => this.#pass(pair, 'toServer', server, chunk));
        server.on('data', (chunk) => this.#pass(pair, 'toClient', client, chunk));
    }

    // As TCP does: what can't pass now passes later, if anybody still waits for it.
    #pass(pair, way, to, chunk) {
        if (this[way])
            to.write(chunk);
        else
            pair.held.push({ way, to, chunk });
    }

    cut(...ways) {
        for (const way of ways)
            this[way] = false;
    }

    mend() {
        this.toServer = this.toClient = true;
        for (const pair of this.#pairs)
            for (const { to, chunk } of pair.held.splice(0))
                to.write(chunk);
    }

    stop() {
        for (const { client, server } of this.#pairs) {
            client.destroy();
            server.destroy();
        }
        this.server.close();
    }
}
