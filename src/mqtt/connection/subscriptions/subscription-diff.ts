import { isSharedFilter } from '../../protocol/topic.js';
import type { WantedSubscription } from './wanted-subscription.js';

/** What to send so that the session has what is wanted and nothing else. */
export interface SubscriptionDiff {
  /** In the order wanted. */
  readonly subscribe: readonly WantedSubscription[];
  /** Filters of an earlier process that are wanted no more: a kept session would still have them. */
  readonly unsubscribe: readonly string[];
}

function same(a: WantedSubscription, b: WantedSubscription): boolean {
  return (
    a.qos === b.qos &&
    a.noLocal === b.noLocal &&
    a.retainAsPublished === b.retainAsPublished &&
    a.subscriptionIdentifier === b.subscriptionIdentifier
  );
}

/**
 * R5a: filters that the session has with the same options are left alone, so that their retained messages do not come again. When it
 * is not `certain` that the session has what was granted, all that is wanted is asked for again. Shared ones always are: they bring no retained
 * messages, and a broker may have kept a session and lost its place in the group (mosquitto, at a restart).
 */
export function subscriptionDiff(
  granted: readonly WantedSubscription[],
  wanted: readonly WantedSubscription[],
  certain: boolean,
): SubscriptionDiff {
  const held = new Map(granted.map((subscription) => [subscription.filter, subscription]));
  const names = new Set(wanted.map((subscription) => subscription.filter));
  return {
    subscribe: wanted.filter((subscription) => {
      const known = held.get(subscription.filter);
      return !certain || known === undefined || !same(known, subscription) || isSharedFilter(subscription.filter);
    }),
    unsubscribe: granted.filter(({ filter }) => !names.has(filter)).map(({ filter }) => filter),
  };
}
