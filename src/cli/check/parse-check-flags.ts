import type { ProtocolVersion } from '../../mqtt/protocol/protocol-version.js';
import type { BridgeSide } from '../bridge/bridge-side.js';
import { parseBroker, parseConnectTimeout } from '../client/broker-flags.js';
import { collectOptions } from '../options/collect-options.js';
import { secondsOption } from '../options/option-values.js';
import { usageError } from '../options/usage-error.js';
import { CHECK_OPTIONS, DEFAULT_WAIT_SECONDS } from './check-options.js';

/** What `millrace check` was told. */
export interface CheckFlags {
  readonly broker: BridgeSide;
  /** In which it is spoken to, one after another. */
  readonly versions: readonly ProtocolVersion[];
  readonly deep: boolean;
  /** How long what should come again is waited for. */
  readonly waitMs: number;
  /** How long a connection may take, after a restart, too. */
  readonly connectTimeoutMs: number;
  /** For a shell; undefined: the broker is not restarted. */
  readonly restartCommand: string | undefined;
  readonly json: boolean;
}

/** Throws a MillraceError that names the wrong option. */
export function parseCheckFlags(args: readonly string[], environment: NodeJS.ProcessEnv): CheckFlags {
  const options = collectOptions(args, CHECK_OPTIONS, 1);
  const [url] = options.positionals;
  if (url === undefined) throw usageError('the URL of a broker is missing: mqtt://localhost:1883');
  const broker = parseBroker(url, 'URL', options, environment);
  const deep = options.flag('deep');
  const ofDeep = (['wait', 'restart-command'] as const).find((name) => options.flag(name));
  if (ofDeep !== undefined && !deep) throw usageError(`--${ofDeep} is of --deep`, ofDeep);
  return {
    broker,
    versions: broker.version === undefined ? [5, 4] : [broker.version],
    deep,
    waitMs: secondsOption(options, 'wait') ?? DEFAULT_WAIT_SECONDS * 1000,
    connectTimeoutMs: parseConnectTimeout(options),
    restartCommand: options.value('restart-command'),
    json: options.flag('json'),
  };
}
