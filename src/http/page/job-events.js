/** @import { JobSnapshot } from '../snapshot/job-snapshot.js' */
/** @import { ToldEvent } from '../told/told-events.js' */

/** Of each job: what is older is forgotten, and a page that is open for weeks stays as quick as it was. */
export const MOST_EVENTS = 100;

/** The last events of each job: longer than the server shows them at a time. */
export class JobEvents {
  /**
   * By job, the oldest first, by what is the same at the next look.
   * @type {ReadonlyMap<string, ReadonlyMap<string, ToldEvent>>}
   */
  #events = new Map();

  /** @param {readonly JobSnapshot[]} jobs those that are not among them are forgotten */
  add(jobs) {
    this.#events = new Map(
      jobs.map(({ name, events }) => {
        const merged = new Map(this.#events.get(name));
        // a server that was started anew counts from the beginning
        for (const event of events) merged.set(`${event.seq} ${event.time}`, event);
        return [name, new Map([...merged].slice(-MOST_EVENTS))];
      }),
    );
  }

  /** @param {string} job @returns {readonly (readonly [key: string, event: ToldEvent])[]} the newest first */
  newest(job) {
    return [...(this.#events.get(job) ?? [])].reverse();
  }
}
