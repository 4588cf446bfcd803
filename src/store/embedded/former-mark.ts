import { readFile, stat } from 'node:fs/promises';
import { makeWhole } from '../../internal/files/make-whole.js';
import { headerOfVersion } from '../lmdb/pages/lmdb-header.js';

/** LMDB has none of that number. */
const VERSION = 1_000;
const TEXT = '\nThis store is in the .log beside it, since a newer version of Millrace opened it.\n';
const MARK = Buffer.concat([headerOfVersion(VERSION), Buffer.from(TEXT)]);

/** What stands where earlier versions had a store. */
export type FormerFile = 'nothing' | 'store' | 'mark';

/** What stands there. */
export async function lookAtFormer(path: string): Promise<FormerFile> {
  try {
    const { size } = await stat(path);
    return size === MARK.byteLength && (await readFile(path)).equals(MARK) ? 'mark' : 'store';
  } catch (error) {
    if (Object(error).code === 'ENOENT') return 'nothing';
    throw error;
  }
}

/**
 * Puts a mark where earlier versions have a store, durably and at once: in the place of one, too. They take it for a file of a newer
 * version and refuse it (STORE_VERSION), where they would else begin anew.
 */
export async function markFormer(path: string): Promise<void> {
  await makeWhole(path, `${path}.new`, (file) => file.writeFile(MARK));
}
