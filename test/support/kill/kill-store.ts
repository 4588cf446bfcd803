import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Endpoints } from './kill-system.js';

/** The file that a job keeps its state in: the largest one below its directory. */
export function storeFile({ dir }: Pick<Endpoints, 'dir'>): string {
  const files = readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((name) => join(dir, name));
  const sizes = files.map((path) => ({ path, stat: statSync(path) })).filter(({ stat }) => stat.isFile());
  const [largest] = sizes.sort((a, b) => b.stat.size - a.stat.size);
  if (largest === undefined) throw new Error(`no file below ${dir}`);
  return largest.path;
}

/** Flips a bit of every copy of a text in it: pages that are not used any more may have one, too. */
export function damageText(ends: Pick<Endpoints, 'dir'>, text: string): void {
  const file = storeFile(ends);
  const bytes = readFileSync(file);
  const wanted = Buffer.from(text);
  let at = bytes.indexOf(wanted);
  if (text === '' || at < 0) throw new Error(`'${text}' is not in ${file}`);
  for (; at >= 0; at = bytes.indexOf(wanted, at + 1)) bytes[at + 3] = (bytes[at + 3] ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

/** Cuts so many bytes off its end. */
export function truncateStore(ends: Pick<Endpoints, 'dir'>, bytes: number): void {
  const file = storeFile(ends);
  truncateSync(file, statSync(file).size - bytes);
}
