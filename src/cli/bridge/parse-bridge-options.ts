import type { ProcessingGuarantee } from '../../connector/processing-guarantee.js';
import type { QualityOfService } from '../../mqtt/protocol/quality-of-service.js';
import { collectOptions } from '../options/collect-options.js';
import { type CommonOptions, parseCommonOptions } from '../options/common-options.js';
import { filterOption } from '../options/filter-option.js';
import { choiceOption, countOption, requiredOption, secondsOption } from '../options/option-values.js';
import { usageError } from '../options/usage-error.js';
import { BRIDGE_OPTIONS, DEFAULT_CONNECT_SECONDS, SESSION_LOSS_CHOICES } from './bridge-options.js';
import { type BridgeSide, parseSides } from './bridge-side.js';
import { parseBrokerAddress } from './broker-address.js';
import { refuseCertainLoop, refuseLetterLoop } from './loop-guard.js';
import { parseGuarantee } from './parse-guarantee.js';
import { type BridgeOnError, parseOnError } from './parse-on-error.js';
import { parseTopicTemplate, type TopicTemplate, tooShortFor } from './topic-template.js';

export type SessionLossChoice = (typeof SESSION_LOSS_CHOICES)[number];

/** One route from broker to broker, checked and with every default applied. */
export interface BridgeOptions {
  /** The reading side. */
  readonly from: BridgeSide;
  /** The publishing side. */
  readonly to: BridgeSide;
  /** Each valid; at least one, but where `formerFilters` are to go and nothing else is to happen. */
  readonly filters: readonly string[];
  /** What the session may have besides, and is to have no more. */
  readonly formerFilters?: readonly string[] | undefined;
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
  /** Stop after this many messages; undefined for never. */
  readonly stopAfter: number | undefined;
  /** Throws when a message to this topic would come back. Default: by what is known of this route alone. */
  readonly refuseLoop?: ((topic: string) => void) | undefined;
}

/** The bridge of a command line, which nobody may be there to watch. */
export interface BridgeFlags extends BridgeOptions, CommonOptions {
  /** How long the first connections may take in all; 0: for ever. */
  readonly connectTimeoutMs: number;
}

/** Reads the arguments of `millrace bridge`. Throws a MillraceError that names the wrong option. */
export function parseBridgeOptions(args: readonly string[], environment: NodeJS.ProcessEnv): BridgeFlags {
  const options = collectOptions(args, BRIDGE_OPTIONS, 0);
  const addresses = [
    parseBrokerAddress(requiredOption(options, 'from'), 'from'),
    parseBrokerAddress(requiredOption(options, 'to'), 'to'),
  ] as const;
  const { guarantee, qos } = parseGuarantee(options);
  const filters = filterOption(options, 'topic');
  if (filters.length === 0) throw usageError('--topic is missing', 'topic');
  const template = parseTemplate(requiredOption(options, 'to-topic'), filters);
  const clientId = requiredOption(options, 'client-id');
  const { from, to } = parseSides(options, addresses, environment);
  const onError = parseOnError(options);
  const route = { from, to, filters, excluded: filterOption(options, 'exclude'), template };
  refuseCertainLoop(route);
  if (typeof onError === 'object' && 'topic' in onError) refuseLetterLoop(onError.topic, route);
  return {
    ...parseCommonOptions(options, environment),
    ...{ ...route, clientId, qos, guarantee, onError },
    retain: !options.flag('no-retain'),
    onSessionLoss: choiceOption(options, 'on-session-loss', SESSION_LOSS_CHOICES),
    adoptSession: options.flag('adopt-session'),
    stopAfter: countOption(options, 'stop-after', 1),
    connectTimeoutMs: secondsOption(options, 'connect-timeout') ?? DEFAULT_CONNECT_SECONDS * 1000,
  };
}

/** A placeholder that no received topic can fill is said before anything starts. */
function parseTemplate(text: string, filters: readonly string[]): TopicTemplate {
  const template = parseTopicTemplate(text);
  const short = tooShortFor(template, filters);
  if (short !== undefined) {
    const level = template.highestLevel;
    throw usageError(
      `--to-topic: no topic of the filter '${short}' has a level ${level} for {level.${level}}`,
      'to-topic',
    );
  }
  return template;
}
