import { CLIENT_OPTIONS } from '../client/client-options.js';
import type { CommandOptions } from '../command.js';

/** What `millrace pub` takes. */
export const PUB_OPTIONS = {
  topic: { kind: 'value', short: 't', argument: 'TOPIC', required: true, help: 'Where to publish' },
  message: { kind: 'value', short: 'm', argument: 'TEXT', help: 'The message' },
  file: { kind: 'value', short: 'f', argument: 'F', help: 'The message is the content of a file' },
  'stdin-line': { kind: 'flag', short: 'l', help: 'Each line of stdin is a message' },
  'stdin-file': { kind: 'flag', short: 's', help: 'All of stdin is one message' },
  'null-message': { kind: 'flag', short: 'n', help: 'An empty message; with --retain it removes a retained one' },
  retain: { kind: 'flag', short: 'r', help: 'The broker keeps the message for later subscribers' },
  ...CLIENT_OPTIONS,
  'content-type': { kind: 'value', argument: 'TEXT' },
  'response-topic': { kind: 'value', argument: 'T' },
  'correlation-data': { kind: 'value', argument: 'TEXT' },
  'user-property': { kind: 'list', argument: 'NAME=VALUE...' },
  'message-expiry': { kind: 'value', argument: 'S' },
  'payload-text': {
    kind: 'flag',
    help: `Properties of MQTT 5: what the message is, where an answer belongs, pairs of your own, for how long it is
worth delivering, and that it is UTF-8 text`,
  },
} as const satisfies CommandOptions;
