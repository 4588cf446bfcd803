import type { MillraceError } from '../../errors/index.js';
import { storageError } from '../storage-error.js';

/** A store that is damaged all over says the same a thousand times. */
const MOST_PROBLEMS = 20;

/** What was found wrong while a store was read, each once and the first ones alone. */
export class ProblemList {
  readonly #context: string;
  readonly #all: MillraceError[] = [];

  /** @param context of errors of the system, for messages */
  constructor(context: string) {
    this.#context = context;
  }

  get all(): readonly MillraceError[] {
    return this.#all;
  }

  /** Takes what was thrown. */
  readonly tell = (thrown: unknown): void => {
    const error = storageError(thrown, this.#context);
    if (this.#all.length >= MOST_PROBLEMS || this.#all.some(({ message }) => message === error.message)) return;
    this.#all.push(error);
  };
}
