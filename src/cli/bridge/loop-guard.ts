import { MillraceError } from '../../errors/index.js';
import { brokerPlace } from '../../mqtt/connection/identity/broker-place.js';
import { parseServerUrl } from '../../mqtt/connection/options/servers/parse-server-url.js';
import { matchesFilter } from '../../mqtt/protocol/topic.js';
import { usageError } from '../options/usage-error.js';
import type { BrokerAddress } from './broker-address.js';
import type { TopicTemplate } from './topic-template.js';

/** What decides whether a bridge may read its own messages. */
export interface BridgeRoute {
  /** Read from. */
  readonly from: BrokerAddress;
  /** Published to; a loop needs both to be one broker. */
  readonly to: BrokerAddress;
  /** What is published under one of them, where both sides are one broker, comes back for ever. */
  readonly filters: readonly string[];
  /** What matches one of them is read and left out. */
  readonly excluded: readonly string[];
  /** Of the topics that the bridge publishes to. */
  readonly template: TopicTemplate;
}

const ADVICE = 'On one broker --to-topic must lead out of every --topic, or into an --exclude.';
/** A level that no literal level of a filter or template is. */
const ANY_LEVEL = '\u0001';

/** What would bring the bridge's own messages back: no filters where the two sides are different brokers. */
export interface Loops {
  /** What is read. */
  readonly filters: readonly string[];
  /** What is left out of it again. */
  readonly excluded: readonly string[];
}

export function loopsOf({ from, to, filters, excluded }: BridgeRoute): Loops {
  return { filters: isSameBroker(from, to) ? filters : [], excluded };
}

/** The filter that brings a topic back. */
function wayBack({ filters, excluded }: Loops, topic: string): string | undefined {
  const back = filters.find((filter) => matchesFilter(filter, topic));
  return back === undefined || excluded.some((filter) => matchesFilter(filter, topic)) ? undefined : back;
}

/** Throws INVALID_OPTIONS when what matches a filter leads back into a filter whatever its levels are. */
export function refuseCertainLoop(route: BridgeRoute): void {
  const loops = loopsOf(route);
  for (const filter of loops.filters) {
    const topic = route.template.fill(sampleTopic(filter, route.template.highestLevel));
    const back = wayBack(loops, topic);
    if (back !== undefined) {
      throw usageError(`the bridge would read its own messages again, by --topic '${back}'. ${ADVICE}`, 'to-topic');
    }
  }
}

/** Throws INVALID_OPTIONS when the dead letters would be read again. */
export function refuseLetterLoop(topic: string, route: BridgeRoute): void {
  const back = wayBack(loopsOf(route), topic);
  if (back === undefined) return;
  throw usageError(
    `--dead-letter-topic: the bridge would read its letters again, by --topic '${back}'`,
    'dead-letter-topic',
  );
}

/** Throws INVALID_TOPIC when a message to `topic` would come back. */
export function refuseLoop(topic: string, loops: Loops): void {
  const filter = wayBack(loops, topic);
  if (filter === undefined) return;
  throw new MillraceError(
    'INVALID_TOPIC',
    `the bridge would read its own message again: '${topic}' matches --topic '${filter}'`,
    { advice: ADVICE, details: { topic, filter } },
  );
}

/** A topic that matches the filter, with at least `levels` levels where the filter allows it. */
export function sampleTopic(filter: string, levels: number): string {
  const sample = filter.replace(/^\$share\/[^/]*\//, '').split('/');
  if (sample.at(-1) === '#') {
    sample.pop();
    do sample.push(ANY_LEVEL);
    while (sample.length < levels);
  }
  return sample.map((level) => (level === '+' ? ANY_LEVEL : level)).join('/');
}

/** Two names in DNS of one broker are not recognized. What is no URL to connect to is refused elsewhere. */
function isSameBroker(from: BrokerAddress, to: BrokerAddress): boolean {
  const [one, other] = [placeOf(from), placeOf(to)];
  return one !== undefined && one === other;
}

/** The one form in which brokers are compared. */
export function placeOf({ url }: Pick<BrokerAddress, 'url'>): string | undefined {
  const server = parseServerUrl(url);
  return 'problem' in server ? undefined : brokerPlace(server.address);
}
