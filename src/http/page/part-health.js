/** @import { JobSnapshot } from '../snapshot/job-snapshot.js' */
import { bytes, count } from './format.js';

/**
 * How a part does: `good`, `slow` (it is behind, or held back), `bad` (it stands still) or `idle` (it is not asked to do anything).
 * @typedef {object} PartHealth
 * @property {'good' | 'slow' | 'bad' | 'idle'} is
 * @property {string} words
 * @property {number | undefined} share how full what it holds is, from 0 to 1; undefined: there is no bound
 * @property {boolean} takes whether it takes what leads to it: a sink that is away does, as long as there is room in its outbox
 * @property {string} held what it holds, in words; empty: nothing is told
 */

/** Of what is full in so far it is told that it holds back. */
const NEARLY = 0.95;
const NOTICED = 0.5;
/** A broker answers within that, or is slow; above the second `/ready` says it, too. */
const SLOW_ANSWER_MS = 2000;
const NO_ANSWER_MS = 10_000;

/** Whether no more is read before some of what was read is done with. @param {JobSnapshot} job */
export const isHeldBack = (job) => shareInFlight(job) >= NEARLY || job.outboxes.some((outbox) => shareOf(outbox) >= 1);

/** @param {JobSnapshot} job */
export const shareInFlight = ({ counts, plan: { limits } }) =>
  Math.max(counts.itemsInFlight / limits.maxItemsInFlight, counts.bytesInFlight / limits.maxBytesInFlight);

/** @typedef {JobSnapshot['plan']['parts'][number]} JobPart */

/** @param {JobSnapshot} job @param {JobPart} part @returns {PartHealth} */
export const sourceHealth = (job, { called }) => {
  const lag = job.lags.find(({ source }) => source === called);
  const figures = {
    takes: true,
    share: lag === undefined ? undefined : Math.min(1, lag.unacknowledged / job.plan.limits.maxItemsInFlight),
    held: lag === undefined ? '' : `${count(lag.buffered)} buffered, ${count(lag.unacknowledged)} in work`,
  };
  const stopped = stoppedHealth(job) ?? troubleOf(job.sources[called]);
  if (stopped !== undefined) return { ...stopped, ...figures };
  if (isHeldBack(job)) return { is: 'slow', words: 'held back', ...figures };
  return { is: 'good', words: 'reads', ...figures };
};

/** Of two sinks that are called the same each counts under its name in the pipeline. @param {JobSnapshot} job @param {JobPart} part */
export const outboxOf = ({ outboxes }, { name, called }) =>
  outboxes.find(({ sink }) => sink === name) ?? outboxes.find(({ sink }) => sink === called);

/** @param {JobSnapshot} job @param {JobPart} part @returns {PartHealth} */
export const sinkHealth = (job, part) => {
  const { called } = part;
  const outbox = outboxOf(job, part);
  const window = job.windows.find(({ sink }) => sink === called);
  const stopped = stoppedHealth(job) ?? troubleOf(job.sinks[called]);
  const takes = outbox === undefined ? stopped === undefined : shareOf(outbox) < 1;
  const figures = { takes, ...(outbox === undefined ? windowFigures(window) : outboxFigures(outbox)) };
  if (stopped !== undefined) return { ...stopped, ...figures };
  if (!takes) return { is: 'bad', words: 'outbox full', ...figures };
  const unanswered = unansweredHealth(window);
  if (unanswered !== undefined) return { ...unanswered, ...figures };
  const isBehind = (outbox === undefined && (window?.waiting ?? 0) > 0) || (figures.share ?? 0) > NOTICED;
  return { is: isBehind ? 'slow' : 'good', words: isBehind ? 'behind' : 'writes', ...figures };
};

/** @param {JobSnapshot} job @param {JobPart} part @returns {PartHealth} */
export const stageHealth = (job, { called }) => {
  const nothing = { takes: true, share: undefined, held: '' };
  return { ...(stoppedHealth(job) ?? troubleOf(job.stages[called]) ?? { is: 'good', words: 'works' }), ...nothing };
};

/** @param {JobSnapshot} job @returns {Pick<PartHealth, 'is' | 'words'> | undefined} */
const stoppedHealth = ({ status }) =>
  status === 'SUSPENDED' || status === 'NOT_RUNNING' ? { is: 'idle', words: 'stopped' } : undefined;

/**
 * @param {Readonly<Record<string, number>> | undefined} figures
 * @returns {Pick<PartHealth, 'is' | 'words'> | undefined}
 */
const troubleOf = (figures) => {
  if (figures?.millrace_connected === 0) return { is: 'bad', words: 'not connected' };
  return (figures?.millrace_retrying ?? 0) > 0 ? { is: 'bad', words: 'tried again' } : undefined;
};

/**
 * Of a broker that is connected and confirms nothing.
 * @param {JobSnapshot['windows'][number] | undefined} window
 * @returns {Pick<PartHealth, 'is' | 'words'> | undefined}
 */
const unansweredHealth = (window) => {
  const { unconfirmedMs } = window ?? { unconfirmedMs: 0 };
  if (unconfirmedMs < SLOW_ANSWER_MS) return undefined;
  return {
    is: unconfirmedMs < NO_ANSWER_MS ? 'slow' : 'bad',
    words: `no answers for ${Math.round(unconfirmedMs / 1000)} s`,
  };
};

/** @param {JobSnapshot['outboxes'][number]} outbox */
const shareOf = ({ messages, maxMessages, bytes: held, maxBytes }) => Math.max(messages / maxMessages, held / maxBytes);

/** @param {JobSnapshot['outboxes'][number]} outbox */
const outboxFigures = (outbox) => ({
  share: Math.min(1, shareOf(outbox)),
  held: `${count(outbox.messages)} in the outbox, ${bytes(outbox.bytes)}`,
});

/**
 * Of what a window lets through at a time nothing is told, so it is full where more waits.
 * @param {JobSnapshot['windows'][number] | undefined} window
 */
const windowFigures = (window) => {
  if (window === undefined) return { share: undefined, held: '' };
  const { inFlight, waiting } = window;
  const share = waiting > 0 ? waiting / (inFlight + waiting) : 0;
  return { share, held: `${count(inFlight)} in flight, ${count(waiting)} waiting` };
};
