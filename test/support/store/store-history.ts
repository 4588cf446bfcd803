import assert from 'node:assert/strict';
import type { Store, StoreBatch } from '../../../src/store/index.js';

/** So many of the last commits still have their rows. */
const KEPT = 5;

const commitKey = (number: number): string => `row/${String(number).padStart(8, '0')}/`;
const rowKey = (number: number, row: number): string => `${commitKey(number)}${String(row).padStart(6, '0')}`;
const rowBytes = (number: number, row: number): Uint8Array =>
  new Uint8Array(50 + ((number * 31 + row * 17) % 400)).fill(number + row);

/** Commit `number` of a history in which any half commit shows: it adds rows, removes those of an old commit and counts itself. */
export function historyCommit(number: number, rows: number): StoreBatch {
  const batch = new Map<string, Uint8Array | undefined>([['head', Buffer.from(JSON.stringify({ number, rows }))]]);
  for (let row = 0; row < rows; row++) {
    batch.set(rowKey(number, row), rowBytes(number, row));
    if (number >= KEPT) batch.set(rowKey(number - KEPT, row), undefined);
  }
  return batch;
}

/**
 * Checks that the store has a history up to some commit, all of it and nothing more, and gives that commit's number; -1 for none. All
 * commits must have had the same number of rows.
 */
export function checkHistory(store: Store): number {
  const head = store.get('head');
  const stored = [...store.range('row/', 'row0')];
  if (head === undefined) {
    assert.deepEqual(stored, []);
    return -1;
  }
  const { number, rows } = JSON.parse(Buffer.from(head).toString());
  const expected = [];
  for (let kept = Math.max(0, number - KEPT + 1); kept <= number; kept++) {
    for (let row = 0; row < rows; row++) expected.push({ key: rowKey(kept, row), value: rowBytes(kept, row) });
  }
  assert.deepEqual(stored, expected);
  for (const { key, value } of expected) assert.deepEqual(store.get(key), value);
  return number;
}
