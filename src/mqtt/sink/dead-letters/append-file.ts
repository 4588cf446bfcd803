import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { openOwnFile } from '../../../internal/files/own-files.js';
import { syncFoundName, syncNewName } from '../../../internal/files/sync-name.js';

const NEW_LINE = 10;
const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;

/** A file that is only appended to, durably. */
export interface AppendFile {
  /** Writes all of it and waits for the disk. A rejection is final: the file must not be written again (R13). */
  append(bytes: Uint8Array): Promise<void>;
  /** What was appended is on the disk already. */
  close(): Promise<void>;
}

/**
 * Opens a file of lines for appending: a regular one of ours, no link (X2). A new one can be read by its owner only. The file's name is
 * durable before this resolves. A last line that a crash left torn is ended, so that what is appended starts a line of its own.
 */
export const openAppendFile = async (path: string): Promise<AppendFile> => {
  const { file, isNew } = await openOrCreate(path);
  try {
    await (isNew ? syncNewName(path) : syncFoundName(path));
    const torn = await endsWithoutNewLine(file);
    if (torn) await appendAll(file, Uint8Array.of(NEW_LINE));
  } catch (error) {
    await file.close();
    throw error;
  }
  return {
    append: async (bytes) => {
      await appendAll(file, bytes);
      await file.sync();
    },
    close: () => file.close(),
  };
};

const openOrCreate = async (path: string): Promise<{ file: FileHandle; isNew: boolean }> => {
  try {
    return { file: await openOwnFile(path, APPEND | constants.O_EXCL), isNew: true };
  } catch (error) {
    if (Object(error).code !== 'EEXIST') throw error;
    return { file: await openOwnFile(path, APPEND), isNew: false };
  }
};

const endsWithoutNewLine = async (file: FileHandle): Promise<boolean> => {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== NEW_LINE;
};

/** A write may take a part only. */
const appendAll = async (file: FileHandle, bytes: Uint8Array): Promise<void> => {
  for (let rest = bytes; rest.length > 0; ) {
    const { bytesWritten } = await file.write(rest);
    rest = rest.subarray(bytesWritten);
  }
};
