import { matchesFilter, topicFilterProblem } from '../../mqtt/protocol/topic.js';
import type { CommandOptions } from '../command.js';
import type { CollectedOptions } from '../options/collect-options.js';
import { usageError } from '../options/usage-error.js';
import type { StoredLetter } from './read-letter.js';

/** Which letters are meant: those that every condition holds for. */
export interface LetterFilter {
  /** Codes of errors; empty: any. */
  readonly errors: readonly string[];
  /** Filters of topics; empty: any, and letters without a topic. */
  readonly topics: readonly string[];
  /** Milliseconds since 1970, inclusive. */
  readonly sinceMs: number | undefined;
  /** Exclusive. */
  readonly untilMs: number | undefined;
  /** Numbers of lines; empty: any. */
  readonly numbers: readonly number[];
}

/** What says which letters are meant. */
export const FILTER_OPTIONS = {
  error: { kind: 'list', argument: 'CODE...', help: 'Letters with one of these errors: PUBLISH_REFUSED' },
  topic: { kind: 'list', argument: 'FILTER...', help: 'Letters of messages whose topic matches one of these' },
  since: { kind: 'value', argument: 'TIME' },
  until: {
    kind: 'value',
    argument: 'TIME',
    help: 'Letters from then on, and before: 2026-12-01, 2026-12-01T08:30:00Z',
  },
  number: {
    kind: 'list',
    argument: 'N...',
    help: 'Letters by the number that list gives them, which is that of their line',
  },
} as const satisfies CommandOptions;

/** Throws INVALID_OPTIONS. */
export function parseLetterFilter(options: CollectedOptions): LetterFilter {
  const topics = options.list('topic');
  for (const filter of topics) {
    const problem = topicFilterProblem(filter);
    if (problem !== undefined) throw usageError(`--topic: ${problem}`, 'topic');
  }
  return {
    errors: options.list('error'),
    topics,
    sinceMs: timeOption(options, 'since'),
    untilMs: timeOption(options, 'until'),
    numbers: options.list('number').map(numberOf),
  };
}

/** Whether anything was said. */
export const isNarrow = ({ errors, topics, sinceMs, untilMs, numbers }: LetterFilter): boolean =>
  errors.length + topics.length + numbers.length > 0 || sinceMs !== undefined || untilMs !== undefined;

/** @param number that of its line */
export const isMeant = (letter: StoredLetter, number: number, filter: LetterFilter): boolean => {
  const { errors, topics, sinceMs, untilMs, numbers } = filter;
  const { error, topic, timestampMs } = letter;
  if (errors.length > 0 && !errors.includes(error.code)) return false;
  if (topics.length > 0 && !topics.some((one) => topic !== undefined && matchesFilter(one, topic))) return false;
  if (numbers.length > 0 && !numbers.includes(number)) return false;
  return timestampMs >= (sinceMs ?? Number.NEGATIVE_INFINITY) && timestampMs < (untilMs ?? Number.POSITIVE_INFINITY);
};

function timeOption(options: CollectedOptions, name: string): number | undefined {
  const text = options.value(name);
  if (text === undefined) return undefined;
  const time = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d)?)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) throw usageError(`--${name} must be a time as 2026-12-01T08:30:00Z`, name);
  return time;
}

function numberOf(text: string): number {
  if (/^\d{1,15}$/.test(text) && Number(text) > 0) return Number(text);
  throw usageError('--number must be whole numbers of at least 1', 'number');
}
