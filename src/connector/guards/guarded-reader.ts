import type { MillraceError } from '../../errors/millrace-error.js';
import {
  attempt,
  callAtOnce,
  contractBroken,
  type Door,
  isThenable,
  owedPromise,
  requireMethods,
  shown,
  thrownBy,
} from '../../internal/door/door.js';
import { openGuarded } from '../../internal/door/open-guarded.js';
import type { Polled, SourceReader, SourceSnapshot } from '../source-reader.js';
import { awaitedOf } from './awaited-of.js';
import { checkPolled } from './check-polled.js';

/** `failed`, `dirty`, `awaited`, `atEnd` and `whenDirty` may be absent. */
const METHODS = ['poll', 'ready', 'snapshot', 'committed', 'close'];

/**
 * The door between a source and whoever drives it: a few comparisons for each batch. What breaks a rule of `SourceReader` is an
 * error that names the source and the rule, before any of it is processed, committed or acknowledged.
 */
class GuardedReader<T> implements SourceReader<T> {
  readonly failed?: Promise<MillraceError>;
  readonly whenDirty?: () => Promise<void>;
  readonly #door: Door;
  readonly #reader: SourceReader<T>;
  /** The position that comes next. */
  #next: number | undefined;
  /** Of the last snapshot: it never falls (`SourceSnapshot.mark`). */
  #mark = Number.NEGATIVE_INFINITY;

  constructor(door: Door, reader: SourceReader<T>) {
    this.#door = door;
    this.#reader = reader;
    const { failed } = reader;
    if (failed !== undefined) this.failed = failureOf(door, failed);
    if (reader.whenDirty !== undefined)
      this.whenDirty = () => owedPromise(door, 'whenDirty', () => reader.whenDirty?.());
  }

  /** Absent is false. */
  get dirty(): boolean {
    return this.#reader.dirty === true;
  }

  /** Absent is 0. */
  get awaited(): number {
    return awaitedOf(this.#door, this.#reader);
  }

  /** Absent is false. */
  get atEnd(): boolean {
    return this.#reader.atEnd === true;
  }

  poll(max: number): Polled<T> {
    const polled = attempt(this.#door, () => this.#reader.poll(max));
    checkPolled(this.#door, polled, { max, next: this.#next });
    // a poll that took no position says nothing about the next one
    if (polled.last >= polled.first) this.#next = polled.last + 1;
    return polled;
  }

  ready(): Promise<void> {
    return owedPromise(this.#door, 'ready', () => this.#reader.ready());
  }

  snapshot(upTo: number): SourceSnapshot {
    const snapshot = attempt(this.#door, () => this.#reader.snapshot(upTo));
    const mark = snapshot?.mark;
    // `committed` says by it which snapshot is durable: one that falls would stand for two
    if (!Number.isSafeInteger(mark) || mark < this.#mark) {
      throw contractBroken(this.#door, 'snapshot-mark', `snapshot gave the mark ${shown(mark)} after ${this.#mark}`);
    }
    this.#mark = mark;
    const { pages } = snapshot;
    // the pages themselves are not gone over: there may be many
    if (pages !== undefined && !(pages instanceof Map)) {
      throw contractBroken(this.#door, 'snapshot-pages', `snapshot gave ${shown(pages)} for pages, which is no Map`);
    }
    return snapshot;
  }

  committed(mark: number): void {
    callAtOnce(this.#door, 'committed', () => this.#reader.committed(mark));
  }

  /** Not checked: nothing is made of what it gives, and who closes tells what it throws. */
  async close(): Promise<void> {
    await this.#reader.close();
  }
}

/** One that rejects has failed as well. @throws MillraceError CONTRACT_BROKEN, rule `promise` */
const failureOf = (door: Door, failed: PromiseLike<MillraceError>): Promise<MillraceError> => {
  if (!isThenable(failed)) throw contractBroken(door, 'promise', `failed is ${shown(failed)} and no promise`);
  const failure = (thrown: unknown): MillraceError => thrownBy(door, thrown);
  return Promise.resolve(failed).then(failure, failure);
};

/** Opens a source and guards it. It rejects with CONTRACT_BROKEN when that gives no `SourceReader`. */
export const openReader = <T>(name: string, open: () => PromiseLike<SourceReader<T>>): Promise<SourceReader<T>> => {
  const door: Door = { contract: 'SourceReader', owner: `source "${name}"` };
  return openGuarded(door, open, (reader) => {
    requireMethods(door, reader, METHODS);
    return new GuardedReader(door, reader);
  });
};
