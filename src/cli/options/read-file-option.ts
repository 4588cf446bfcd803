import { readFileSync } from 'node:fs';
import type { CollectedOptions } from './collect-options.js';
import { usageError } from './usage-error.js';

/** The content of the file that an option names; undefined when the option is not given. */
export function readFileOption(options: CollectedOptions, name: string): Uint8Array | undefined {
  const path = options.value(name);
  if (path === undefined) return undefined;
  try {
    return readFileSync(path);
  } catch (error) {
    throw usageError(`--${name}: cannot read ${path}: ${reasonOf(error)}`, name);
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return { ENOENT: 'no such file', EACCES: 'permission denied', EISDIR: 'it is a directory' }[code] ?? code;
}
