import { MillraceError } from '../errors/millrace-error.js';
import type { OnError } from './sink.js';

/** A source or sink with what only it may use. */
export interface Claimant {
  /** For messages. */
  readonly name: string;
  /** Two claimants of one job must not have an equal one. */
  readonly claims: readonly string[];
}

/** @throws MillraceError DUPLICATE_SESSION when two of them claim the same thing, e.g. a client id at a broker */
export const checkClaims = (claimants: readonly Claimant[]): void => {
  const owners = new Map<string, string>();
  for (const { name, claims } of claimants) {
    for (const claim of claims) {
      const owner = owners.get(claim);
      if (owner !== undefined) {
        throw new MillraceError('DUPLICATE_SESSION', `"${owner}" and "${name}" of one job both use ${claim}`, {
          advice:
            'Give each its own client id, or name where it has none; to write two stages to one sink, merge them first.',
          details: { claim, first: owner, second: name },
        });
      }
      owners.set(claim, name);
    }
  }
};

/** The same for one source or sink without an engine and the dead-letter sinks behind it. */
export const checkOwnClaims = (definition: Claimant & { readonly onError: OnError }): void => {
  const chain: Claimant[] = [];
  for (let one: typeof definition | undefined = definition; one !== undefined; one = deadLetterOf(one.onError)) {
    chain.push(one);
  }
  checkClaims(chain);
};

/** The sink behind it, which has an `onError` of its own: a chain ends, since each is built before the one that names it. */
const deadLetterOf = (onError: OnError) => (typeof onError === 'string' ? undefined : onError.deadLetter);
