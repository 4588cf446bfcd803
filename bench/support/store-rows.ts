/** What a row of the store benchmark takes: topic, properties and a small payload. */
export const ROW_BYTES = 200;

/** The rows of one commit, all of its own bytes. */
export const rowsOfCommit = (rows: number, commit: number): Buffer => Buffer.alloc(rows * ROW_BYTES, commit % 251);
