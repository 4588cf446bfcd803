import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { MillraceError } from '../../../src/errors/index.js';
import { LmdbStores } from '../../../src/store/index.js';
import { checkHistory } from './store-history.js';

/*
 * A process that flips bits in a copy of a store's file and reads all of it, for each OFFSET:MASK given:
 *   store-reader.ts DIR FILE PRISTINE OFFSET:MASK…
 * stdout: `flip OFFSET:MASK` before it reads and, unless that ends the process, what came of it: `whole`, a code, or `WRONG …`.
 */

const [dir = '', file = '', pristine = '', ...flips] = process.argv.slice(2);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

for (const flip of flips) {
  const [offset = 0, mask = 0] = flip.split(':').map(Number);
  const bytes = readFileSync(pristine);
  bytes[offset] = (bytes[offset] ?? 0) ^ mask;
  writeFileSync(file, bytes);
  say(`flip ${flip}`);
  say(await outcome());
}
copyFileSync(pristine, file);

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
