import { inClientFlags } from '../client/in-client-flags.js';
import type { Command } from '../command.js';
import { Reporter } from '../job/reporter.js';
import { parseSubFlags, type SubFlags } from './parse-sub-flags.js';
import { runSub } from './run-sub.js';
import { SUB_OPTIONS } from './sub-options.js';

const ABOUT = `Prints the messages of topics, a line each. A line with the word RUNNING goes to stderr when the subscription is granted. Lines that
nobody reads hold back the broker; a pipe that is closed ends the command.
`;

const ENDING = `SIGINT or SIGTERM ends it with 0. A second signal exits at once.
`;

export const SUB: Command<SubFlags> = {
  name: 'sub',
  summary: 'Print the messages of topics',
  about: ABOUT,
  options: SUB_OPTIONS,
  ending: ENDING,
  words: inClientFlags,
  parse: parseSubFlags,
  run: (flags, output) => runSub(flags, output.data, new Reporter(SUB, output, false)),
};
