import { constants } from 'node:fs';
import { makeWhole } from '../../internal/files/make-whole.js';
import { openOwnFile } from '../../internal/files/own-files.js';
import { corruptError } from '../storage-error.js';

const PIECE_BYTES = 1024 * 1024;

/** Which part of a file, and how long its copy is: what is behind the part are zeros. */
export interface CopiedBytes {
  readonly path: string;
  readonly bytes: number;
  readonly length: number;
}

/** Copies the beginning of a file, durably. @throws MillraceError STORE_CORRUPT where it is shorter; errors of the file system */
export async function copyBytes({ path, bytes, length }: CopiedBytes, to: string): Promise<void> {
  const from = await openOwnFile(path, constants.O_RDONLY);
  try {
    await makeWhole(to, `${to}.new`, async (file) => {
      const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, bytes));
      for (let at = 0; at < bytes; ) {
        const { bytesRead } = await from.read(piece, 0, Math.min(piece.byteLength, bytes - at), at);
        if (bytesRead === 0) throw corruptError(`${path} was cut short`);
        await file.writeFile(piece.subarray(0, bytesRead));
        at += bytesRead;
      }
      await file.truncate(Math.max(bytes, length));
    });
  } finally {
    await from.close();
  }
}
