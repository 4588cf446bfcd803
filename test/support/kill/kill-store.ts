import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Endpoints } from './kill-system.js';

type Place = Pick<Endpoints, 'dir'>;

function filesOf({ dir }: Place): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile());
}

/** The file that a job's commits go to: the last segment of its log. */
export const storeFile = (place: Place): string => lastOf(place, '.segment');

/** The file of the view that is written behind it. */
export const viewFile = (place: Place): string => lastOf(place, '.view');

function lastOf(place: Place, ending: string): string {
  const last = filesOf(place)
    .filter((path) => path.endsWith(ending))
    .sort()
    .at(-1);
  if (last === undefined) throw new Error(`no ${ending} below ${place.dir}`);
  return last;
}

/** Flips a bit of every copy of a text, in whichever files it is. */
export function damageText(place: Place, text: string): void {
  if (text === '') throw new Error('no text');
  const damaged = filesOf(place).map((path) => damageFile(path, Buffer.from(text)));
  if (!damaged.includes(true)) throw new Error(`'${text}' is in no file below ${place.dir}`);
}

function damageFile(path: string, wanted: Buffer): boolean {
  const bytes = readFileSync(path);
  const first = bytes.indexOf(wanted);
  if (first < 0) return false;
  for (let at = first; at >= 0; at = bytes.indexOf(wanted, at + 1)) bytes[at + 3] = (bytes[at + 3] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  return true;
}

/** Cuts so many bytes off its end. */
export function truncateStore(place: Place, bytes: number): void {
  const file = storeFile(place);
  truncateSync(file, statSync(file).size - bytes);
}
