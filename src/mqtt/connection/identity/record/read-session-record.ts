import { corruptState } from '../../../../errors/corrupt-state.js';
import { isCount } from '../../../../internal/is-count.js';
import { isObject } from '../../../../internal/is-object.js';
import type { HeldSubscription, WantedSubscription } from '../../subscriptions/wanted-subscription.js';
import type { SessionRecord } from './session-record.js';
import type { StoredMarkers, StoredSessionRecord } from './stored-session-record.js';

type Check = (value: unknown) => boolean;

/** One check for each field: a field without one does not compile. */
type Shape<T> = { readonly [K in keyof T]-?: Check };

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const orUndefined =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

const hasShape =
  <T>(shape: Shape<T>) =>
  (value: unknown): value is T =>
    isObject(value) && Object.entries<Check>(shape).every(([key, check]) => check(value[key]));

const isSubscription = hasShape<WantedSubscription>({
  filter: isText,
  qos: oneOf(0, 1, 2),
  noLocal: isFlag,
  retainAsPublished: isFlag,
  retainHandling: oneOf(0, 1, 2),
  subscriptionIdentifier: orUndefined(isCount),
});

const isHeld = hasShape<HeldSubscription>({ subscription: isSubscription, granted: oneOf(0, 1, 2) });

const isMarkers = hasShape<StoredMarkers>({
  nonce: isText,
  next: isCount,
  end: isCount,
  gone: orUndefined(listOf(isCount)),
});

const isStoredRecord = hasShape<StoredSessionRecord>({
  epoch: isCount,
  phase: oneOf('creating', 'established'),
  made: orUndefined(isFlag),
  connecting: isFlag,
  lost: isFlag,
  wentBack: orUndefined(isFlag),
  droppedEpoch: isCount,
  server: orUndefined(isText),
  version: oneOf(undefined, 3, 4, 5),
  markers: orUndefined(isMarkers),
  settings: orUndefined(isText),
  tried: orUndefined(isFlag),
  subscriptions: listOf(isHeld),
});

/**
 * The record that a store has, checked; undefined when it has none.
 * @throws MillraceError STORE_CORRUPT for anything that this version cannot have written
 */
export function readSessionRecord(value: unknown): SessionRecord | undefined {
  if (value === undefined) return undefined;
  if (isStoredRecord(value)) return completed(value);
  throw corruptState('the store has a record of an MQTT session that this version cannot have written');
}

const completed = ({ phase, made, wentBack = false, markers, ...record }: StoredSessionRecord): SessionRecord => ({
  ...record,
  phase: made === true ? 'made' : phase,
  wentBack,
  markers: markers && { ...markers, gone: markers.gone ?? [] },
});
