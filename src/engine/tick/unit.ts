/**
 * What can be taken back of a durable job, up to the last `begin`. Of everything that an input may have changed, one object each: the
 * rows of an outbox, states, known keys, pending calls.
 */
export interface Undoable {
  /** From here on it can be undone, until the next `begin`. */
  begin(): void;
  undo(): void;
}

/**
 * The unit that a failure undoes: one input, or all of a poll that can only be committed as a whole. To be able to undo costs the encoding of
 * each state that an input has changed, so it is `on` only for a while after a run has lost work to a failing item.
 */
export interface Unit extends Undoable {
  readonly on: boolean;
  /** It is through: what it did stays. @throws MillraceError when it cannot be stored; `undo` is still possible */
  end(): void;
}

/** Of a job without a store: nothing is committed, and nothing undone. */
export const NO_UNIT: Unit = { on: false, begin: () => {}, undo: () => {}, end: () => {} };
