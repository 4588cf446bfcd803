/**
 * How the state of a stage becomes bytes in the store of its job. It must give back what it was given: a state may be dropped from
 * memory at any time between two items, and is read again from its bytes.
 */
export interface StateCodec<S> {
  /** Stored with every state. Raise it when the bytes mean something else. A whole number from 0. */
  readonly version: number;
  /** The bytes are the engine's afterwards. An exception fails the job. */
  encode(state: S): Uint8Array;
  /** Bytes of this version; they may be kept. */
  decode(bytes: Uint8Array): S;
  /**
   * Makes a state of bytes that an older version wrote, whichever of them: `version` says which. It must give one. Without it the job is refused
   * with JOB_CHANGED when there are any, and so it is when there are states of a newer version.
   */
  upgrade?(bytes: Uint8Array, version: number): S;
}
