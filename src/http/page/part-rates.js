import { outboxOf } from './part-health.js';

/** @import { JobSnapshot } from '../snapshot/job-snapshot.js' */

/** @typedef {JobSnapshot['plan']['parts'][number]} JobPart */

/**
 * A second, of the sources and sinks of a job; undefined: they do not count, or it is not known yet.
 * @typedef {object} RatesOfParts
 * @property {(source: JobPart) => number | undefined} received what came
 * @property {(sink: JobPart) => number | undefined} taken what it was given, into its outbox where it has one
 * @property {(sink: JobPart) => number | undefined} delivered what was confirmed
 */

/** How fast each source and sink is, from what it had counted at one look and at the next. */
export class PartRates {
  /** @type {ReadonlyMap<string, JobSnapshot>} */
  #before = new Map();
  #beforeMs = 0;
  #nowMs = 0;
  /** @type {ReadonlyMap<string, JobSnapshot>} */
  #now = new Map();

  /** @param {readonly JobSnapshot[]} jobs @param {number} atMs later than the last */
  add(jobs, atMs) {
    this.#before = this.#now;
    this.#beforeMs = this.#nowMs;
    this.#now = new Map(jobs.map((job) => [job.name, job]));
    this.#nowMs = atMs;
  }

  /** @param {JobSnapshot} job one of those that were added last @returns {RatesOfParts} */
  of(job) {
    const { receivedPerSecond, deliveredPerSecond } = job.rates;
    const rate = (/** @type {(one: JobSnapshot) => number | undefined} */ counted) => this.#rate(job, counted);
    return {
      received: (part) => rate((one) => receivedOf(one, part)) ?? ofOnlyOne(job, 'source', receivedPerSecond),
      taken: (part) => rate((one) => takenOf(one, part)) ?? ofOnlyOne(job, 'sink', deliveredPerSecond),
      delivered: (part) => rate((one) => deliveredOf(one, part)) ?? ofOnlyOne(job, 'sink', deliveredPerSecond),
    };
  }

  /** @param {JobSnapshot} job @param {(one: JobSnapshot) => number | undefined} counted @returns {number | undefined} */
  #rate(job, counted) {
    const beforeJob = this.#before.get(job.name);
    const before = beforeJob === undefined ? undefined : counted(beforeJob);
    const now = counted(job);
    const elapsedMs = this.#nowMs - this.#beforeMs;
    if (now === undefined || before === undefined || elapsedMs <= 0) return undefined;
    return Math.max(0, Math.round(((now - before) * 1000) / elapsedMs));
  }
}

/** @param {JobSnapshot} job @param {JobPart} part */
const receivedOf = ({ sources }, { called }) => sources[called]?.millrace_source_messages_total;

/** @param {JobSnapshot} job @param {JobPart} part */
const deliveredOf = ({ sinks }, { called }) => sinks[called]?.millrace_sink_delivered_total;

/** What was delivered, and what is stored until it is. @param {JobSnapshot} job @param {JobPart} part */
const takenOf = (job, part) => {
  const delivered = deliveredOf(job, part);
  return delivered === undefined ? undefined : delivered + (outboxOf(job, part)?.messages ?? 0);
};

/** What the job counts is that of its only one. @param {JobSnapshot} job @param {string} kind @param {number} rate */
const ofOnlyOne = ({ plan }, kind, rate) =>
  plan.parts.filter((part) => part.kind === kind).length === 1 ? rate : undefined;
