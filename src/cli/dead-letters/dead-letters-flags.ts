import type { QualityOfService } from '../../mqtt/protocol/quality-of-service.js';
import { topicFilterProblem } from '../../mqtt/protocol/topic.js';
import { QOS_CHOICES } from '../bridge/bridge-options.js';
import type { BridgeSide } from '../bridge/bridge-side.js';
import { parseTopicTemplate, type TopicTemplate } from '../bridge/topic-template.js';
import { parseBroker, parseConnectTimeout } from '../client/broker-flags.js';
import { BROKER_OPTIONS } from '../client/client-options.js';
import { type CollectedOptions, collectOptions } from '../options/collect-options.js';
import { inWords } from '../options/in-words.js';
import { choiceOption, countOption, requiredOption, secondsOption } from '../options/option-values.js';
import { usageError } from '../options/usage-error.js';
import { DEAD_LETTERS_OPTIONS, DEFAULT_IDLE_SECONDS } from './dead-letters-options.js';
import { FILTER_OPTIONS, isNarrow, type LetterFilter, parseLetterFilter } from './letter-filter.js';

/** Which letters of which file, and how they are told. */
export interface LetterFlags {
  readonly file: string;
  readonly filter: LetterFilter;
  readonly json: boolean;
}

/** Letters that are messages of a topic, in the session of a client. */
export interface TopicLetters {
  readonly from: BridgeSide;
  readonly topic: string;
  /** undefined: a random one, whose session has what is retained and what comes. */
  readonly clientId: string | undefined;
}

/** Letters of a topic, looked at without taking any. */
export interface PeekFlags extends TopicLetters {
  readonly action: 'peek';
  readonly show: boolean;
  readonly filter: LetterFilter;
  readonly json: boolean;
  /** After which nothing more is awaited. */
  readonly idleMs: number;
  readonly connectTimeoutMs: number;
}

/** Letters of a topic that are taken into a file. */
export interface SaveFlags extends TopicLetters {
  readonly action: 'save';
  readonly file: string;
  readonly json: boolean;
  readonly idleMs: number;
  /** Letters after which it ends; undefined: when none comes for `idleMs`. */
  readonly stopAfter: number | undefined;
  readonly connectTimeoutMs: number;
}

/** Where letters are published again. */
export interface ReplayFlags {
  readonly action: 'replay';
  readonly letters: LetterFlags | TopicLetters;
  readonly json: boolean;
  /** Letters of a topic, after which it ends; undefined: at a signal. A file ends by itself. */
  readonly stopAfter: number | undefined;
  /** A file for letters that cannot be published; undefined: of a file they are left, of a topic the replay fails at one. */
  readonly rejected: string | undefined;
  readonly to: BridgeSide;
  readonly template: TopicTemplate;
  readonly qos: QualityOfService;
  /** undefined: a random one, without a directory. */
  readonly clientId: string | undefined;
  /** undefined: at least once. */
  readonly dir: string | undefined;
  readonly connectTimeoutMs: number;
}

/** What `millrace dead-letters` is told to do. */
export type DeadLettersFlags =
  | (LetterFlags & { readonly action: 'list' | 'drop' })
  | (LetterFlags & { readonly action: 'show'; readonly raw: boolean })
  | PeekFlags
  | SaveFlags
  | ReplayFlags;

const FILTERS = Object.keys(FILTER_OPTIONS);
const BROKER = Object.keys(BROKER_OPTIONS);
const OF_FILE = ['file', ...FILTERS, 'json'] as const;
const OF_TOPIC = ['from', 'letters', 'client-id', ...BROKER, 'json'] as const;
const OF_REPLAY = ['to', 'to-topic', 'qos', 'dir', 'client-id', ...BROKER] as const;

type Action = 'list' | 'show' | 'save' | 'replay' | 'drop';

/** What each action takes with a file, and with a topic. */
const TAKEN: Readonly<Record<'file' | 'topic', Readonly<Record<Action, readonly string[]>>>> = {
  file: {
    list: OF_FILE,
    show: [...OF_FILE, 'raw'],
    save: [],
    replay: [...OF_FILE, ...OF_REPLAY],
    drop: [...OF_FILE, 'all'],
  },
  topic: {
    list: [...OF_TOPIC, ...FILTERS, 'idle'],
    show: [...OF_TOPIC, ...FILTERS, 'idle'],
    save: [...OF_TOPIC, 'file', 'idle', 'stop-after'],
    replay: [...OF_TOPIC, ...OF_REPLAY, 'stop-after', 'dead-letters'],
    drop: [],
  },
};

export const ACTIONS: readonly string[] = Object.keys(TAKEN.file);

const isAction = (word: string | undefined): word is Action => word !== undefined && ACTIONS.includes(word);

