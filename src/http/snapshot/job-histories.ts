import type { JobFigures } from './job-snapshot.js';

/**
 * How a job stood at a look: when, by the clock of the machine in milliseconds; items received and messages delivered a second; milliseconds until the
 * broker's answer and of a commit; items in flight and buffered, messages in outboxes. Null: nothing was measured.
 */
export type HistoryRow = readonly [
  atMs: number,
  received: number | null,
  delivered: number | null,
  ackMs: number | null,
  commitMs: number | null,
  inFlight: number,
  buffered: number,
  outbox: number,
];

/** How far back they go. */
const HISTORY_MS = 300_000;
/** It is looked once a second. */
const MOST_ROWS = HISTORY_MS / 1000;

/** What was seen of each job in the last five minutes, for a page that is opened later. */
export class JobHistories {
  #rows: ReadonlyMap<string, readonly HistoryRow[]> = new Map();

  /** By job, the oldest first: what was seen so far, which later looks do not change. */
  get rows(): ReadonlyMap<string, readonly HistoryRow[]> {
    return this.#rows;
  }

  /** Jobs that are not among them are forgotten. */
  add(jobs: readonly JobFigures[], atMs: number): void {
    this.#rows = new Map(
      jobs.map((job) => {
        const before = (this.#rows.get(job.name) ?? []).filter(([beforeMs]) => beforeMs > atMs - HISTORY_MS);
        return [job.name, [...before, rowOf(job, atMs)].slice(-MOST_ROWS)];
      }),
    );
  }
}

/** At its first look no rate is known. */
const rowOf = ({ rates, counts, lags }: JobFigures, atMs: number): HistoryRow => [
  atMs,
  rates.overMs === 0 ? null : rates.receivedPerSecond,
  rates.overMs === 0 ? null : rates.deliveredPerSecond,
  rates.ackMs,
  rates.commitMs,
  counts.itemsInFlight,
  lags.reduce((sum, { buffered }) => sum + buffered, 0),
  counts.outboxMessages,
];
