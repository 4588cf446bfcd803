import type { StateKey } from '../../pipeline/stage-state.js';

/** A record of the states of many keys. */
export interface Bundle {
  readonly number: number;
  /** Nothing before it is written. */
  bytes: Uint8Array;
  /** Of the states in it, those that later bundles have anew among them. */
  readonly places: Place[];
}

/** Where the state of a key is among the bundles: in the last one that has it. */
export interface Place {
  readonly key: StateKey;
  readonly storeKey: string;
  /** Undefined: the key has a record of its own, or none. */
  bundle: Bundle | undefined;
  start: number;
  end: number;
}
