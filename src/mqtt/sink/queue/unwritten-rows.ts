import { Ring } from '../../../internal/ring.js';
import type { Row } from '../message/row.js';

/** Bytes that may wait for the socket; further rows wait in the queue, where they are bounded and counted. */
const MAX_BYTES = 256 * 1024;

/** QoS 0 rows that are published and whose bytes are not known to have left for the kernel (R16), in the order of publishing. */
export class UnwrittenRows {
  readonly #rows = new Ring<Row>();
  #bytes = 0;

  get size(): number {
    return this.#rows.size;
  }

  /** No more rows are to be published until some have left. */
  get full(): boolean {
    return this.#bytes >= MAX_BYTES;
  }

  add(row: Row): void {
    this.#rows.push(row);
    this.#bytes += row.bytes;
  }

  /** Takes the oldest out. */
  take(): Row | undefined {
    const row = this.#rows.shift();
    if (row !== undefined) this.#bytes -= row.bytes;
    return row;
  }
}
