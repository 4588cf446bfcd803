import type { WantedSubscription } from '../../connection/subscriptions/wanted-subscription.js';
import type { ProtocolVersion } from '../../protocol/protocol-version.js';
import { filtersOverlap, isSharedFilter, topicFilterProblem } from '../../protocol/topic.js';
import type { SourceSettings } from './mqtt-source-options.js';
import { Subscription } from './subscription.js';

type Choice = Pick<SourceSettings<unknown>, 'topic' | 'qualityOfService' | 'subscriptions' | 'unsubscribe'>;

/** The filters of a source. With problems the rest means nothing. */
export interface ResolvedSubscriptions {
  /** In the order given. */
  readonly wanted: readonly WantedSubscription[];
  /** The filters that some topic matches both of: its messages may come once for each. */
  readonly overlaps: readonly (readonly [string, string])[];
  /** Why nothing older than 5.0 will do; undefined when any version will. */
  readonly needsVersion5: string | undefined;
  /** All of them, as sentences for INVALID_OPTIONS. */
  readonly problems: readonly string[];
}

/**
 * What a source is to subscribe to, and all that is wrong with it. Overlapping filters bring one copy of a message at any of
 * their QoS on 3.x and one for each filter on 5.0 [MQTT-3.3.4-2]: they need 5.0, where each then has an identifier.
 */
export const resolveSubscriptions = (choice: Choice, version: ProtocolVersion | undefined): ResolvedSubscriptions => {
  const subscriptions = chosen(choice);
  const own = [
    ...choiceProblems(choice),
    ...subscriptions.flatMap(subscriptionProblems),
    ...unsubscribeProblems(choice.unsubscribe ?? [], subscriptions),
  ];
  const pairs = own.length > 0 ? [] : pairsOf(subscriptions);
  const twice = pairs.filter(([a, b]) => a.filter === b.filter).map(([a]) => `the filter "${a.filter}" is given twice`);
  const overlaps = pairs.filter(([a, b]) => a.filter !== b.filter && filtersOverlap(a.filter, b.filter));
  const reasons = [
    ...overlaps.map(([a, b]) => `the filters "${a.filter}" and "${b.filter}" overlap`),
    ...subscriptions.flatMap(version5Reasons),
  ];
  const tooOld = version !== undefined && version < 5 ? reasons.map((reason) => `${reason}, which needs MQTT 5.0`) : [];
  return {
    wanted: subscriptions.map((subscription, index) => ({
      ...subscription,
      retainAsPublished: subscription.retainAsPublished !== false,
      subscriptionIdentifier: overlaps.length > 0 ? index + 1 : undefined,
    })),
    overlaps: overlaps.map(([a, b]) => [a.filter, b.filter]),
    needsVersion5: reasons[0],
    problems: [...own, ...twice, ...tooOld],
  };
};

/** From JavaScript a plain object may come, with less in it: what is stored of a session has all of it. */
const chosen = ({ topic, qualityOfService, subscriptions }: Choice): readonly Subscription[] =>
  subscriptions?.map(({ filter, qos, ...options }) => Subscription.of(filter, qos, options)) ??
  (topic === undefined ? [] : [Subscription.of(topic, qualityOfService)]);

const choiceProblems = ({ topic, qualityOfService, subscriptions, unsubscribe = [] }: Choice): string[] => {
  if (subscriptions === undefined) {
    return topic === undefined ? ['there is nothing to read: give topic or subscriptions'] : [];
  }
  return [
    ...(topic === undefined ? [] : ['topic and subscriptions are alternatives: give one of them']),
    ...(qualityOfService === undefined
      ? []
      : ['qualityOfService belongs to topic: with subscriptions each has its own, Subscription.of(filter, qos)']),
    ...(subscriptions.length > 0 || unsubscribe.length > 0 ? [] : ['subscriptions is empty: there is nothing to read']),
  ];
};

const subscriptionProblems = ({ filter, noLocal }: Subscription): string[] => {
  if (filter === undefined) return ['a subscription has no filter'];
  const named = JSON.stringify(filter);
  const problem = topicFilterProblem(filter);
  return [
    ...(problem === undefined ? [] : [`the filter ${named} is not valid: ${problem}`]),
    ...(noLocal && isSharedFilter(filter) ? [`noLocal is not allowed for the shared ${named} [MQTT-3.8.3-4]`] : []),
  ];
};

const unsubscribeProblems = (filters: readonly string[], subscriptions: readonly Subscription[]): string[] =>
  filters.flatMap((filter) => {
    const named = JSON.stringify(filter);
    const problem = topicFilterProblem(filter);
    if (problem !== undefined) return [`the filter ${named} to unsubscribe is not valid: ${problem}`];
    const isRead = subscriptions.some((subscription) => subscription.filter === filter);
    return isRead ? [`the filter ${named} is read, and cannot be unsubscribed`] : [];
  });

const version5Reasons = ({ filter, noLocal, retainAsPublished, retainHandling }: Subscription): string[] => [
  ...(noLocal ? [`"${filter}" has noLocal`] : []),
  ...(retainAsPublished === true ? [`"${filter}" has retainAsPublished`] : []),
  ...(retainHandling === 2 ? [`"${filter}" has retainHandling 2`] : []),
];

const pairsOf = (subscriptions: readonly Subscription[]): (readonly [Subscription, Subscription])[] =>
  subscriptions.flatMap((a, index) => subscriptions.slice(index + 1).map((b) => [a, b] as const));
