import type { PartitionOf } from '../../../connector/open-context.js';
import { isSharedFilter } from '../../protocol/topic.js';
import type { Subscription } from './subscription.js';

/**
 * How the messages of a source are divided among the partitions of a job.
 *
 * - `shared`: each partition has a session of its own, with the client id `<clientId>-<index>`, and a shared subscription
 *   (`$share/…`): the broker gives each message to one of them. The order of a topic is given up, retained messages do not come
 *   [MQTT-4.8.2], and what the broker has queued for a partition waits until that runs again.
 * - `first`: the first partition reads all.
 * - a function of the index of a partition and their number: what that one subscribes to. Together they have to cover everything, each
 *   message once; then the order of a topic is kept.
 */
export type Spread = 'shared' | 'first' | SpreadFn;

/** The subscriptions of one partition; at least one. */
export type SpreadFn = (index: number, count: number) => readonly Subscription[];

/** What of a source a spread is made for. */
export interface Spreading {
  readonly clientId: string | undefined;
  readonly subscriptions: readonly Subscription[];
}

/** What a partition subscribes to. */
export const spreadSubscriptions = (
  spread: Spread,
  { clientId, subscriptions }: Spreading,
  { index, count }: PartitionOf,
): readonly Subscription[] => {
  if (typeof spread === 'function') return spread(index, count);
  if (spread === 'first') return subscriptions;
  // no job but this one may have the name: it would get a part of the messages
  const group = `millrace-${encodeURIComponent(clientId ?? '')}`;
  return subscriptions.map((subscription) => ({ ...subscription, filter: `$share/${group}/${subscription.filter}` }));
};

/** Why a source cannot be spread so, as sentences for INVALID_OPTIONS. */
export const spreadProblems = (
  spread: Spread | undefined,
  { clientId, subscriptions, deduplicates }: Spreading & { readonly deduplicates: boolean },
): readonly string[] => {
  if (spread !== 'shared') return [];
  const shared = subscriptions.filter(({ filter }) => isSharedFilter(filter));
  const local = subscriptions.filter(({ noLocal }) => noLocal);
  return [
    ...(clientId === undefined ? ["spread 'shared' needs a clientId, which names the group"] : []),
    ...shared.map(({ filter }) => `the filter "${filter}" is shared already: spread 'shared' shares it itself`),
    ...local.map(({ filter }) => `noLocal of "${filter}" is not allowed with spread 'shared' [MQTT-3.8.3-4]`),
    ...(deduplicates
      ? ["deduplicateBy sees the copies of its own partition only: with it spread is 'first', or a function"]
      : []),
  ];
};
