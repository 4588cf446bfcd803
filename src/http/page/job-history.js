/** @import { HistoryRow } from '../snapshot/job-histories.js' */
/** @import { JobSnapshot } from '../snapshot/job-snapshot.js' */

/**
 * How a job stood at an instant. Null: nothing was measured.
 * @typedef {object} Sample
 * @property {number} atMs by the clock of the server
 * @property {number | null} received items a second
 * @property {number | null} delivered messages a second
 * @property {number | null} ackMs
 * @property {number | null} commitMs
 * @property {number} inFlight
 * @property {number} buffered
 * @property {number} outbox
 */

/** How far back it goes. */
export const HISTORY_MS = 300_000;
/** One a second, as often as the server looks. */
const MOST_SAMPLES = HISTORY_MS / 1000;

/** What was seen of each job in the last five minutes. */
export class JobHistories {
  /** @type {Map<string, readonly Sample[]>} */
  #samples = new Map();

  /** Jobs that are not among them are forgotten. @param {readonly JobSnapshot[]} jobs @param {number} atMs */
  add(jobs, atMs) {
    this.#samples = new Map(
      jobs.map((job) => {
        const before = this.of(job.name).filter((sample) => sample.atMs > atMs - HISTORY_MS && sample.atMs < atMs);
        return [job.name, [...before, sampleOf(job, atMs)].slice(-MOST_SAMPLES)];
      }),
    );
  }

  /**
   * What the server has seen before: in place of what was seen here since then, which may have gaps.
   * @param {Readonly<Record<string, readonly HistoryRow[]>>} histories
   */
  goOnFrom(histories) {
    for (const [job, rows] of Object.entries(histories)) {
      const samples = rows.map(sampleOfRow);
      const sinceMs = samples[0]?.atMs ?? Number.POSITIVE_INFINITY;
      const before = this.of(job).filter(({ atMs }) => atMs < sinceMs);
      this.#samples.set(job, [...before, ...samples].slice(-MOST_SAMPLES));
    }
  }

  /** @param {string} job @returns {readonly Sample[]} the oldest first */
  of(job) {
    return this.#samples.get(job) ?? [];
  }
}

/** @param {JobSnapshot} job @param {number} atMs @returns {Sample} */
const sampleOf = ({ rates, counts, lags }, atMs) => ({
  atMs,
  received: rates.overMs === 0 ? null : rates.receivedPerSecond,
  delivered: rates.overMs === 0 ? null : rates.deliveredPerSecond,
  ackMs: rates.ackMs,
  commitMs: rates.commitMs,
  inFlight: counts.itemsInFlight,
  buffered: lags.reduce((sum, { buffered }) => sum + buffered, 0),
  outbox: counts.outboxMessages,
});

/** @param {HistoryRow} row @returns {Sample} */
const sampleOfRow = ([atMs, received, delivered, ackMs, commitMs, inFlight, buffered, outbox]) => ({
  atMs,
  received,
  delivered,
  ackMs,
  commitMs,
  inFlight,
  buffered,
  outbox,
});
