/** @import { JobSnapshot } from '../snapshot/job-snapshot.js' */

/** Tells what is new since the look before, as sentences for who does not see the page. */
export class JobChanges {
  /** @type {ReadonlyMap<string, JobSnapshot> | undefined} */
  #before;

  /** @param {readonly JobSnapshot[]} jobs @returns {readonly string[]} none at the first look */
  since(jobs) {
    const before = this.#before;
    this.#before = new Map(jobs.map((job) => [job.name, job]));
    if (before === undefined) return [];
    const gone = [...before.keys()].filter((name) => !this.#before?.has(name)).map((name) => `Job ${name} has ended.`);
    return [...gone, ...jobs.flatMap((job) => changesOf(before.get(job.name), job))];
  }
}

/** @param {JobSnapshot | undefined} before @param {JobSnapshot} now @returns {readonly string[]} */
const changesOf = (before, now) => {
  const status = before?.status === now.status ? [] : [`Job ${now.name} is ${now.status}.`];
  if (before === undefined || now.status !== 'RUNNING') return status;
  const fresh = now.reasons.filter((reason) => !before.reasons.includes(reason)).map((reason) => `${reason}.`);
  const mended = before.reasons.length > 0 && now.reasons.length === 0 ? [`Job ${now.name} goes its way.`] : [];
  return [...status, ...fresh, ...mended];
};
