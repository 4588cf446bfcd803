import { type ConnectionTrouble, troubleOf } from '../../metrics/warnings/connection-troubles.js';
import { type Facts, textOf } from '../../metrics/warnings/facts.js';

/** A table for whose first rows a job waits. */
export interface ToldTable {
  /** As its events name it: that of a table of retained messages is its topic filter, unless it was given one. */
  readonly name: string;
  /** Of the first attempt that was told, as ISO 8601. */
  readonly since: string;
  /** Why the last one that was told has ended. */
  readonly trouble: Pick<ConnectionTrouble, 'code' | 'message' | 'advice'>;
}

interface Kept extends ToldTable {
  readonly job: string;
}

const MOST_TABLES = 256;

/** What is known of the tables that the jobs of this process wait for, of at most 256. Has no clock. */
export class ToldTables {
  readonly #waiting = new Map<string, Kept>();

  of(job: string): readonly ToldTable[] {
    return [...this.#waiting.values()].filter((one) => one.job === job).map(({ job: _, ...told }) => told);
  }

  waiting(facts: Facts, time: string): void {
    const [job, name] = [textOf(facts, 'job'), textOf(facts, 'table')];
    const { code, message, advice } = troubleOf(facts);
    const key = keyOf(facts);
    const since = this.#waiting.get(key)?.since ?? time;
    this.#waiting.set(key, { job, name, since, trouble: { code, message, advice } });
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > MOST_TABLES && oldest !== undefined) this.#waiting.delete(oldest);
  }

  loaded(facts: Facts): void {
    this.#waiting.delete(keyOf(facts));
  }

  /** The job begins anew, or has ended: what it waits for is told again. */
  left(job: string): void {
    for (const [key, one] of this.#waiting) if (one.job === job) this.#waiting.delete(key);
  }
}

const keyOf = (facts: Facts): string => `${textOf(facts, 'job')}\0${textOf(facts, 'table')}`;
