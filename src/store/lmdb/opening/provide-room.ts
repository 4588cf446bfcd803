import { constants } from 'node:fs';
import { openOwnFile } from '../../../internal/files/own-files.js';

/** More than the first commit writes. */
const FIRST_BYTES = 64 * 1024;

/** Makes an empty file for LMDB. On a full disk this fails with an error; LMDB's own first write would end the process. */
export async function provideRoom(path: string): Promise<void> {
  const file = await openOwnFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL);
  try {
    await file.writeFile(Buffer.alloc(FIRST_BYTES));
    await file.truncate(0);
  } finally {
    await file.close();
  }
}
