import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { Body } from './answer.js';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** What the page consists of: read when it is first asked for, and the same for whoever asks. */
export class PageFiles {
  #files: ReadonlyMap<string, Body> | undefined;

  /** Undefined: there is none of this name, or no page beside this module, as in a bundle of somebody's that was made without it. */
  get(name: string): Body | undefined {
    this.#files ??= readFiles();
    return this.#files.get(name);
  }
}

const readFiles = (): ReadonlyMap<string, Body> => {
  const folder = pageFolder();
  if (folder === undefined) return new Map();
  const names = namesIn(folder).filter((name) => extname(name) in TYPES);
  return new Map(
    names.map((name) => [name, { type: TYPES[extname(name)] ?? '', bytes: readFileSync(new URL(name, folder)) }]),
  );
};

/** Undefined where a bundle is CommonJS, which has no URL of a module. */
const pageFolder = (): URL | undefined => {
  const { url } = import.meta;
  return typeof url === 'string' ? new URL('page/', url) : undefined;
};

const namesIn = (folder: URL): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};
