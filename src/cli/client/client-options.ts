import {
  AUTH_CHOICES,
  DEFAULT_CONNECT_SECONDS,
  QOS_CHOICES,
  SIDE_OPTIONS,
  VERSION_CHOICES,
} from '../bridge/bridge-options.js';
import type { CommandOptions } from '../command.js';

/** Who we are to one broker, and how it is spoken to: what the commands take that have one, with the letters of other clients. */
export const BROKER_OPTIONS = {
  ...SIDE_OPTIONS,
  mqtt: { ...SIDE_OPTIONS.mqtt, short: 'V', argument: VERSION_CHOICES.join('|') },
  username: { ...SIDE_OPTIONS.username, short: 'u', help: 'Who we are there; may stand in the URL' },
  keepalive: { ...SIDE_OPTIONS.keepalive, short: 'k' },
  auth: {
    kind: 'value',
    argument: 'A',
    choices: AUTH_CHOICES,
    help: 'How user and password are used: password (default), or scram-sha-256, which sends none (MQTT 5 only)',
  },
  'connect-timeout': {
    kind: 'value',
    argument: 'S',
    help: `How long the first connection may take (default ${DEFAULT_CONNECT_SECONDS}; 0: for ever)`,
  },
} as const satisfies CommandOptions;

/** What `pub` and `sub` take alike. */
export const CLIENT_OPTIONS = {
  url: {
    kind: 'value',
    short: 'L',
    argument: 'URL',
    help: 'The broker: mqtt://host:1883, mqtts://, ws://, wss:// (default mqtt://localhost:1883)',
  },
  host: { kind: 'value', short: 'h', argument: 'H' },
  port: {
    kind: 'value',
    short: 'p',
    argument: 'N',
    help: 'Or so: by default localhost, and 1883, or with an option for TLS 8883 and mqtts',
  },
  'client-id': { kind: 'value', short: 'i', argument: 'ID', help: 'Default: a random one' },
  qos: { kind: 'value', short: 'q', argument: QOS_CHOICES.join('|'), choices: QOS_CHOICES, help: 'Default 0' },
  ...BROKER_OPTIONS,
  'will-topic': { kind: 'value', argument: 'T' },
  'will-payload': { kind: 'value', argument: 'M' },
  'will-qos': { kind: 'value', argument: QOS_CHOICES.join('|'), choices: QOS_CHOICES },
  'will-retain': { kind: 'flag' },
  'will-delay': {
    kind: 'value',
    argument: 'S',
    help: 'What the broker publishes when we are gone without a word, after S seconds (MQTT 5)',
  },
  timeout: { kind: 'value', short: 'W', argument: 'S', help: 'End after S seconds (default: never)' },
} as const satisfies CommandOptions;
