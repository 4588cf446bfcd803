import { type FileHandle, open } from 'node:fs/promises';
import { type LmdbHeader, PAGE_HEADER_BYTES } from './lmdb-header.js';

/*
 * LMDB's trees, as far as they are needed here: the header of a page has flags at 18 and the end of its list of nodes at 20; a node
 * has a header of 8 bytes. In a branch, six of them are the page below; in a leaf, the third word has flags and the fourth the length
 * of the key, behind which a large value has its first page and, 16 bytes on, how many there are.
 */
const FLAGS_AT = 18;
const LIST_END_AT = 20;
const BRANCH = 1;
const NODE_HEADER_BYTES = 8;
const BIG_DATA = 1;

/**
 * Whether pages that LMDB uses lie behind the end of the file: it was cut short. LMDB does leave the last pages of a file unwritten
 * when they are free, so the length alone does not tell. Reads all pages but those of large values.
 */
export async function hasMissingPages(path: string, header: LmdbHeader): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return await misses({ file, pageSize: header.pageSize, pages: Math.floor(size / header.pageSize) }, [
      header.free.root,
      header.records.root,
    ]);
  } finally {
    await file.close();
  }
}

interface PageFile {
  readonly file: FileHandle;
  readonly pageSize: number;
  readonly pages: number;
}

async function misses(pages: PageFile, roots: readonly (number | undefined)[]): Promise<boolean> {
  const open = roots.filter((root) => root !== undefined);
  for (let page = open.pop(); page !== undefined; page = open.pop()) {
    if (page >= pages.pages) return true;
    const content = Buffer.alloc(pages.pageSize);
    await pages.file.read(content, 0, pages.pageSize, page * pages.pageSize);
    for (const node of nodesOf(content)) {
      if (isBranch(content)) open.push(content.readUIntLE(node, 6));
      else if (lastPage(content, node) >= pages.pages) return true;
    }
  }
  return false;
}

function isBranch(content: Buffer): boolean {
  return (content.readUInt16LE(FLAGS_AT) & BRANCH) !== 0;
}

/** Where the nodes are that are whole on their page. */
function nodesOf(content: Buffer): number[] {
  const count = Math.min(content.readUInt16LE(LIST_END_AT), content.byteLength - PAGE_HEADER_BYTES) >> 1;
  const nodes = Array.from(
    { length: count },
    (_, index) => PAGE_HEADER_BYTES + content.readUInt16LE(PAGE_HEADER_BYTES + 2 * index),
  );
  return nodes.filter((node) => node + NODE_HEADER_BYTES <= content.byteLength);
}

/** The last page of a large value; -1 for others. */
function lastPage(content: Buffer, node: number): number {
  const at = node + NODE_HEADER_BYTES + content.readUInt16LE(node + 6);
  if ((content.readUInt16LE(node + 4) & BIG_DATA) === 0 || at + 24 > content.byteLength) return -1;
  return Number(content.readBigUInt64LE(at)) + Number(content.readBigUInt64LE(at + 16)) - 1;
}
