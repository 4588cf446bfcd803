import { decodeStored } from './stored-value.js';

/** What stands in the store about a source, as of the last commit that covered an input of it. */
export interface SourceRecord {
  /** The position up to which all is covered. */
  readonly upTo: number;
  /** The source's own, which its next reader is given; undefined: it keeps none. */
  readonly state: unknown;
}

/** @throws MillraceError STORE_CORRUPT */
export const readSourceRecord = (bytes: Uint8Array): SourceRecord =>
  // written by `DurableTick.seal`, and its bytes are checked by the store
  decodeStored(bytes) as SourceRecord;
