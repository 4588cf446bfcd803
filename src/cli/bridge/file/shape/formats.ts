import { topicFilterProblem, topicNameProblem } from '../../../../mqtt/protocol/topic.js';
import { parseBrokerAddress } from '../../broker-address.js';
import { parseTopicTemplate } from '../../topic-template.js';
import type { Format } from './shape.js';

/** Of brokers and routes: nothing that a terminal, a file system or a path of keys reads in its own way. */
export const NAME_PATTERN = '^[A-Za-z][A-Za-z0-9_-]{0,63}$';
const NAME = new RegExp(NAME_PATTERN);

const passes = (read: () => unknown): boolean => {
  try {
    read();
    return true;
  } catch {
    return false;
  }
};

/** What each format wants, as the end of "must be"; undefined where a text has it. The text is not repeated. */
export const FORMATS: Readonly<Record<Format, (text: string) => string | undefined>> = {
  url: (text) =>
    passes(() => parseBrokerAddress(text, 'url'))
      ? undefined
      : 'the URL of a broker, like mqtt://localhost:1883 (mqtt, mqtts, ws, wss; a port from 1 to 65535)',
  filter: (text) => {
    const problem = topicFilterProblem(text);
    return problem === undefined ? undefined : `a topic filter: ${problem}`;
  },
  topic: (text) => {
    const problem = topicNameProblem(text);
    return problem === undefined ? undefined : `a topic: ${problem}`;
  },
  template: (text) =>
    passes(() => parseTopicTemplate(text))
      ? undefined
      : 'a topic without + and #, in which {topic} and {level.N}, from 1, are the only placeholders, and {{ }} are braces',
  name: (text) => (NAME.test(text) ? undefined : 'a name: a letter, then letters, digits, - and _, at most 64'),
  path: (text) => (text.includes('\0') ? 'a path' : undefined),
};
