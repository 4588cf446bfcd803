import type { Claimant } from '../../connector/check-claims.js';
import { MillraceError } from '../../errors/millrace-error.js';

/**
 * What the jobs of an engine that have not ended claim for themselves. Two with one client id would take the session from each other for
 * good.
 */
export class EngineClaims {
  /** By claim, whose it is. */
  readonly #owners = new Map<string, Owner>();

  /** For a job that begins: all of its claims, or none. @throws MillraceError DUPLICATE_SESSION when another job has one of them */
  add(job: string, claimants: readonly Claimant[]): void {
    const wanted = claimants.flatMap(({ name: part, claims }) =>
      claims.map((claim) => [claim, { job, part }] as const),
    );
    for (const [claim, second] of wanted) {
      const first = this.#owners.get(claim);
      if (first !== undefined) throw duplicate(claim, first, second);
    }
    for (const [claim, owner] of wanted) this.#owners.set(claim, owner);
  }

  /** The job has ended. */
  delete(job: string): void {
    for (const [claim, owner] of this.#owners) if (owner.job === job) this.#owners.delete(claim);
  }
}

interface Owner {
  readonly job: string;
  /** The name of the source or sink. */
  readonly part: string;
}

const duplicate = (claim: string, first: Owner, second: Owner): MillraceError =>
  new MillraceError(
    'DUPLICATE_SESSION',
    `"${first.part}" of job "${first.job}" and "${second.part}" of job "${second.job}" both use ${claim}`,
    {
      advice: `Give each its own client id, or wait for job "${first.job}" to end; one that is suspended has not ended.`,
      details: { claim, first, second },
    },
  );
