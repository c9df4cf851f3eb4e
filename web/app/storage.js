/** Values by name. A browser that keeps nothing (private windows, full disks) has them as long as the page lasts. */
function keptIn(storage) {
    const here = new Map();
    return {
        get(name) {
            try {
                return here.get(name) ?? JSON.parse(storage().getItem(`wcchat.${name}`));
            } catch {
                return null;
            }
        },
        set(name, value) {
            try {
                storage().setItem(`wcchat.${name}`, JSON.stringify(value));
                here.delete(name);
            } catch {
                here.set(name, value);
            }
        },
    };
}

/** They outlive the page. */
export const preferences = keptIn(() => localStorage);

const inWindow = keptIn(() => sessionStorage);

/** What each user began to write in each conversation: it outlives a reload and a new login, but not the window. */
export const drafts = {
    get: (user, target) => inWindow.get(`draft.${user}.${target}`) || "",
    set: (user, target, text) => inWindow.set(`draft.${user}.${target}`, text),
};

/*
 * The refresh token is worth one use, and all pages share it. localStorage is no place for it: a page may read there
 * what another one replaced some milliseconds ago, lock or no lock; transactions of IndexedDB come one after another.
 */
const database = new Promise((resolve) => {
    try {
        const opening = indexedDB.open("wcchat", 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore("values");
        opening.onsuccess = () => resolve(opening.result);
        opening.onerror = opening.onblocked = () => resolve(null);
    } catch {
        resolve(null);
    }
});

async function inStore(mode, work) {
    const db = await database;
    return db && new Promise((resolve, reject) => {
        const transaction = db.transaction("values", mode);
        const request = work(transaction.objectStore("values"));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
}

let login = null; // where there is no database: as long as the page lasts
const channel = globalThis.BroadcastChannel ? new BroadcastChannel("wcchat.login") : null;

/** For Tokens: shared by all pages of the site. */
export const loginStorage = {
    async load() {
        return (await inStore("readonly", (store) => store.get("login"))) || login;
    },
    async save(value) {
        login = (await database) ? null : value;
        await inStore("readwrite", (store) => store.put(value, "login"));
        channel?.postMessage(value.user);
    },
    async clear() {
        login = null;
        await inStore("readwrite", (store) => store.delete("login"));
        channel?.postMessage(null);
    },
};

/** Tells who signed in, or null for out, when another page did; also when it only used the login. */
export function onLoginElsewhere(callback) {
    channel?.addEventListener("message", ({data}) => callback(data));
}

/** One at a time across all pages; Web Locks need a secure page, elsewhere pages do without. */
export function oneAtATime(work) {
    return navigator.locks ? navigator.locks.request("wcchat.refresh", work) : work();
}
