/**
 * What can be taken back of a durable job, up to the last `begin`. Of everything that an input may have changed, one object each: the
 * rows of an outbox, states, known keys, pending calls.
 */
export interface Undoable {
  /** From here on it can be undone, until the next `begin`. */
  begin(): void;
  /** Takes back what was done since `begin`. */
  undo(): void;
}

/**
 * The unit that a failure undoes: one input, or all of a poll that can only be committed as a whole. To be able to undo costs the encoding
 * of each state that an input has changed, so it is `on` only for a while after a run has lost work to a failing item.
 */
export interface Unit extends Undoable {
  /** Whether one comes to its end before another begins, for nothing may be committed in its middle. */
  readonly exclusive: boolean;
  /** Whether each input is one, and can be undone. */
  readonly on: boolean;
  /** It is through: what it did stays. @throws MillraceError when it cannot be stored; `undo` is still possible */
  end(): void;
}

/** Of a job without a store: nothing is committed, and nothing undone. */
export const NO_UNIT: Unit = { exclusive: false, on: false, begin: () => {}, undo: () => {}, end: () => {} };
