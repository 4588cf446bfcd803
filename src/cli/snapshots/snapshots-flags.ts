import type { CommandOptions } from '../command.js';
import { type CollectedOptions, collectOptions } from '../options/collect-options.js';
import { requiredOption } from '../options/option-values.js';
import { usageError } from '../options/usage-error.js';

/** What is done with the snapshots of a directory. */
export type SnapshotsAction =
  | { readonly do: 'list' }
  | { readonly do: 'export'; readonly name: string; readonly job: string }
  | { readonly do: 'delete'; readonly name: string };

/** What `millrace snapshots` is told to do. */
export interface SnapshotsFlags {
  readonly directory: string;
  readonly action: SnapshotsAction;
  readonly json: boolean;
}

/** What `millrace snapshots` takes. */
export const SNAPSHOTS_OPTIONS = {
  job: { kind: 'value', argument: 'JOB' },
  export: {
    kind: 'value',
    argument: 'NAME',
    help: 'Export the state of the job JOB as it is now, beside its process, under this name',
  },
  delete: { kind: 'value', argument: 'NAME', help: 'Remove the snapshot of this name' },
  json: { kind: 'flag', help: 'One line of JSON on stdout' },
} as const satisfies CommandOptions;

/** Throws INVALID_OPTIONS. */
export function parseSnapshotsFlags(args: readonly string[]): SnapshotsFlags {
  const options = collectOptions(args, SNAPSHOTS_OPTIONS, 1);
  const [directory] = options.positionals;
  if (!directory) throw usageError('DIR is missing: the directory that the job has as --dir');
  return { directory, action: actionOf(options), json: options.flag('json') };
}

function actionOf(options: CollectedOptions): SnapshotsAction {
  const [exported, deleted, job] = ['export', 'delete', 'job'].map((name) => options.value(name));
  if (exported !== undefined && deleted !== undefined)
    throw usageError('--export and --delete exclude each other', 'delete');
  if (job !== undefined && exported === undefined) throw usageError('--job is for --export alone', 'job');
  if (deleted !== undefined) return { do: 'delete', name: deleted };
  if (exported === undefined) return { do: 'list' };
  return { do: 'export', name: exported, job: requiredOption(options, 'job') };
}
