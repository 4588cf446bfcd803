import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { MillraceError } from '../../../src/errors/index.js';
import { LmdbStores } from '../../../src/store/index.js';
import { checkHistory } from './store-history.js';

/*
 * A process that flips bits in a copy of a store's file and reads all of it, for each OFFSET:MASK[,OFFSET:MASK…] given:
 *   store-reader.ts DIR FILE PRISTINE OFFSET:MASK…
 * `as-it-is` changes nothing.
 * stdout: `flip OFFSET:MASK` before it reads and, unless that ends the process, what came of it: `whole`, a code, or `WRONG …`.
 */

const [dir = '', file = '', pristine = '', ...flips] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

for (const flip of flips) {
  if (flip !== 'as-it-is') damage(flip);
  say(`flip ${flip}`);
  say(await outcome());
}
if (!flips.includes('as-it-is')) copyFileSync(pristine, file);

function damage(flip: string): void {
  const bytes = readFileSync(pristine);
  for (const change of flip.split(',')) {
    const [offset = 0, mask = 0] = change.split(':').map(Number);
    bytes[offset] = (bytes[offset] ?? 0) ^ mask;
  }
  writeFileSync(file, bytes);
  // what became of the last one is not this one's
  rmSync(`${file}.opening`, { force: true });
}

async function outcome(): Promise<string> {
  const stores = await LmdbStores.open(dir);
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
