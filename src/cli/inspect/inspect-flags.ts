import type { NatsOptions } from '../../nats/nats-options.js';
import { NATS_FLAGS, parseNatsFlags } from '../cluster/nats-flags.js';
import type { CommandOptions } from '../command.js';
import { type CollectedOptions, collectOptions } from '../options/collect-options.js';
import { countOption, requiredOption } from '../options/option-values.js';
import { usageError } from '../options/usage-error.js';

/** What is asked for of what a partition has. */
export type Question =
  | { readonly about: 'all' }
  | { readonly about: 'state'; readonly stage: string; readonly key: string }
  | { readonly about: 'row'; readonly sink: string; readonly outbox: string | undefined; readonly seq: number };

/** What `millrace inspect` is told to do. */
export interface InspectFlags {
  /** A directory, or servers, where a job has to be named. */
  readonly at: { readonly directory: string } | { readonly nats: NatsOptions };
  /** Undefined: all that are there. */
  readonly job: string | undefined;
  /** Undefined: all of them. */
  readonly partition: number | undefined;
  readonly question: Question;
  /** Records that are counted of a partition at most; infinite by default. */
  readonly limit: number;
  readonly json: boolean;
  /** Nothing is escaped, and what a question finds is given as it is. */
  readonly raw: boolean;
}

/** What `millrace inspect` takes. */
export const INSPECT_OPTIONS = {
  job: { kind: 'value', argument: 'NAME', help: 'This job alone; needed with --cluster' },
  partition: { kind: 'value', argument: 'N', help: 'This partition of it alone' },
  stage: { kind: 'value', argument: 'S' },
  key: { kind: 'value', argument: 'K', help: 'The state of the key K of stage S, in place of the rest' },
  sink: { kind: 'value', argument: 'S' },
  outbox: { kind: 'value', argument: 'O' },
  seq: {
    kind: 'value',
    argument: 'N',
    help: 'The message with the seq N in the outboxes of sink S, or in its outbox O alone, in place of the rest',
  },
  limit: { kind: 'value', argument: 'N', help: 'Count N records of a partition at most (default: all)' },
  json: { kind: 'flag', help: 'One line of JSON on stdout' },
  raw: {
    kind: 'flag',
    help: 'Names and topics as they are, also what a terminal would obey; with --key or --seq the bytes alone',
  },
  ...NATS_FLAGS,
} as const satisfies CommandOptions;

/** Throws INVALID_OPTIONS. */
export function parseInspectFlags(args: readonly string[], environment: NodeJS.ProcessEnv): InspectFlags {
  const options = collectOptions(args, INSPECT_OPTIONS, 1);
  const raw = options.flag('raw');
  const json = options.flag('json');
  if (raw && json) throw usageError('--raw and --json exclude each other', 'raw');
  return {
    at: placeOf(options, environment),
    job: options.value('job'),
    partition: countOption(options, 'partition', 0),
    question: questionOf(options),
    limit: countOption(options, 'limit', 1) ?? Number.POSITIVE_INFINITY,
    json,
    raw,
  };
}

function placeOf(options: CollectedOptions, environment: NodeJS.ProcessEnv): InspectFlags['at'] {
  const [directory] = options.positionals;
  const nats = Object.keys(NATS_FLAGS).find((name) => options.value(name) !== undefined);
  if (!directory && nats === undefined) throw usageError('DIR is missing: the directory that the job has as --dir');
  if (directory !== undefined && nats !== undefined) throw usageError(`DIR and --${nats} exclude each other`, nats);
  if (directory !== undefined) return { directory };
  requiredOption(options, 'job');
  return { nats: parseNatsFlags(options, environment) };
}

function questionOf(options: CollectedOptions): Question {
  const [stage, key] = pair(options, 'stage', 'key');
  const [sink] = pair(options, 'sink', 'seq');
  const outbox = options.value('outbox');
  const seq = countOption(options, 'seq', 0);
  if (stage !== undefined && sink !== undefined) throw usageError('--stage and --sink exclude each other', 'sink');
  if (outbox !== undefined && sink === undefined) throw usageError('--outbox needs --sink and --seq', 'outbox');
  if (stage !== undefined && key !== undefined) return { about: 'state', stage, key };
  if (sink !== undefined && seq !== undefined) return { about: 'row', sink, outbox, seq };
  return { about: 'all' };
}

/** Both or none. */
function pair(options: CollectedOptions, one: string, other: string): readonly (string | undefined)[] {
  const values = [options.value(one), options.value(other)];
  if ((values[0] === undefined) === (values[1] === undefined)) return values;
  const missing = values[0] === undefined ? one : other;
  throw usageError(`--${one} and --${other} belong together: --${missing} is missing`, missing);
}
