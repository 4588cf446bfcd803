import type { CollectedOptions, OptionKinds } from './collect-options.js';
import { secondsOption } from './option-values.js';

/** What every command that runs a job takes. */
export const COMMON_KINDS = {
  dir: 'value',
  'drain-timeout': 'value',
  'give-up': 'list',
  stats: 'flag',
  json: 'flag',
} as const satisfies OptionKinds;

export interface CommonOptions {
  readonly dir: string | undefined;
  readonly drainTimeoutMs: number;
  readonly giveUp: readonly string[];
  readonly stats: boolean;
  readonly json: boolean;
}

const DEFAULT_DRAIN_SECONDS = 10;

export function parseCommonOptions(options: CollectedOptions): CommonOptions {
  return {
    dir: options.value('dir'),
    drainTimeoutMs: secondsOption(options, 'drain-timeout', DEFAULT_DRAIN_SECONDS),
    giveUp: options.list('give-up'),
    stats: options.flag('stats'),
    json: options.flag('json'),
  };
}
