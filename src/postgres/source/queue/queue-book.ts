import { corruptState } from '../../../errors/corrupt-state.js';
import { isObject } from '../../../internal/is-object.js';
import type { RowBook } from '../reading/row-reader.js';
import { RowWindow } from '../reading/row-window.js';

/** What a commit has of a queue. */
export interface QueueState {
  /** Raised when a field means something else. */
  readonly version: 1;
  /** Covered by this commit or an earlier one, and not known to be done in the table. */
  readonly covered: readonly string[];
}

/**
 * What becomes of the rows of a queue, by their ids. Pure. The invariants:
 * QB1. A row is given only when its claim is durable in the table, so it is nobody else's.
 * QB2. It is done in the table only when the commit that covers it is durable: a crash before that gives it again.
 * QB3. From that commit on until the table has confirmed that it is done, it stands in what each commit stores: a crash in between finishes
 *      it, and does not give it again.
 */
export class QueueBook implements RowBook {
  readonly #given = new RowWindow();
  /** To be done in the table, in their order (QB2). */
  readonly #covered: Set<string>;

  constructor(restored: unknown) {
    this.#covered = new Set(readQueueState(restored)?.covered);
  }

  /** Claimed by us, and not known to be done. */
  get open(): number {
    return this.#given.size + this.#covered.size;
  }

  /** What is to be done in the table now. */
  get covered(): readonly string[] {
    return [...this.#covered];
  }

  /** Those that must not be given again by this process. */
  get known(): readonly string[] {
    return [...this.#given.keys, ...this.#covered];
  }

  give(position: number, key: string): void {
    this.#given.give(position, key);
  }

  snapshot(upTo: number): QueueState {
    return { version: 1, covered: [...this.#covered, ...this.#given.upTo(upTo)] };
  }

  committed(upTo: number): void {
    for (const key of this.#given.take(upTo)) this.#covered.add(key);
  }

  /** The table has confirmed it. */
  finished(keys: readonly string[]): void {
    for (const key of keys) this.#covered.delete(key);
  }
}

/** @throws MillraceError STORE_CORRUPT for what this version has not written */
const readQueueState = (value: unknown): QueueState | undefined => {
  if (value === undefined) return undefined;
  if (isObject(value)) {
    const { version, covered } = value;
    if (version === 1 && Array.isArray(covered) && covered.every((key) => typeof key === 'string'))
      return { version, covered };
  }
  throw corruptState('the state of a queue is not one that this version has written');
};
