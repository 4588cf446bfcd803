import { contractBroken, type Door, shown } from '../../internal/door/door.js';
import type { Polled, RejectedInput } from '../source-reader.js';
import { checkLetter } from './check-letter.js';

/** What a poll must continue. */
export interface PollBounds {
  /** How many items were asked for. */
  readonly max: number;
  /** The position that comes next; undefined before the first. */
  readonly next: number | undefined;
}

/**
 * Checks what `poll` gave, in a time that does not grow with the items. A frame is acknowledged by its positions: where they
 * are wrong, something is acknowledged that nobody has processed, or never.
 * @throws MillraceError CONTRACT_BROKEN
 */
export const checkPolled = (door: Door, polled: Polled<unknown>, bounds: PollBounds): void => {
  checkShape(door, polled);
  const { items, first, last, keys, rejected } = polled;
  if (items.length > bounds.max) {
    throw contractBroken(door, 'poll-count', `poll(${bounds.max}) gave ${items.length} items`);
  }
  checkPositions(door, polled, bounds.next);
  checkRejected(door, rejected, { first, last });
  if (keys !== undefined && (!Array.isArray(keys) || keys.length !== items.length)) {
    throw contractBroken(door, 'poll-keys', `poll gave ${items.length} items and ${shown(keys)} for keys`);
  }
};

/** Of the fields that the others rely on: a number that is none compares false with everything, and passes every bound. */
const checkShape = (door: Door, polled: Polled<unknown>): void => {
  if (typeof polled !== 'object' || polled === null)
    throw contractBroken(door, 'poll-shape', `poll gave ${shown(polled)}`);
  const { items, rejected, bytes, timestampMs, done } = polled;
  if (!Array.isArray(items)) throw contractBroken(door, 'poll-shape', `poll gave ${shown(items)} for items`);
  if (!Array.isArray(rejected)) throw contractBroken(door, 'poll-shape', `poll gave ${shown(rejected)} for rejected`);
  if (!isAmount(bytes)) throw contractBroken(door, 'poll-shape', `poll gave ${shown(bytes)} for bytes`);
  if (!Number.isFinite(timestampMs)) {
    throw contractBroken(door, 'poll-shape', `poll gave ${shown(timestampMs)} for timestampMs`);
  }
  if (typeof done !== 'boolean') throw contractBroken(door, 'poll-shape', `poll gave ${shown(done)} for done`);
};

/** One position for each input at least; more, for those that need nothing. A gap between polls would be acknowledged unseen. */
const checkPositions = (
  door: Door,
  { items, rejected, first, last }: Polled<unknown>,
  next: number | undefined,
): void => {
  const where = `at positions ${shown(first)} to ${shown(last)}`;
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last)) {
    throw contractBroken(door, 'poll-positions', `poll gave items ${where}`);
  }
  const positions = Math.max(0, last - first + 1);
  if (items.length + rejected.length > positions) {
    const inputs = `${items.length} items and ${rejected.length} rejected inputs`;
    throw contractBroken(door, 'poll-positions', `poll gave ${inputs} ${where}`);
  }
  if (positions > 0 && next !== undefined && first !== next) {
    throw contractBroken(door, 'poll-positions', `poll gave items ${where}, and ${next} comes next`);
  }
};

/** Each at a position of its own, in their order: its letter holds that one. */
const checkRejected = (
  door: Door,
  rejected: readonly RejectedInput[],
  { first, last }: { readonly first: number; readonly last: number },
): void => {
  let from = first;
  for (const { position, letter } of rejected) {
    if (!Number.isSafeInteger(position) || position < from || position > last) {
      const places = `${from} to ${last}`;
      throw contractBroken(
        door,
        'poll-rejected',
        `an input at position ${shown(position)} is rejected, not at ${places}`,
      );
    }
    checkLetter(door, letter);
    from = position + 1;
  }
};

/** Bytes may be an estimate. */
const isAmount = (value: number): boolean => Number.isFinite(value) && value >= 0;
