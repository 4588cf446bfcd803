import type { CommandOptions } from '../command.js';
import { collectOptions } from '../options/collect-options.js';
import { COMMON_OPTIONS, type CommonOptions, parseCommonOptions } from '../options/common-options.js';
import { usageError } from '../options/usage-error.js';
import { NODE_FLAGS, type NodeFlags, parseNodeFlags } from './node-flags.js';

/** What `millrace run` is told. */
export interface RunOptions extends CommonOptions {
  /** The module as given: a path from the working directory. */
  readonly module: string;
  /** `--drain-timeout` was given; otherwise the module's own `config` may say it. */
  readonly drainTimeoutGiven: boolean;
  /** As `JobOptions.dropState` has them; empty by default. */
  readonly dropState: readonly string[];
  /** As `JobOptions.initialSnapshot` has it. */
  readonly initialSnapshot: string | undefined;
  /** Undefined: the job runs in this process alone. */
  readonly node: NodeFlags | undefined;
}

/** What `millrace run` takes. */
export const RUN_OPTIONS = {
  dir: {
    kind: 'value',
    argument: 'D',
    help: 'Where jobs with exactly-once, or with at-least-once and state, keep it; one process at a time. With --cluster: a copy of what\nthis node has, so that it starts quickly',
  },
  'drop-state': {
    kind: 'list',
    argument: 'STAGE...',
    help: 'Drop the stored state of a stage that is no more, or whose codec cannot read it',
  },
  'initial-snapshot': {
    kind: 'value',
    argument: 'NAME',
    help: 'Begin with the state of this snapshot in --dir, where the job has stored nothing yet (millrace snapshots)',
  },
  ...COMMON_OPTIONS,
  ...NODE_FLAGS,
} as const satisfies CommandOptions;

/** Reads the arguments of `millrace run`. Throws a MillraceError that names what is wrong. */
export function parseRunOptions(args: readonly string[], environment: NodeJS.ProcessEnv): RunOptions {
  const options = collectOptions(args, RUN_OPTIONS, 1);
  const [module] = options.positionals;
  if (module === undefined) throw usageError('MODULE is missing: the file that exports the pipeline');
  return {
    ...parseCommonOptions(options, environment),
    module,
    drainTimeoutGiven: options.value('drain-timeout') !== undefined,
    dropState: options.list('drop-state'),
    initialSnapshot: options.value('initial-snapshot'),
    node: parseNodeFlags(options, environment),
  };
}
