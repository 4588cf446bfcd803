import { type ClientFlags, parseClientFlags } from '../client/client-flags.js';
import { type CollectedOptions, collectOptions } from '../options/collect-options.js';
import { filterOption } from '../options/filter-option.js';
import { choiceOption, countOption, secondsOption } from '../options/option-values.js';
import { usageError } from '../options/usage-error.js';
import type { LineForm } from './message-line.js';
import { RETAIN_CHOICES, SUB_OPTIONS } from './sub-options.js';

/** What `millrace sub` was told. */
export interface SubFlags extends ClientFlags {
  /** At least one, each valid. */
  readonly filters: readonly string[];
  /** What matches one of them is left out. */
  readonly excluded: readonly string[];
  /** Ends after so many; undefined: never. */
  readonly count: number | undefined;
  /** Of retained messages and others. */
  readonly wanted: 'all' | 'retained' | 'live';
  readonly form: LineForm;
  readonly keepSession: boolean;
  /** Seconds; undefined: the default of connections. */
  readonly sessionExpiry: number | undefined;
  /** Ends when the subscription is granted. */
  readonly untilSubscribed: boolean;
  readonly noLocal: boolean;
  readonly retainAsPublished: boolean;
  readonly retainHandling: 0 | 1 | 2;
}

const RETAIN_HANDLING = { '0': 0, '1': 1, '2': 2 } as const;

/** Throws a MillraceError that names the wrong option. */
export function parseSubFlags(args: readonly string[], environment: NodeJS.ProcessEnv): SubFlags {
  const options = collectOptions(args, SUB_OPTIONS, 0);
  const filters = filterOption(options, 'topic');
  if (filters.length === 0) throw usageError('--topic is missing', 'topic');
  const client = parseClientFlags(options, environment);
  return {
    ...client,
    filters,
    excluded: filterOption(options, 'exclude'),
    count: countOption(options, 'count', 1),
    wanted: parseWanted(options),
    form: parseForm(options),
    ...parseSession(options, client),
    untilSubscribed: options.flag('until-subscribed'),
    noLocal: options.flag('no-local'),
    retainAsPublished: options.flag('retain-as-published'),
    retainHandling: RETAIN_HANDLING[choiceOption(options, 'retain-handling', RETAIN_CHOICES) ?? '0'],
  };
}

function parseWanted(options: CollectedOptions): SubFlags['wanted'] {
  const [live, retained] = [options.flag('no-retained'), options.flag('retained-only')];
  if (live && retained) throw usageError('--no-retained and --retained-only exclude each other', 'retained-only');
  // with the flag of its publisher a live message looks like a retained one
  if ((live || retained) && options.flag('retain-as-published'))
    throw usageError(`--retain-as-published hides which messages were retained`, 'retain-as-published');
  return live ? 'live' : retained ? 'retained' : 'all';
}

function parseForm(options: CollectedOptions): LineForm {
  const given = (['json', 'raw'] as const).filter((name) => options.flag(name));
  if (given.length > 1) throw usageError('--json and --raw exclude each other', 'raw');
  return { as: given[0] ?? 'text', verbose: options.flag('verbose') };
}

function parseSession(
  options: CollectedOptions,
  { clientId, broker }: ClientFlags,
): Pick<SubFlags, 'keepSession' | 'sessionExpiry'> {
  const keepSession = options.flag('keep-session');
  const expiryMs = secondsOption(options, 'session-expiry');
  if (keepSession && clientId === undefined)
    throw usageError('--keep-session needs --client-id: the broker finds the session by it', 'client-id');
  if (expiryMs !== undefined && !keepSession)
    throw usageError('--session-expiry needs --keep-session', 'session-expiry');
  if (expiryMs !== undefined && (broker.version ?? 5) < 5)
    throw usageError('--session-expiry needs --mqtt 5', 'session-expiry');
  return { keepSession, sessionExpiry: expiryMs === undefined ? undefined : Math.ceil(expiryMs / 1000) };
}
