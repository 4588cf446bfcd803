import type { RowTimes } from './row-times.js';
import { decodeStored } from './stored-value.js';

/** What stands in the store about an outbox besides its rows. */
export interface OutboxHead {
  /** The sender's own. */
  readonly state: unknown;
  /** Seq of the first row that is not complete. */
  readonly low: number;
  /** One above the seq of the last row. */
  readonly end: number;
  /** Bytes of all rows that were ever stored. */
  readonly bytes: number;
  /** Of the rows from `low` on; undefined: an earlier version has written it. */
  readonly times: RowTimes | undefined;
}

/** @throws MillraceError STORE_CORRUPT */
export const readOutboxHead = (bytes: Uint8Array): OutboxHead =>
  // written by `Outbox.seal`, and its bytes are checked by the store
  decodeStored(bytes) as OutboxHead;
