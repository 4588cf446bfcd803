import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { BRIDGE_FILE, type BridgeFile } from '../shape/bridge-file-shape.js';
import { type Checked, checkShape } from './check-shape.js';
import { MAX_BYTES, parseYaml } from './parse-yaml.js';
import type { FileProblem } from './problem.js';

/** A file that is as the declaration says. */
export interface ReadFile extends Omit<Checked<typeof BRIDGE_FILE>, 'value'> {
  readonly file: BridgeFile;
  /** Users other than its owner may read the file. */
  readonly readByOthers: boolean;
}

const TOP = { line: 1, column: 1 };

/** Reads a file. What is wrong with it is given back, all of it. @throws MillraceError UNSUPPORTED without the package `yaml` */
export async function readBridgeFile(
  path: string,
  environment: NodeJS.ProcessEnv,
): Promise<ReadFile | readonly FileProblem[]> {
  const found = textOf(path);
  if ('code' in found) return [found];
  const parsed = await parseBridgeText(found.text, environment);
  return 'file' in parsed ? { ...parsed, readByOthers: found.readByOthers } : parsed;
}

/** The same of a text. */
export async function parseBridgeText(
  text: string,
  environment: NodeJS.ProcessEnv,
): Promise<Omit<ReadFile, 'readByOthers'> | readonly FileProblem[]> {
  if (text.length > MAX_BYTES) return [tooLarge()];
  const { root, problems } = await parseYaml(text);
  if (root === undefined || problems.any) return problems.all;
  const checked = checkShape(root, BRIDGE_FILE, { environment, problems });
  return checked.value === undefined ? problems.all : { ...checked, file: checked.value };
}

/** No more than the bound is read, of whatever it is. */
function textOf(path: string): { readonly text: string; readonly readByOthers: boolean } | FileProblem {
  try {
    const file = openSync(path, 'r');
    try {
      const stats = fstatSync(file);
      if (!stats.isFile()) return unreadable('it is no regular file');
      const bytes = Buffer.alloc(MAX_BYTES + 1);
      const size = readAll(file, bytes);
      if (size > MAX_BYTES) return tooLarge();
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, size));
      return { text, readByOthers: (stats.mode & 0o044) !== 0 };
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return unreadable(error instanceof TypeError ? 'it is no UTF-8' : reasonOf(error));
  }
}

function readAll(file: number, bytes: Buffer): number {
  let size = 0;
  while (size < bytes.length) {
    const read = readSync(file, bytes, size, bytes.length - size, null);
    if (read === 0) break;
    size += read;
  }
  return size;
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return { ENOENT: 'no such file', EACCES: 'permission denied', EISDIR: 'it is a directory' }[code] ?? code;
}

const unreadable = (why: string): FileProblem => ({
  code: 'unreadable',
  place: TOP,
  path: '',
  message: `the file cannot be read: ${why}`,
});

const tooLarge = (): FileProblem => ({
  code: 'too-large',
  place: TOP,
  path: '',
  message: `a file has at most ${MAX_BYTES / 1024} KiB`,
});
