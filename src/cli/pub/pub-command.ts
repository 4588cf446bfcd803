import { inClientFlags } from '../client/in-client-flags.js';
import type { Command } from '../command.js';
import { Reporter } from '../job/reporter.js';
import { type PubFlags, parsePubFlags } from './parse-pub-flags.js';
import { PUB_OPTIONS } from './pub-options.js';
import { runPub } from './run-pub.js';

const ABOUT = `Publishes a message, or each line of stdin, to a topic. It ends with 0 when the broker has confirmed all of it (at QoS 0: when it
is written). A connection that is lost is made again, and what was not confirmed is sent again.
`;

const ENDING = `SIGINT or SIGTERM stops reading, delivers what was read and exits with 0. A second signal exits at once.
`;

export const PUB: Command<PubFlags> = {
  name: 'pub',
  summary: 'Publish to a topic',
  about: ABOUT,
  options: PUB_OPTIONS,
  ending: ENDING,
  words: inClientFlags,
  parse: parsePubFlags,
  run: (flags, output) => runPub(flags, new Reporter(PUB, output, false)),
};
