import { QOS_CHOICES } from '../bridge/bridge-options.js';
import { BROKER_OPTIONS } from '../client/client-options.js';
import type { CommandOptions } from '../command.js';
import { FILTER_OPTIONS } from './letter-filter.js';

export const DEFAULT_IDLE_SECONDS = 2;

/** What `millrace dead-letters` takes. */
export const DEAD_LETTERS_OPTIONS = {
  file: {
    kind: 'value',
    argument: 'F',
    help: 'The file, as --dead-letters of bridge names it; of save, where they go',
  },
  from: { kind: 'value', argument: 'URL' },
  letters: {
    kind: 'value',
    argument: 'TOPIC',
    help: 'Or: list, show, save, replay: letters of a topic at this broker, in the session of --client-id',
  },
  idle: {
    kind: 'value',
    argument: 'S',
    help: `With --letters: list, show, save: end after S seconds without one (default ${DEFAULT_IDLE_SECONDS})`,
  },
  ...FILTER_OPTIONS,
  all: { kind: 'flag', help: 'drop: all letters, where nothing else says which' },
  raw: { kind: 'flag', help: 'show: the payloads alone, one behind the other, as they were' },
  to: {
    kind: 'value',
    argument: 'URL',
    help: 'replay: the broker to publish to: mqtt://host:1883, mqtts://, ws://, wss:// (default: that of --from)',
  },
  'to-topic': {
    kind: 'value',
    argument: 'TOPIC',
    help: 'replay: where to, with {topic} and {level.N} of the original (default {topic})',
  },
  qos: {
    kind: 'value',
    argument: QOS_CHOICES.join('|'),
    choices: QOS_CHOICES,
    help: 'replay: default 1, with --dir 2, which exactly once needs',
  },
  dir: {
    kind: 'value',
    argument: 'D',
    help: 'replay: exactly once, also after a crash; what was published is kept in D',
  },
  'client-id': { kind: 'value', argument: 'ID', help: 'replay, save: who we are to the broker; needed with --dir' },
  'stop-after': {
    kind: 'value',
    argument: 'N',
    help: 'With --letters: end after N letters (default: replay at SIGINT, save by --idle)',
  },
  'dead-letters': {
    kind: 'value',
    argument: 'F',
    help: 'With --letters: replay: a file for what cannot be published again (default: fail at it)',
  },
  ...BROKER_OPTIONS,
  json: { kind: 'flag', help: 'A line of JSON for each letter, or event, on stdout' },
} as const satisfies CommandOptions;
