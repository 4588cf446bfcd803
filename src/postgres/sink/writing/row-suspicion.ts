/** So often a row fails alone before it is the row: a fault of the server's own would have passed. */
const UNCLEAR_TRIES = 3;
/** So often the connection is lost under a row that is written alone. More, for it may be lost for any reason. */
const LOST_TRIES = 5;

/**
 * Which row is believed to be at fault, where the server does not say so (BW4). Only what happens to one and the same row counts, without
 * another one between: whatever passes ends it.
 */
export class RowSuspicion<R> {
  #row: R | undefined;
  #unclear = 0;
  #lost = 0;

  /** It has failed alone, for a reason that may be its own or the server's. True: it is the row. */
  isUnclear(row: R): boolean {
    this.#suspect(row);
    this.#unclear += 1;
    return this.#unclear >= UNCLEAR_TRIES;
  }

  /** The connection has ended without a word while it was written alone. */
  handleLost(row: R): void {
    this.#suspect(row);
    this.#lost += 1;
  }

  /** Whether it is what ends the connections: each time one was there, and the sink open on it. */
  endsConnections(row: R): boolean {
    return this.#row === row && this.#lost >= LOST_TRIES;
  }

  /** Something has passed. */
  clear(): void {
    this.#row = undefined;
  }

  #suspect(row: R): void {
    if (this.#row === row) return;
    this.#row = row;
    this.#unclear = 0;
    this.#lost = 0;
  }
}

/** For its letter, where the server could not say anything. */
export const LOST_FACTS = {
  code: '08006',
  message: `the connection has ended each of the ${LOST_TRIES} times that the row was written alone, so it may be what ends its server process`,
  constraint: undefined,
  column: undefined,
};
