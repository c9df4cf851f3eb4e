/** Named callbacks. One that throws doesn't keep the others from being called. */
export class Emitter {
    #listeners = new Map();

    /** Returns a function that takes the callback off again. */
    on(name, callback) {
        const all = this.#listeners.get(name) || new Set();
        this.#listeners.set(name, all.add(callback));
        return () => all.delete(callback);
    }

    emit(name, value) {
        for (const callback of [...(this.#listeners.get(name) || [])]) {
            try {
                callback(value);
            } catch (error) {
                console.error(error);
            }
        }
    }
}
