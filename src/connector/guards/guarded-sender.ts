import { attempt, callAtOnce, contractBroken, type Door, requireMethods, shown } from '../../internal/door/door.js';
import { isCount } from '../../internal/is-count.js';
import type { CommitUrgency, OutboxRow, OutboxSender, OutboxSnapshot, RestoredOutbox } from '../durable-sink.js';
import { awaitedOf } from './awaited-of.js';
import { GivenUpNumbers } from './given-up.js';

/** `name`, `next`, `urgency` and `awaited` are looked at as they are read. */
const METHODS = ['offer', 'snapshot', 'committed'];
const URGENCIES: readonly string[] = ['none', 'soon', 'now'] satisfies CommitUrgency[];

/**
 * The door between the sender of one outbox and its engine: a few comparisons for each batch. What breaks a rule of `OutboxSender`
 * is an error that names the sink and the rule, before a commit lets go of a row.
 */
class GuardedSender implements OutboxSender {
  readonly name: string;
  readonly #door: Door;
  readonly #sender: OutboxSender;
  /** By seq, from the stored `low` on. */
  readonly #givenUp: GivenUpNumbers;
  /** What it wants next, by what it has taken. */
  #next: number;
  /** That of the last snapshot: everything below may be gone from the store. */
  #low: number;
  #mark = Number.NEGATIVE_INFINITY;

  constructor(door: Door, sender: OutboxSender, { low, end }: RestoredOutbox) {
    this.name = sender.name;
    this.#door = door;
    this.#sender = sender;
    this.#low = low;
    this.#next = sender.next;
    this.#givenUp = new GivenUpNumbers(door, 'snapshot-refused', low);
    // what lies below was delivered, what lies above is not stored
    if (!isCount(this.#next) || this.#next < low || this.#next > end) {
      throw contractBroken(door, 'next', `its next row is ${shown(this.#next)}, where ${low} to ${end} are stored`);
    }
  }

  get next(): number {
    const { next } = this.#sender;
    // one that jumps ahead leaves a row out for good, one that falls back sends a row twice
    if (next === this.#next) return next;
    throw contractBroken(this.#door, 'next', `its next row is ${shown(next)}, and ${this.#next} comes next`);
  }

  get urgency(): CommitUrgency {
    const { urgency } = this.#sender;
    if (URGENCIES.includes(urgency)) return urgency;
    throw contractBroken(this.#door, 'urgency', `urgency is ${shown(urgency)}`);
  }

  /** Absent is 0. */
  get awaited(): number {
    return awaitedOf(this.#door, this.#sender);
  }

  offer(rows: readonly OutboxRow[]): number {
    const taken = attempt(this.#door, () => this.#sender.offer(rows));
    // the engine moves on by it: too high a number skips rows, too low a one repeats them
    if (!isCount(taken) || taken > rows.length) {
      throw contractBroken(this.#door, 'offer-count', `offer gave ${shown(taken)} for ${rows.length} rows`);
    }
    this.#next += taken;
    return taken;
  }

  snapshot(end: number): OutboxSnapshot {
    const snapshot = attempt(this.#door, () => this.#sender.snapshot(end));
    const mark = snapshot?.mark;
    if (!Number.isSafeInteger(mark) || mark < this.#mark) {
      throw contractBroken(this.#door, 'snapshot-mark', `snapshot gave the mark ${shown(mark)} after ${this.#mark}`);
    }
    this.#mark = mark;
    this.#checkLow(snapshot.low);
    this.#takeRefused(snapshot);
    return snapshot;
  }

  committed(mark: number): void {
    callAtOnce(this.#door, 'committed', () => this.#sender.committed(mark));
  }

  /** The engine removes what is below: a row that was never offered would be lost. */
  #checkLow(low: number): void {
    if (isCount(low) && low >= this.#low && low <= this.#next) return;
    const gave = `snapshot says that every row below ${shown(low)} is complete, after ${this.#low}, of ${this.#next} taken`;
    throw contractBroken(this.#door, 'snapshot-low', gave);
  }

  #takeRefused({ refused, low }: OutboxSnapshot): void {
    if (!Array.isArray(refused)) {
      throw contractBroken(this.#door, 'snapshot-refused', `snapshot gave ${shown(refused)} for refused`);
    }
    // against the `low` before: a refused row is complete with the snapshot that tells it, and so is below the new one
    for (const { seq, letter } of refused) this.#givenUp.report({ number: seq, letter }, this.#next);
    this.#low = low;
    this.#givenUp.deliveredTo(low);
  }
}

/**
 * Guards a sender, given what the store has of its outbox.
 * @throws MillraceError CONTRACT_BROKEN when it is no `OutboxSender`, or begins outside of what is stored
 */
export const guardSender = (door: Door, sender: OutboxSender, restored: RestoredOutbox): OutboxSender => {
  requireMethods(door, sender, METHODS);
  return new GuardedSender(door, sender, restored);
};
