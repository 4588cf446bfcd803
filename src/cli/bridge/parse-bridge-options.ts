import type { ProcessingGuarantee } from '../../connector/processing-guarantee.js';
import type { QualityOfService } from '../../mqtt/protocol/quality-of-service.js';
import { checkTopicFilter } from '../../mqtt/protocol/topic.js';
import { type CollectedOptions, collectOptions } from '../options/collect-options.js';
import { type CommonOptions, parseCommonOptions } from '../options/common-options.js';
import { choiceOption, countOption, requiredOption, secondsOption } from '../options/option-values.js';
import { usageError } from '../options/usage-error.js';
import { AUTH_CHOICES, BRIDGE_OPTIONS, DEFAULT_CONNECT_SECONDS, SESSION_LOSS_CHOICES } from './bridge-options.js';
import { type BridgeSide, parseSides } from './bridge-side.js';
import { parseBrokerAddress } from './broker-address.js';
import { refuseCertainLoop, refuseLetterLoop } from './loop-guard.js';
import { parseGuarantee } from './parse-guarantee.js';
import { type BridgeOnError, parseOnError } from './parse-on-error.js';
import { parseTopicTemplate, type TopicTemplate } from './topic-template.js';

type SessionLossChoice = (typeof SESSION_LOSS_CHOICES)[number];

type AuthChoice = (typeof AUTH_CHOICES)[number];

/** A bridge as the command line describes it, checked and with every default applied. */
export interface BridgeOptions extends CommonOptions {
  /** The reading side. */
  readonly from: BridgeSide;
  /** The publishing side. */
  readonly to: BridgeSide;
  /** At least one, each valid. */
  readonly filters: readonly string[];
  /** What matches one of them is left out. */
  readonly excluded: readonly string[];
  /** Each of its levels is one that a topic of each filter may have. */
  readonly template: TopicTemplate;
  /** Of the reading side; the other one has `-0` behind it. */
  readonly clientId: string;
  /** Of the subscription and of what is published; what the guarantee allows. */
  readonly qos: QualityOfService;
  /** Default: at least once, `none` at QoS 0. */
  readonly guarantee: ProcessingGuarantee;
  /** What becomes of what was under way when a broker lost the session; undefined: as the guarantee says. */
  readonly onSessionLoss: SessionLossChoice | undefined;
  /** What becomes of messages that cannot be read or passed on. */
  readonly onError: BridgeOnError;
  /** Messages keep the retain flag that they came with. */
  readonly retain: boolean;
  /** Goes on with a session at the broker that the directory knows nothing of. */
  readonly adoptSession: boolean;
  /** Goes where a broker sends us (5.0). */
  readonly followServerReference: boolean;
  /** How user and password are used, by the sides that have both. */
  readonly auth: AuthChoice;
  /** Stop after this many messages; undefined for never. */
  readonly stopAfter: number | undefined;
  /** How long the first connections may take in all; 0: for ever. */
  readonly connectTimeoutMs: number;
  /** How long a broker that had accepted a side may refuse it; undefined: for ever. */
  readonly refusalTimeoutMs: number | undefined;
}

/** Reads the arguments of `millrace bridge`. Throws a MillraceError that names the wrong option. */
export function parseBridgeOptions(args: readonly string[], environment: NodeJS.ProcessEnv): BridgeOptions {
  const options = collectOptions(args, BRIDGE_OPTIONS, 0);
  const addresses = [
    parseBrokerAddress(requiredOption(options, 'from'), 'from'),
    parseBrokerAddress(requiredOption(options, 'to'), 'to'),
  ] as const;
  const { guarantee, qos } = parseGuarantee(options);
  const filters = parseFilters(options, 'topic');
  if (filters.length === 0) throw usageError('--topic is missing', 'topic');
  const template = parseTemplate(requiredOption(options, 'to-topic'), filters);
  const clientId = requiredOption(options, 'client-id');
  const { from, to } = parseSides(options, addresses, environment);
  const onError = parseOnError(options);
  const route = { from, to, filters, excluded: parseFilters(options, 'exclude'), template };
  refuseCertainLoop(route);
  if (typeof onError === 'object' && 'topic' in onError) refuseLetterLoop(onError.topic, route);
  return {
    ...parseCommonOptions(options),
    ...{ ...route, clientId, qos, guarantee, onError },
    retain: !options.flag('no-retain'),
    onSessionLoss: choiceOption(options, 'on-session-loss', SESSION_LOSS_CHOICES),
    adoptSession: options.flag('adopt-session'),
    followServerReference: options.flag('follow-server-reference'),
    auth: parseAuth(options, [from, to]),
    stopAfter: countOption(options, 'stop-after', 1),
    connectTimeoutMs: secondsOption(options, 'connect-timeout') ?? DEFAULT_CONNECT_SECONDS * 1000,
    refusalTimeoutMs: secondsOption(options, 'refusal-timeout'),
  };
}

/** SCRAM proves a password that nobody gave, or by packets that 3.x has not: said before anything starts. */
function parseAuth(options: CollectedOptions, sides: readonly BridgeSide[]): AuthChoice {
  const auth = choiceOption(options, 'auth', AUTH_CHOICES) ?? 'password';
  if (auth === 'password') return auth;
  const proving = sides.filter(({ username, password }) => username !== undefined && password !== undefined);
  if (proving.length === 0) {
    throw usageError(`--auth ${auth} needs a user and a password on at least one side`, 'auth');
  }
  if (proving.some(({ version = 5 }) => version < 5)) throw usageError(`--auth ${auth} needs --mqtt 5`, 'auth');
  return auth;
}

function parseFilters(options: CollectedOptions, name: 'topic' | 'exclude'): readonly string[] {
  const filters = options.list(name);
  for (const filter of filters) {
    try {
      checkTopicFilter(filter);
    } catch (error) {
      throw usageError(`--${name}: ${error instanceof Error ? error.message : String(error)}`, name);
    }
  }
  return filters;
}

/** A placeholder that no received topic can fill is said before anything starts. */
function parseTemplate(text: string, filters: readonly string[]): TopicTemplate {
  const template = parseTopicTemplate(text);
  const short = filters.find((filter) => longestTopic(filter) < template.highestLevel);
  if (short !== undefined) {
    const level = template.highestLevel;
    throw usageError(
      `--to-topic: no topic of the filter '${short}' has a level ${level} for {level.${level}}`,
      'to-topic',
    );
  }
  return template;
}

function longestTopic(filter: string): number {
  const levels = filter.replace(/^\$share\/[^/]*\//, '').split('/');
  return levels.at(-1) === '#' ? Number.POSITIVE_INFINITY : levels.length;
}
