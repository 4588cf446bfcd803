import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { MillraceError } from '../../../errors/index.js';
import { openOwnFile } from '../../../internal/files/own-files.js';
import { corruptError } from '../../storage-error.js';

/** Where a tree begins. */
export interface TreeRoot {
  /** Its first page; an empty one has none. */
  readonly root: number | undefined;
  /** How many pages it is deep. */
  readonly depth: number;
}

/** What is needed of the two meta pages of an LMDB file (data version 2, as lmdb-js 3.x writes it), all little-endian. */
export interface LmdbHeader {
  /** In bytes, as the file was made with. */
  readonly pageSize: number;
  /** The highest page that was ever used. */
  readonly lastPage: number;
  /** The pages that may be written to again, by the commit that has freed them. */
  readonly free: TreeRoot;
  /** All that was put into the file, by key. */
  readonly records: TreeRoot;
}

/** Bytes of the header of every page. */
export const PAGE_HEADER_BYTES = 24;

const PAGE_FLAGS_AT = 18;
const META_PAGE = 8;
const MAGIC_AT = PAGE_HEADER_BYTES;
const MAGIC = 0xbeefc0de;
const VERSION_AT = MAGIC_AT + 4;
const VERSION = 2;
const PAGE_SIZE_AT = MAGIC_AT + 24;
/** The trees: flags at 4, depth at 6, the first page at 40. */
const FREE_AT = PAGE_SIZE_AT;
const RECORDS_AT = PAGE_SIZE_AT + 48;
const LAST_PAGE_AT = PAGE_SIZE_AT + 96;
const TREE_FLAGS = 0x3fff;
/** Keys are numbers. */
const FREE_FLAGS = 8;
const NO_PAGE = 0xffff_ffff_ffff_ffffn;
const COMMITS_AT = PAGE_SIZE_AT + 104;
const META_BYTES = COMMITS_AT + 8;

/**
 * Reads the header of a file. To be called before LMDB opens it: an opening that fails ends the process in this binding (3.5.6).
 * @throws MillraceError STORE_CORRUPT, STORE_VERSION; as `openOwnFile`
 */
export async function readLmdbHeader(path: string): Promise<LmdbHeader> {
  const file = await openOwnFile(path, constants.O_RDONLY);
  try {
    const first = await readMeta(file, 0, path);
    const pageSize = first.readUInt32LE(PAGE_SIZE_AT);
    if (pageSize < 512 || pageSize > 65_536) throw corruptError(`${path}: its pages have ${pageSize} bytes`);
    const second = await readMeta(file, pageSize, path);
    const current = first.readBigUInt64LE(COMMITS_AT) > second.readBigUInt64LE(COMMITS_AT) ? first : second;
    return {
      pageSize,
      lastPage: Number(current.readBigUInt64LE(LAST_PAGE_AT)),
      free: readTree(current, FREE_AT),
      records: readTree(current, RECORDS_AT),
    };
  } finally {
    await file.close();
  }
}

/** The beginning of a file that {@link readLmdbHeader} refuses as one of another version. */
export function headerOfVersion(version: number): Buffer {
  const bytes = Buffer.alloc(META_BYTES);
  bytes.writeUInt16LE(META_PAGE, PAGE_FLAGS_AT);
  bytes.writeUInt32LE(MAGIC, MAGIC_AT);
  bytes.writeUInt32LE(version, VERSION_AT);
  return bytes;
}

function readTree(meta: Buffer, at: number): TreeRoot {
  const root = meta.readBigUInt64LE(at + 40);
  return { root: root === NO_PAGE ? undefined : Number(root), depth: meta.readUInt16LE(at + 6) };
}

async function readMeta(file: FileHandle, position: number, path: string): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(META_BYTES), 0, META_BYTES, position);
  const known = (buffer.readUInt16LE(PAGE_FLAGS_AT) & META_PAGE) !== 0 && buffer.readUInt32LE(MAGIC_AT) === MAGIC;
  if (bytesRead < META_BYTES || !known) throw corruptError(`${path} is no store, or its header is damaged`);
  const version = buffer.readUInt32LE(VERSION_AT) & 0xffff;
  const flags = [FREE_AT, RECORDS_AT].map((at) => buffer.readUInt16LE(at + 4) & TREE_FLAGS);
  if (version === VERSION && (flags[0] !== FREE_FLAGS || flags[1] !== 0)) {
    throw corruptError(`${path}: its header is damaged`);
  }
  if (version === VERSION) return buffer;
  throw new MillraceError(
    'STORE_VERSION',
    `${path} has data version ${version} of LMDB; this version reads ${VERSION}`,
    {
      advice: 'Run the version of Millrace that wrote it. If none did, the file is damaged: restore it from a backup.',
    },
  );
}
