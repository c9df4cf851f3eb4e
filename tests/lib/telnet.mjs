// A telnet client for tests. As a program it answers no negotiation; as a person's client it does.
import net from 'node:net';

const SE = 240, SB = 250, WILL = 251, WONT = 252, DO = 253, DONT = 254, IAC = 255;
const ECHO = 1, SGA = 3, TTYPE = 24, NAWS = 31;

/**
 * Connects. `negotiate`: answer as Debian's telnet does (ECHO, SGA, NAWS, TTYPE), with the window `columns` x `rows`.
 */
export async function connectTelnet({ port, host = '127.0.0.1', negotiate = false, columns = 80, rows = 24 }) {
    const socket = net.connect({ port, host, noDelay: true });
    await new Promise((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
    });
    return new Telnet(socket, { negotiate, columns, rows });
}

export class Telnet {
    #negotiate;
    #size;
    #pending = Buffer.alloc(0); // an unfinished telnet command
    #rest = ''; // an unfinished line
    #at = 0; // how far `expect` has read in `text`
    #waiters = new Set();
    #decoder = new TextDecoder('utf-8');

    constructor(socket, { negotiate, columns, rows }) {
        this.socket = socket;
        this.raw = []; // every chunk as it came
        this.text = ''; // without telnet commands
        this.lines = []; // the complete ones, without CR LF
        this.options = []; // [command, option] that the server sent
        this.echo = true; // false while the server hides what is typed
        this.closed = false;
        this.#negotiate = negotiate;
        this.#size = [columns, rows];
        socket.on('data', (chunk) => this.#receive(chunk));
        socket.on('error', () => {}); // 'close' follows
        socket.on('close', () => {
            this.closed = true;
            this.#wake();
        });
    }

    #wake() {
        for (const check of [...this.#waiters])
            check();
    }

    #receive(chunk) {
        this.raw.push(chunk);
        const text = this.#decoder.decode(this.#plain(Buffer.concat([this.#pending, chunk])), { stream: true });
        this.text += text;
        const lines = (this.#rest + text).split('\n');
        this.#rest = lines.pop();
        for (const line of lines)
            this.lines.push(line.replace(/\r/g, ''));
        this.#wake();
    }

    // Takes telnet commands out of `data`; what is incomplete waits for the next chunk.
    #plain(data) {
        const out = [];
        let i = 0;
        while (i < data.length) {
            if (data[i] !== IAC) {
                const next = data.indexOf(IAC, i);
                const end = next < 0 ? data.length : next;
                out.push(data.subarray(i, end));
                i = end;
                continue;
            }
            const length = this.#commandLength(data, i);
            if (length === 0)
                break;
            if (data[i + 1] === IAC)
                out.push(Buffer.from([IAC]));
            else
                this.#command(data.subarray(i + 1, i + length));
            i += length;
        }
        this.#pending = data.subarray(i);
        return Buffer.concat(out);
    }

    // The length of the command at `i`, 0 when it is incomplete.
    #commandLength(data, i) {
        const code = data[i + 1];
        if (code === undefined)
            return 0;
        if (code >= WILL && code <= DONT)
            return data.length > i + 2 ? 3 : 0;
        if (code !== SB)
            return 2;
        for (let j = i + 2; j + 1 < data.length; j++) {
            if (data[j] !== IAC)
                continue;
            if (data[j + 1] === SE)
                return j + 2 - i;
            j++; // a doubled IAC
        }
        return 0;
    }

