import { BROKER_OPTIONS } from '../client/client-options.js';
import type { CommandOptions } from '../command.js';

export const DEFAULT_WAIT_SECONDS = 45;

const { auth: _, ...LOGIN_OPTIONS } = BROKER_OPTIONS;

/** What `millrace check` takes. */
export const CHECK_OPTIONS = {
  deep: {
    kind: 'flag',
    help: 'Cut connections of its own in each phase of QoS 1 and 2, resume, take over, expire, and see what the broker keeps',
  },
  wait: {
    kind: 'value',
    argument: 'S',
    help: `With --deep: how long what should come again is waited for (default ${DEFAULT_WAIT_SECONDS}: some need 30)`,
  },
  'restart-command': {
    kind: 'value',
    argument: 'CMD',
    help: 'With --deep: what restarts the broker, by sh; what it had for an absent reader should be there afterwards',
  },
  json: { kind: 'flag', help: 'One line of JSON on stdout' },
  ...LOGIN_OPTIONS,
} as const satisfies CommandOptions;
