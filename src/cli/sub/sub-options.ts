import { CLIENT_OPTIONS } from '../client/client-options.js';
import type { CommandOptions } from '../command.js';

export const RETAIN_CHOICES = ['0', '1', '2'] as const;

/** What `millrace sub` takes. */
export const SUB_OPTIONS = {
  topic: {
    kind: 'list',
    short: 't',
    argument: 'FILTER...',
    required: true,
    help: 'What to read; may repeat and takes several filters; + # and $share/group/ as usual',
  },
  exclude: {
    kind: 'list',
    short: 'T',
    argument: 'FILTER...',
    help: 'Messages whose topic matches one of these are left out',
  },
  count: { kind: 'value', short: 'C', argument: 'N', help: 'End after N messages' },
  verbose: { kind: 'flag', short: 'v', help: 'The topic before each message' },
  json: { kind: 'flag', help: 'Each message as a line of JSON: topic, payload, qos, retain, dup, properties, time' },
  raw: { kind: 'flag', help: 'Bytes as they are, on a terminal too, which may obey them' },
  'no-retained': { kind: 'flag', short: 'R', help: 'Leave out what the broker had kept' },
  'retained-only': { kind: 'flag', help: 'Leave out all else' },
  'until-subscribed': { kind: 'flag', short: 'E', help: 'End when the subscription is granted' },
  ...CLIENT_OPTIONS,
  'keep-session': {
    kind: 'flag',
    short: 'c',
    help: `The broker keeps subscription and messages of --client-id while we are away; a message is
acknowledged when its line is written`,
  },
  'session-expiry': { kind: 'value', short: 'x', argument: 'S', help: 'For how long (MQTT 5; default 7 days)' },
  'no-local': { kind: 'flag' },
  'retain-as-published': { kind: 'flag' },
  'retain-handling': {
    kind: 'value',
    argument: RETAIN_CHOICES.join('|'),
    choices: RETAIN_CHOICES,
    help: `Options of MQTT 5: not what this client publishes, the retain flag as its publisher set it, and retained
messages at each subscribe (0, default), at a new one (1) or never (2)`,
  },
} as const satisfies CommandOptions;
