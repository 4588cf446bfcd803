import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { openOwnFile } from '../../../internal/files/own-files.js';
import { corruptError } from '../../storage-error.js';
import { type LmdbHeader, PAGE_HEADER_BYTES, readLmdbHeader } from './lmdb-header.js';
import { BRANCH, kindOf, LEAF, nodeAt, nodeOffsets, numberOf, OVERFLOW, type PageNode } from './lmdb-page.js';

/** A record as it stands in the file, in bytes that are the reader's own. */
export interface RawRecord {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** A value is at most what a commit may have. */
const MOST_VALUE_BYTES = 128 * 1024 * 1024;

interface Step {
  readonly page: number;
  /** Pages from here to a leaf, itself counted. */
  readonly depth: number;
}

/**
 * The records of an LMDB file in the order of their keys, read page by page and without LMDB: that needs a lock file beside it, and what is damaged
 * may end the process. A page that is not what its place says is told, and left out with what is below it.
 * @param damaged is told what is wrong, each time
 * @throws MillraceError as `readLmdbHeader`
 */
export async function* fileRecords(path: string, damaged: (error: unknown) => void): AsyncGenerator<RawRecord, void> {
  const header = await readLmdbHeader(path);
  const { root, depth } = header.records;
  if (root === undefined) return;
  const file = await openOwnFile(path, constants.O_RDONLY);
  try {
    const pages = new Pages(file, path, header);
    const steps: Step[] = [{ page: root, depth }];
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      try {
        const { page, nodes } = await pages.tree(step);
        if (step.depth > 1) steps.push(...below(step, nodes));
        else yield* pages.leaf(page, nodes, damaged);
      } catch (error) {
        damaged(error);
      }
    }
  } finally {
    await file.close();
  }
}

/** The first one is taken first. */
const below = ({ depth }: Step, nodes: readonly PlacedNode[]): Step[] =>
  nodes.map(({ page = 0 }) => ({ page, depth: depth - 1 })).reverse();

interface PlacedNode extends PageNode {
  readonly keyAt: number;
}

class Pages {
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #header: LmdbHeader;
  /** Each page has its place once: a loop would have no end. */
  readonly #used = new Set<number>();

  constructor(file: FileHandle, path: string, header: LmdbHeader) {
    this.#file = file;
    this.#path = path;
    this.#header = header;
  }

  async tree({ page: number, depth }: Step): Promise<{ readonly page: Buffer; readonly nodes: readonly PlacedNode[] }> {
    const page = await this.#read(number, this.#header.pageSize);
    const offsets = kindOf(page) === (depth > 1 ? BRANCH : LEAF) ? nodeOffsets(page) : undefined;
    if (offsets === undefined)
      throw this.#damage(`page ${number} is of another kind than its place, or its nodes are damaged`);
    const nodes = offsets.map((at) => {
      const node = nodeAt(page, at);
      if (node === undefined) throw this.#damage(`a node of page ${number} does not lie on it`);
      return { ...node, keyAt: node.valueAt - node.keyBytes };
    });
    return { page, nodes };
  }

  async *leaf(
    page: Buffer,
    nodes: readonly PlacedNode[],
    damaged: (error: unknown) => void,
  ): AsyncGenerator<RawRecord, void> {
    for (const node of nodes) {
      try {
        yield { key: page.subarray(node.keyAt, node.valueAt), value: await this.#valueOf(page, node) };
      } catch (error) {
        damaged(error);
      }
    }
  }

  async #valueOf(page: Buffer, { page: first, valueAt, valueBytes }: PlacedNode): Promise<Buffer> {
    if (first === undefined) return page.subarray(valueAt, valueAt + valueBytes);
    if (valueBytes > MOST_VALUE_BYTES) throw this.#damage(`the large value at page ${first} is damaged`);
    const pages = await this.#read(first, PAGE_HEADER_BYTES + valueBytes);
    if (kindOf(pages) !== OVERFLOW) throw this.#damage(`the large value at page ${first} is damaged`);
    return pages.subarray(PAGE_HEADER_BYTES);
  }

  async #read(number: number, length: number): Promise<Buffer> {
    if (this.#used.has(number)) throw this.#damage(`page ${number} is used twice`);
    this.#used.add(number);
    const { pageSize } = this.#header;
    const { bytesRead, buffer } = await this.#file.read(Buffer.alloc(length), 0, length, number * pageSize);
    if (bytesRead < length || numberOf(buffer) !== number) {
      throw this.#damage(`page ${number} is missing, or says that it is another`);
    }
    return buffer;
  }

  #damage(what: string): Error {
    return corruptError(`${this.#path}: ${what}`);
  }
}
