import { copyFileSync, cpSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { MillraceError } from '../../../src/errors/index.js';
import { openStores } from './store-form.js';
import { checkHistory } from './store-history.js';

/*
 * A process that flips bits in a copy of a store's file and reads all of it, for each OFFSET:MASK[,OFFSET:MASK…] given:
 *   store-reader.ts DIR FILE PRISTINE OFFSET:MASK…
 * `as-it-is` changes nothing. PRISTINE is a copy of the file; or of DIR, which is a store over a log then and put back as a whole.
 * stdout: `flip OFFSET:MASK` before it reads and, unless that ends the process, what came of it: `whole`, a code, or `WRONG …`. A store over
 * a log that says STORAGE_FAILED is opened again: `mended` when it is whole then.
 */

const [dir = '', file = '', pristine = '', ...flips] = process.argv.slice(2);
const overLog = statSync(pristine).isDirectory();
const say = (line: string): void => void process.stdout.write(`${line}\n`);

for (const flip of flips) {
  if (flip !== 'as-it-is') damage(flip);
  say(`flip ${flip}`);
  const found = await outcome();
  if (overLog && found === 'STORAGE_FAILED') say((await outcome()) === 'whole' ? 'mended' : found);
  else say(found);
}
if (!flips.includes('as-it-is')) putBack();

function putBack(): void {
  if (overLog) {
    rmSync(dir, { recursive: true });
    cpSync(pristine, dir, { recursive: true });
  } else {
    copyFileSync(pristine, file);
  }
}

function damage(flip: string): void {
  if (overLog) putBack();
  const bytes = readFileSync(overLog ? join(pristine, relative(dir, file)) : pristine);
  for (const change of flip.split(',')) {
    const [offset = 0, mask = 0] = change.split(':').map(Number);
    bytes[offset] = (bytes[offset] ?? 0) ^ mask;
  }
  writeFileSync(file, bytes);
  // what became of the last one is not this one's
  rmSync(`${file}.opening`, { force: true });
}

async function outcome(): Promise<string> {
  const stores = await openStores(dir, overLog ? 'embedded' : 'lmdb');
  try {
    const store = await stores.open('history', 0);
    const number = checkHistory(store);
    return number === 9 ? 'whole' : `WRONG: commit ${number}`;
  } catch (error) {
    return error instanceof MillraceError ? error.code : `WRONG: ${error}`.replaceAll('\n', ' ').slice(0, 200);
  } finally {
    await stores.close();
  }
}
