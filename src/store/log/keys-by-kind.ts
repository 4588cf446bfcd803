import { compareKeys } from '../compare-keys.js';
import { OrderedKeys } from './ordered-keys.js';

/** Behind the first part of a key, which says what kind of thing is stored there. */
const PART_END = '/';

/** So many kinds are kept apart; keys of further ones stand together. */
const MOST_KINDS = 32;

/** Keys with the same first part. */
interface Kind {
  /** With `PART_END`. Empty: keys of any other kind, or of none. */
  readonly prefix: string;
  readonly keys: OrderedKeys;
}

/**
 * Different keys in the order of their bytes, of each kind for itself: who asks for the few rows of an outbox does not have the keys of very
 * many states put in order.
 */
export class KeysByKind {
  readonly #others: Kind = { prefix: '', keys: new OrderedKeys() };
  readonly #kinds = [this.#others];
  /** Of the key that was added last: mostly the next one is of the same. */
  #last = this.#others;

  /** It was not added before. */
  add(key: string): void {
    const { prefix } = this.#last;
    if (prefix === '' || !key.startsWith(prefix)) this.#last = this.#kindOf(key);
    this.#last.keys.add(key);
  }

  /** The first one that is not below `from` and is below `to`; with `after`, that is above `from`. */
  next(from: string, to: string, after: boolean): string | undefined {
    let next: string | undefined;
    for (const { prefix, keys } of this.#kinds) {
      if (!mayHave(prefix, from, to)) continue;
      const key = keys.next(from, after);
      if (key !== undefined && compareKeys(key, next ?? to) < 0) next = key;
    }
    return next;
  }

  #kindOf(key: string): Kind {
    const prefix = key.slice(0, key.indexOf(PART_END) + 1);
    const known = this.#kinds.find((kind) => kind.prefix === prefix);
    if (known !== undefined) return known;
    if (this.#kinds.length > MOST_KINDS) return this.#others;
    const kind = { prefix, keys: new OrderedKeys() };
    this.#kinds.push(kind);
    return kind;
  }
}

/** Whether a key that begins with `prefix` can be in the range. */
const mayHave = (prefix: string, from: string, to: string): boolean =>
  compareKeys(prefix, to) < 0 && (from.startsWith(prefix) || compareKeys(from, prefix) < 0);
