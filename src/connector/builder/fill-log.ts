import { Ring } from '../../internal/ring.js';
import type { BufferedItems } from './source-buffer.js';

/** A state of the user's source, as bytes, and the items that were added before it and are not covered. */
export interface FillState<T> {
  /** After all of that fill: encoded at once, since the user goes on changing it. */
  readonly state: Uint8Array;
  /** Behind the position of the commit, in their order: given again by the next reader before the functions are asked. */
  readonly rest: BufferedItems<T>;
}

/** The items of one fill, the first of which stands at `first`, and the state after it. */
interface Fill<T> extends BufferedItems<T> {
  readonly first: number;
  state: Uint8Array;
}

/**
 * What a source of the user's own must store so that it goes on exactly behind a position. Its state is known only at the ends of
 * fills; where the position stands inside one, the rest of that fill is stored beside the state after it. So the functions are never
 * asked to make the same items again. Pure; bounded by what the engine has in flight.
 */
export class FillLog<T> {
  readonly #fills = new Ring<Fill<T>>();
  /** After all that is covered; undefined until something is. */
  #covered: Uint8Array | undefined;
  #next = 0;

  /** The function was called and added these items; they stand behind all earlier ones. */
  filled(state: Uint8Array, added: BufferedItems<T>): void {
    const last = this.#fills.peekLast();
    if (added.items.length > 0) this.#fills.push({ ...added, first: this.#next, state });
    // a call that added nothing moves the state only: it stands behind all that was added before
    else if (last === undefined) this.#covered = state;
    else last.state = state;
    this.#next += added.items.length;
  }

  /** What goes into a commit that covers everything up to a position; undefined before the first call of the function. */
  snapshot(upTo: number): FillState<T> | undefined {
    let fill = this.#fills.peek();
    for (; fill !== undefined && fill.first + fill.items.length - 1 <= upTo; fill = this.#fills.peek()) {
      this.#covered = fill.state;
      this.#fills.shift();
    }
    if (fill !== undefined && fill.first <= upTo) {
      const from = upTo + 1 - fill.first;
      return { state: fill.state, rest: { items: fill.items.slice(from), bytes: fill.bytes.slice(from) } };
    }
    return this.#covered === undefined ? undefined : { state: this.#covered, rest: NOTHING };
  }
}

const NOTHING = { items: [], bytes: [] } as const;
