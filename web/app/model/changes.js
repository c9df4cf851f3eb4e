/** Calls back once, soon after any number of changes: with the next picture, or a little later in a hidden page. */
export class Changes {
    #timer = null;
    #frame = null;

    constructor(callback) {
        this.callback = callback;
    }

    changed = () => {
        if (this.#timer !== null)
            return;
        this.#timer = setTimeout(this.#tell, 120);
        this.#frame = requestAnimationFrame(this.#tell);
    };

    #tell = () => {
        clearTimeout(this.#timer);
        cancelAnimationFrame(this.#frame);
        this.#timer = null;
        this.callback();
    };
}
