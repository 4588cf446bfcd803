import { readdir, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { MillraceError } from '../../errors/index.js';
import { makeWhole } from '../../internal/files/make-whole.js';
import { LetterLines } from '../../internal/letters/letter-lines.js';
import type { LetterFlags } from './dead-letters-flags.js';
import { isMeant } from './letter-filter.js';
import { readLetter } from './read-letter.js';

/** What became of a file. */
export interface Dropped {
  readonly dropped: number;
  readonly kept: number;
}

/**
 * Writes a file of letters anew, durably and at once, without those that are meant. Lines that are no letters stay, and so does what stands behind
 * the last whole one.
 * @throws MillraceError INVALID_STATE where somebody has it open, who would go on writing to what is no more; INVALID_OPTIONS
 */
export async function dropLetters({ file, filter }: LetterFlags): Promise<Dropped> {
  await using lines = await LetterLines.open(file);
  const path = await realpath(file);
  await refuseOpened(path);
  let dropped = 0;
  let kept = 0;
  await makeWhole(path, `${path}.dropping`, async (made) => {
    for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
      const letter = readLetter(line.bytes);
      if (letter !== undefined && isMeant(letter, line.number, filter)) {
        dropped += 1;
        continue;
      }
      kept += 1;
      await made.writeFile(line.bytes);
      await made.writeFile('\n');
    }
    await made.writeFile(await lines.tail());
    await refuseOpened(path);
  });
  return { dropped, kept };
}

/** Linux tells who has a file open; elsewhere whoever drops letters has to know. */
async function refuseOpened(path: string): Promise<void> {
  if (process.platform !== 'linux') return;
  for (const pid of await namesIn('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const directory = join('/proc', pid, 'fd');
    for (const descriptor of await namesIn(directory)) {
      if ((await leadsTo(join(directory, descriptor))) === path) throw isOpen(path, pid);
    }
  }
}

/** None of what is gone, or another user's. */
const namesIn = (directory: string): Promise<readonly string[]> => readdir(directory).catch(() => []);

const leadsTo = (link: string): Promise<string | undefined> => readlink(link).catch(() => undefined);

const isOpen = (path: string, pid: string): MillraceError =>
  new MillraceError(
    'INVALID_STATE',
    `${path} is open in process ${pid}, which would lose what it writes from then on`,
    {
      advice: 'Stop the job that writes it, drop the letters, and start it again. Reading and replaying need no stop.',
      details: { path, pid: Number(pid) },
    },
  );