    #command([code, option, ...rest]) {
        if (code === SB) {
            if (this.#negotiate && option === TTYPE && rest[0] === 1)
                this.sendRaw([IAC, SB, TTYPE, 0, ...Buffer.from('XTERM'), IAC, SE]);
            return;
        }
        this.options.push([code, option]);
        if (code === WILL && option === ECHO)
            this.echo = false;
        if (code === WONT && option === ECHO)
            this.echo = true;
        if (this.#negotiate)
            this.#answer(code, option);
    }

    #answer(code, option) {
        if (code === WILL)
            this.sendRaw([IAC, option === ECHO || option === SGA ? DO : DONT, option]);
        else if (code === WONT)
            this.sendRaw([IAC, DONT, option]);
        else if (code === DONT)
            this.sendRaw([IAC, WONT, option]);
        else if (code === DO)
            this.sendRaw([IAC, option === NAWS || option === TTYPE ? WILL : WONT, option]);
        if (code === DO && option === NAWS)
            this.resize(...this.#size);
    }

    /** Tells the server the window's size. */
    resize(columns, rows) {
        this.#size = [columns, rows];
        const bytes = [columns >> 8, columns & 255, rows >> 8, rows & 255];
        this.sendRaw([IAC, SB, NAWS, ...bytes.flatMap((b) => (b === IAC ? [IAC, IAC] : [b])), IAC, SE]);
    }

    /** Bytes as they are: a Buffer, an array of numbers or a string. */
    sendRaw(bytes) {
        this.socket.write(typeof bytes === 'string' ? bytes : Buffer.from(bytes));
    }

    /** One line, ended with CR LF. */
    send(line) {
        this.sendRaw(`${line}\r\n`);
    }

    /**
     * Waits until `probe(this)` is truthy and returns that. It is called again whenever something arrives or the
     * connection closes.
     */
    waitFor(probe, { timeout = 20000, what = 'the condition' } = {}) {
        return new Promise((resolve, reject) => {
            let timer = null;
            const finish = (settle, value) => {
                clearTimeout(timer);
                this.#waiters.delete(check);
                settle(value);
            };
            const check = () => {
                try {
                    const value = probe(this);
                    if (value)
                        finish(resolve, value);
                } catch (error) {
                    finish(reject, error);
                }
            };
            const late = () => finish(reject, new Error(
                `waited ${timeout} ms in vain for ${what}${this.closed ? ' (the connection is closed)' : ''}; ` +
                `not read yet: ${JSON.stringify(this.text.slice(this.#at).slice(-2000))}`));
            timer = setTimeout(late, timeout);
            this.#waiters.add(check);
            check();
        });
    }

    /** Waits for a text or pattern after what the last `expect` found. Returns the match. */
    expect(pattern, { timeout = 20000 } = {}) {
        return this.waitFor(() => this.#take(pattern), { timeout, what: String(pattern) });
    }

    #take(pattern) {
        const rest = this.text.slice(this.#at);
        if (typeof pattern === 'string') {
            const at = rest.indexOf(pattern);
            if (at < 0)
                return null;
            this.#at += at + pattern.length;
            return [pattern];
        }
        const match = pattern.exec(rest);
        if (match !== null)
            this.#at += match.index + match[0].length;
        return match;
    }

    /** What came after the last `expect`, without waiting. */
    get unread() {
        return this.text.slice(this.#at);
    }

    /** Waits until `count` complete lines match; returns the matching lines. */
    linesMatching(pattern, count, { timeout = 20000 } = {}) {
        const find = () => {
            const found = this.lines.filter((line) => pattern.test(line));
            return found.length >= count ? found : null;
        };
        return this.waitFor(find, { timeout, what: `${count} lines like ${pattern}` });
    }

    async login(user, password) {
        await this.expect('login: ');
        this.send(user);
        await this.expect('password: ');
        this.send(password);
        await this.expect(`welcome ${user}`);
    }

    /** Sends a line, returns when `pattern` has come. */
    async ask(line, pattern, options) {
        this.send(line);
        return this.expect(pattern, options);
    }

    /** A reader that stops reading: the kernel's buffers fill, then the server's. */
    pause() {
        this.socket.pause();
    }

    resume() {
        this.socket.resume();
    }

    /** Waits until the server has closed the connection. */
    async untilClosed({ timeout = 20000 } = {}) {
        await this.waitFor(() => this.closed, { timeout, what: 'the connection to close' });
    }

    close() {
        this.socket.destroy();
    }
}
