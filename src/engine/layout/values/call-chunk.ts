import type { ItemTime } from '../../../pipeline/time/pending-times.js';
import { decodeStored, encodeStored } from './stored-value.js';

/** Items of a mapAsync stage that were handed over together. Of their frame only what an error names is kept. */
export interface CallPart {
  /** Name of the source, or of the stage with timers. */
  readonly source: string;
  /** Position of its last item that they come from; of timers when the last of them was due. */
  readonly last: number;
  /** Set where they come from timers. */
  readonly ofTimers?: true;
  /** As the codec of the stage made them, each with its version. */
  readonly items: readonly Uint8Array[];
  /** Of each of them, where they have one. */
  readonly times?: readonly ItemTime[];
}

/** Pending items of a mapAsync stage that are stored together. */
export interface CallChunk {
  /** Number of the first item. */
  readonly first: number;
  /** In the order of their numbers. */
  readonly parts: readonly CallPart[];
}

export const encodeCallChunk = (chunk: CallChunk): Uint8Array => encodeStored(chunk);

/** @throws MillraceError STORE_CORRUPT */
export const decodeCallChunk = (bytes: Uint8Array): CallChunk =>
  // made by `encodeCallChunk`, and its bytes are checked by the store
  decodeStored(bytes) as CallChunk;
