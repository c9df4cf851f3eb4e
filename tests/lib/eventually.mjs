// Waiting for a condition, with a deadline. Tests never sleep for a fixed time where this will do.
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Calls `probe` until it returns something truthy, which is returned. A probe that throws is tried again. After
 * `timeout` milliseconds it throws, naming `what` and the last failure.
 */
export async function eventually(probe, { timeout = 20000, interval = 10, what = 'the condition' } = {}) {
    const deadline = Date.now() + timeout;
    let last;
    for (;;) {
        try {
            const value = await probe();
            if (value)
                return value;
            last = `it was ${JSON.stringify(value)}`;
        } catch (error) {
            last = error.message;
        }
        if (Date.now() >= deadline)
            throw new Error(`waited ${timeout} ms in vain for ${what}: ${last}`);
        await sleep(interval);
    }
}

/** Rejects when `promise` is not settled after `timeout` milliseconds. */
export async function within(timeout, promise, what = 'the promise') {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`waited ${timeout} ms in vain for ${what}`)), timeout);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}
