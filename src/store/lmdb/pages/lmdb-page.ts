import { PAGE_HEADER_BYTES } from './lmdb-header.js';

/*
 * A page of LMDB's trees, data version 2, all little-endian. Header: its number at 0, flags at 18, the end of the list of nodes at 20 and
 * the start of the nodes at 22, both counted from behind the header, as are the entries of the list. An overflow page has its count of
 * pages at 20. A node: length of its value, or the page below in six bytes; flags at 4 in a leaf; the length of the key at 6; the key;
 * the value, or, if that is large, 24 bytes with its first page at 0 and how many there are at 16.
 */

export const BRANCH = 1;
export const LEAF = 2;
export const OVERFLOW = 4;
const KIND = 0x3f;
const NODE_HEADER_BYTES = 8;
const BIG_DATA = 1;
const BIG_DATA_BYTES = 24;

/** A node as it stands on its page. */
export interface PageNode {
  /** Behind its end, from the start of the page. */
  readonly end: number;
  /** How long its key is; it stands right behind the header of the node. */
  readonly keyBytes: number;
  /** Where its value is on the page, and how long. */
  readonly valueAt: number;
  readonly valueBytes: number;
  /** The page below it (branch), or the first of its value (leaf with a large value); undefined for a value on the page. */
  readonly page: number | undefined;
  /** How many pages a large value has; 0 for others. */
  readonly pages: number;
}

export function numberOf(page: Buffer): number {
  return readNumber(page, 0);
}

/** Eight bytes; inexact where it is far above the number of any page. */
export function readNumber(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * 2 ** 32;
}

/** BRANCH, LEAF, OVERFLOW, or what no page of a tree is. */
export function kindOf(page: Buffer): number {
  return page.readUInt16LE(18) & KIND;
}

export function overflowPages(page: Buffer): number {
  return page.readUInt32LE(20);
}

/** Where the nodes begin, from the start of the page; undefined when the list of nodes cannot be right. */
export function nodeOffsets(page: Buffer): readonly number[] | undefined {
  const listEnd = page.readUInt16LE(20);
  const firstNode = page.readUInt16LE(22);
  if (listEnd % 2 !== 0 || listEnd > firstNode || PAGE_HEADER_BYTES + firstNode > page.byteLength) return undefined;
  const offsets = Array.from(
    { length: listEnd / 2 },
    (_, index) => PAGE_HEADER_BYTES + page.readUInt16LE(PAGE_HEADER_BYTES + 2 * index),
  );
  const lowest = PAGE_HEADER_BYTES + firstNode;
  return offsets.every((at) => at >= lowest && at + NODE_HEADER_BYTES <= page.byteLength) ? offsets : undefined;
}

/** The node at an offset; undefined when it does not lie on the page. */
export function nodeAt(page: Buffer, at: number): PageNode | undefined {
  const keyBytes = page.readUInt16LE(at + 6);
  const valueAt = at + NODE_HEADER_BYTES + keyBytes;
  const node = kindOf(page) === BRANCH ? branchNode(page, at, valueAt) : leafNode(page, at, valueAt);
  return node !== undefined && node.end <= page.byteLength ? { ...node, keyBytes, valueAt } : undefined;
}

type Rest = Omit<PageNode, 'keyBytes' | 'valueAt'>;

function branchNode(page: Buffer, at: number, valueAt: number): Rest {
  return { end: valueAt, valueBytes: 0, page: page.readUIntLE(at, 6), pages: 0 };
}

function leafNode(page: Buffer, at: number, valueAt: number): Rest | undefined {
  const flags = page.readUInt16LE(at + 4);
  const valueBytes = page.readUInt32LE(at);
  if (flags === 0) return { end: valueAt + valueBytes, valueBytes, page: undefined, pages: 0 };
  const end = valueAt + BIG_DATA_BYTES;
  if (flags !== BIG_DATA || end > page.byteLength) return undefined;
  return { end, valueBytes, page: readNumber(page, valueAt), pages: readNumber(page, valueAt + 16) };
}
