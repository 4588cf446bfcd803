import { visibleJson } from '../../internal/visible-text.js';
import type { Command } from '../command.js';
import { EXIT_CODE } from '../exit-code.js';
import { type Output, Reporter } from '../job/reporter.js';
import { ACTIONS, type DeadLettersFlags, parseDeadLettersFlags } from './dead-letters-flags.js';
import { DEAD_LETTERS_OPTIONS } from './dead-letters-options.js';
import { dropLetters } from './drop-letters.js';
import { peekLetters } from './peek-letters.js';
import { replayLetters } from './replay-letters.js';
import { saveLetters } from './save-letters.js';
import { type LookedThrough, listLetters, showLetters } from './show-letters.js';

const ABOUT = `What could not be processed: dead letters, in a file or as messages of a topic. ACTION is one of:
  list     a line for each: number, time, error, topic, size, where it was rejected
  show     all of them, with payload
  save     takes the letters of a topic into a file, where the others can choose among them
  replay   publishes their messages again, to their own topics or others; a file keeps them
  drop     removes them from the file, which nobody may have open
`;

export const DEAD_LETTERS: Command<DeadLettersFlags> = {
  name: 'dead-letters',
  summary: 'Look at dead letters, publish them again, drop them',
  positional: { name: 'ACTION', choices: ACTIONS },
  about: ABOUT,
  options: DEAD_LETTERS_OPTIONS,
  parse: parseDeadLettersFlags,
  run: runDeadLetters,
};

async function runDeadLetters(flags: DeadLettersFlags, output: Output): Promise<number> {
  switch (flags.action) {
    case 'list':
      return tellDamaged(await listLetters(flags, output), output);
    case 'show':
      return tellDamaged(await showLetters(flags, output), output);
    case 'peek': {
      const foreign = await peekLetters(flags, output, new Reporter(DEAD_LETTERS, output, false));
      if (foreign > 0) output.stderr(`${foreign} messages are no letters\n`);
      return foreign > 0 ? EXIT_CODE.FAILED : EXIT_CODE.OK;
    }
    case 'save':
      return saveLetters(flags, new Reporter(DEAD_LETTERS, output, flags.json));
    case 'replay':
      return replayLetters(flags, new Reporter(DEAD_LETTERS, output, flags.json));
    case 'drop': {
      const done = await dropLetters(flags);
      output.stdout(flags.json ? `${visibleJson(done)}\n` : `dropped ${done.dropped}, kept ${done.kept}\n`);
      return EXIT_CODE.OK;
    }
  }
}

/** Lines that are no letters are no reason to hide the others. */
function tellDamaged({ damaged }: LookedThrough, { stderr }: Output): number {
  if (damaged.length === 0) return EXIT_CODE.OK;
  stderr(`no letters are in the lines ${damaged.join(', ')}\n`);
  return EXIT_CODE.FAILED;
}
