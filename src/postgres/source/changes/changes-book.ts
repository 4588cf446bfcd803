import { corruptState } from '../../../errors/corrupt-state.js';
import { isObject } from '../../../internal/is-object.js';
import type { RowBook } from '../reading/row-reader.js';
import { RowWindow } from '../reading/row-window.js';

/** What a commit has of the rows that were added to a table. */
export interface ChangesState {
  /** Raised when a field means something else. */
  readonly version: 1;
  /** Of the last row that is covered, as text; undefined: none yet. */
  readonly last: string | undefined;
}

/** Up to which row all are covered. Pure. */
export class ChangesBook implements RowBook {
  readonly #given = new RowWindow();
  /** Of the last row that a durable commit covers. */
  #last: string | undefined;

  constructor(restored: unknown) {
    this.#last = readChangesState(restored)?.last;
  }

  /** Behind it reading goes on at a start. */
  get last(): string | undefined {
    return this.#last;
  }

  get open(): number {
    return this.#given.size;
  }

  give(position: number, key: string): void {
    this.#given.give(position, key);
  }

  snapshot(upTo: number): ChangesState {
    return { version: 1, last: this.#given.upTo(upTo).at(-1) ?? this.#last };
  }

  committed(upTo: number): void {
    this.#last = this.#given.take(upTo).at(-1) ?? this.#last;
  }
}

/** @throws MillraceError STORE_CORRUPT for what this version has not written */
const readChangesState = (value: unknown): ChangesState | undefined => {
  if (value === undefined) return undefined;
  if (isObject(value)) {
    const { version, last } = value;
    if (version === 1 && (last === undefined || typeof last === 'string')) return { version, last };
  }
  throw corruptState('the state of a source from PostgreSQL is not one that this version has written');
};
