import { HTTP_FLAGS, parseHttpFlags } from '../../http/http-flags.js';
import { collectOptions } from '../../options/collect-options.js';
import { usageError } from '../../options/usage-error.js';
import { BRIDGE_OPTIONS } from '../bridge-options.js';
import type { FileFlags } from './run/run-bridge-file.js';

const BESIDE = ['config', 'check', 'stats', 'json', ...Object.keys(HTTP_FLAGS)];

/** What goes with `--config`; undefined without it. Throws INVALID_OPTIONS for what the file says. */
export function parseFileFlags(args: readonly string[], environment: NodeJS.ProcessEnv): FileFlags | undefined {
  const options = collectOptions(args, BRIDGE_OPTIONS, 0);
  const config = options.value('config');
  if (config === undefined) {
    if (options.flag('check')) throw usageError('--check is of --config, which is missing', 'check');
    return undefined;
  }
  const more = Object.keys(BRIDGE_OPTIONS).find((name) => !BESIDE.includes(name) && options.flag(name));
  if (more !== undefined) throw usageError(`--${more} and --config exclude each other: the file says it`, more);
  return {
    config,
    check: options.flag('check'),
    stats: options.flag('stats'),
    json: options.flag('json'),
    http: parseHttpFlags(options, environment),
    environment,
  };
}
