import type { Claim } from './change.js';

interface Wait {
  readonly until: number;
  readonly revision: number;
  readonly fenced: boolean;
}

/** Claims that are not to be asked about before a time, for as long as they have the revision that they had. */
export class HeldBack {
  readonly #waits = new Map<number, Wait>();

  /** @param fenced its log had a later epoch */
  add({ partition, revision }: Pick<Claim, 'partition' | 'revision'>, until: number, fenced = false): void {
    this.#waits.set(partition, { until, revision, fenced });
  }

  has({ partition, revision }: Claim, now: number): boolean {
    const wait = this.#waits.get(partition);
    return wait?.revision === revision && wait.until > now;
  }

  /** It is looked at again. @returns whether its log had a later epoch, and nobody has claimed it since */
  take({ partition, revision }: Claim): boolean {
    const wait = this.#waits.get(partition);
    this.#waits.delete(partition);
    return wait?.fenced === true && wait.revision === revision;
  }
}
