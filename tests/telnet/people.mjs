// What the telnet tests share: people who register and talk over telnet alone.
import { PASSWORD } from '../lib/site.mjs';

/** Registers over telnet on worker `index`; the connection is logged in. */
export async function signUp(site, user, index = 0, { password = PASSWORD, ...options } = {}) {
    const telnet = await site.connect(index, options);
    await telnet.expect('login: ');
    telnet.send('register');
    await telnet.expect('new login: ');
    telnet.send(user);
    await telnet.expect('password: ');
    telnet.send(password);
    if (options.negotiate) {
        await telnet.expect('password again: ');
        telnet.send(password);
    }
    await telnet.expect(`welcome ${user}`);
    return telnet;
}

/** Logs in somebody who exists. */
export async function logIn(site, user, index = 0, { password = PASSWORD, ...options } = {}) {
    const telnet = await site.connect(index, options);
    await telnet.login(user, password);
    return telnet;
}

/** What has come but the clock: `05:00` as `HH:MM`. */
export function untimed(line) {
    return line.replace(/\] (#\d+ )?\d\d:\d\d /, '] $1HH:MM ');
}

/** Everything that came, byte for byte. */
export function rawOf(telnet) {
    return Buffer.concat(telnet.raw);
}
