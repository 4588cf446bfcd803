import { corruptState } from '../../../../errors/corrupt-state.js';
import { isCount } from '../../../../internal/is-count.js';
import { isObject } from '../../../../internal/is-object.js';
import { PUBLISH_IDS } from '../../../protocol/session/outbound/outbound-window.js';
import { MOST_BURNT } from '../../../protocol/session/outbound/packet-ids.js';

/** Raised when the fields mean something else. 1 had no `burnt`. */
const VERSION = 2;

/** What a commit says of an outbox (R8a, R9): everything that a restarted sender must know besides the rows. */
export interface OutboxState {
  /** The session that the rows were sent in. */
  readonly epoch: number;
  /** Every row below is complete. */
  readonly low: number;
  /** Rows below may have been sent in this epoch, no other row has. */
  readonly mark: number;
  /** PUBREC came: PUBREL may have gone out. Runs of seqs: pairs of first and one above the last, counted from `low`, ascending. */
  readonly received: Uint32Array;
  /** Complete, although `low` is below. Runs as above. */
  readonly done: Uint32Array;
  /** Packet ids, less one, that are burnt in this epoch, in the order of that (R20a). */
  readonly burnt: Uint16Array;
}

/** As it is stored. */
export interface StoredOutboxState extends OutboxState {
  /** An older one is read as if it were this; a newer one is STORE_CORRUPT. */
  readonly version: typeof VERSION;
}

/** The state of an outbox to be stored. */
export const storedOutboxState = (state: OutboxState): StoredOutboxState => ({ version: VERSION, ...state });

/**
 * The state that a store has, checked; undefined when it has none.
 * @throws MillraceError STORE_CORRUPT for anything that this version cannot have written
 */
export const readOutboxState = (value: unknown): OutboxState | undefined => {
  if (value === undefined) return undefined;
  const current = withBurnt(value);
  if (!isState(current)) throw corruptState('the state of an MQTT outbox is not one that this version has written');
  return current;
};

/** A state of version 1 was written where no id was ever burnt. */
const withBurnt = (value: unknown): unknown =>
  isObject(value) && value.version === 1 ? { ...value, version: VERSION, burnt: new Uint16Array() } : value;

const isState = (value: unknown): value is StoredOutboxState => {
  if (!isObject(value)) return false;
  const { version, epoch, low, mark, received, done, burnt } = value;
  if (version !== VERSION || !isCount(epoch) || !isCount(low) || !isCount(mark) || mark < low) return false;
  return areRuns(received, mark - low) && areRuns(done, mark - low) && areBurnt(burnt);
};

const areBurnt = (value: unknown): boolean =>
  value instanceof Uint16Array && value.length <= MOST_BURNT && value.every((id) => id < PUBLISH_IDS);

/** Bounds that ascend, and none beyond the mark: above it nothing was sent. */
const areRuns = (value: unknown, length: number): boolean => {
  if (!(value instanceof Uint32Array) || value.length % 2 !== 0) return false;
  let last = -1;
  for (const bound of value) {
    if (bound <= last || bound > length) return false;
    last = bound;
  }
  return true;
};
