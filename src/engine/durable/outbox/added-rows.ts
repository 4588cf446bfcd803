import type { OutboxRow } from '../../../connector/durable-sink.js';

/** A chunk in the store has at most so many rows, and so many bytes unless it is one row: what reads a part of it decodes all of it. */
const CHUNK_ROWS = 4096;
const CHUNK_BYTES = 1024 * 1024;

/** A row that no commit has yet. */
export interface AddedRow extends OutboxRow {
  /** Bytes of all rows that were ever added before it. */
  readonly before: number;
}

/** Rows in order, in groups of about the size of a chunk; a group has no gap. */
export const inChunks = (rows: readonly AddedRow[]): readonly (readonly AddedRow[])[] => {
  const chunks: AddedRow[][] = [];
  let chunk: AddedRow[] = [];
  let bytes = 0;
  let next = -1;
  for (const row of rows) {
    // a gap: those between were staged
    if (row.seq !== next || chunk.length >= CHUNK_ROWS || bytes + row.bytes.byteLength > CHUNK_BYTES) {
      chunk = [];
      chunks.push(chunk);
      bytes = 0;
    }
    chunk.push(row);
    bytes += row.bytes.byteLength;
    next = row.seq + 1;
  }
  return chunks;
};

export const bytesOf = (rows: readonly OutboxRow[]): number =>
  rows.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