/** Throws INVALID_OPTIONS. */
export function parseDeadLettersFlags(args: readonly string[], environment: NodeJS.ProcessEnv): DeadLettersFlags {
  const options = collectOptions(args, DEAD_LETTERS_OPTIONS, 1);
  const [action] = options.positionals;
  if (!isAction(action)) throw usageError(`ACTION must be ${inWords(ACTIONS)}`);
  const kind = options.value('letters') === undefined ? 'file' : 'topic';
  if (TAKEN[kind][action].length > 0) refuseForeign(options, kind, action);
  if (kind === 'file' && action !== 'save') return fileFlags(action, options, environment);
  if (kind === 'topic' && action !== 'drop') return topicFlags(action, options, environment);
  const where = kind === 'file' ? 'save is for letters of a topic' : 'drop is for a file: save takes letters into one';
  throw usageError(where, 'letters');
}

function refuseForeign(options: CollectedOptions, kind: 'file' | 'topic', action: Action): void {
  const foreign = Object.keys(DEAD_LETTERS_OPTIONS).find(
    (name) => options.flag(name) && !TAKEN[kind][action].includes(name),
  );
  if (foreign === undefined) return;
  const why =
    FILTERS.includes(foreign) && kind === 'topic' ? ': save takes them into a file, where there is a choice' : '';
  throw usageError(`--${foreign} is not an option of dead-letters ${action} with a ${kind}${why}`, foreign);
}

function fileFlags(
  action: Exclude<Action, 'save'>,
  options: CollectedOptions,
  environment: NodeJS.ProcessEnv,
): DeadLettersFlags {
  const file = options.value('file');
  if (file === undefined) throw usageError('--file is missing, or --from and --letters', 'file');
  const common = { file, filter: parseLetterFilter(options), json: options.flag('json') };
  switch (action) {
    case 'list':
      return { action, ...common };
    case 'show':
      return { action, ...common, raw: rawOption(options) };
    case 'drop':
      if (options.flag('all') !== isNarrow(common.filter)) return { action, ...common };
      throw usageError(
        'drop needs to know which letters: by --error, --topic, --since, --until or --number, or --all',
        'all',
      );
    case 'replay': {
      const to = parseBroker(requiredOption(options, 'to'), 'to', options, environment);
      return { action, letters: common, ...replayOf(options, to) };
    }
  }
}

/** A topic has them for a session: each is taken, or none is. */
function topicFlags(
  action: Exclude<Action, 'drop'>,
  options: CollectedOptions,
  environment: NodeJS.ProcessEnv,
): DeadLettersFlags {
  const topic = requiredOption(options, 'letters');
  const problem = topicFilterProblem(topic);
  if (problem !== undefined) throw usageError(`--letters: ${problem}`, 'letters');
  const from = parseBroker(requiredOption(options, 'from'), 'from', options, environment);
  const letters = { from, topic, clientId: options.value('client-id') };
  const common = { ...letters, json: options.flag('json'), connectTimeoutMs: parseConnectTimeout(options) };
  const idleMs = secondsOption(options, 'idle') ?? DEFAULT_IDLE_SECONDS * 1000;
  if (action === 'list' || action === 'show')
    return { action: 'peek', show: action === 'show', filter: parseLetterFilter(options), idleMs, ...common };
  requiredOption(options, 'client-id');
  if (action === 'save')
    return {
      action,
      ...common,
      file: requiredOption(options, 'file'),
      idleMs,
      stopAfter: countOption(options, 'stop-after', 1),
    };
  const url = options.value('to');
  return {
    action,
    letters,
    ...replayOf(options, url === undefined ? from : parseBroker(url, 'to', options, environment)),
  };
}

function rawOption(options: CollectedOptions): boolean {
  const raw = options.flag('raw');
  if (raw && options.flag('json')) throw usageError('--raw and --json exclude each other', 'raw');
  return raw;
}

function replayOf(options: CollectedOptions, to: BridgeSide): Omit<ReplayFlags, 'letters' | 'action'> {
  const dir = options.value('dir');
  const clientId = options.value('client-id');
  if (dir !== undefined && clientId === undefined) throw usageError('--dir needs --client-id', 'client-id');
  const qos = Number(choiceOption(options, 'qos', QOS_CHOICES) ?? (dir === undefined ? '1' : '2'));
  if (dir !== undefined && qos < 2) throw usageError('exactly once, as with --dir, needs --qos 2', 'qos');
  return {
    to,
    template: parseTopicTemplate(options.value('to-topic') ?? '{topic}'),
    qos: qos === 0 ? 0 : qos === 1 ? 1 : 2,
    clientId,
    dir,
    json: options.flag('json'),
    stopAfter: countOption(options, 'stop-after', 1),
    rejected: options.value('dead-letters'),
    connectTimeoutMs: parseConnectTimeout(options),
  };
}
