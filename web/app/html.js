import htm from "htm";
import {Component, h} from "preact";

export {Component, Fragment, render} from "preact";
export {useEffect, useId, useLayoutEffect, useRef, useState} from "preact/hooks";

export const html = htm.bind(h);

/** A component that is drawn again only when one of its properties is another. */
export function memo(draw) {
    return class extends Component {
        shouldComponentUpdate(next) {
            const names = Object.keys(next);
            return names.length !== Object.keys(this.props).length || names.some((n) => next[n] !== this.props[n]);
        }

        render() {
            return draw(this.props);
        }
    };
}
