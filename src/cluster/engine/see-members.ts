import type { MillraceError } from '../../errors/index.js';
import { deferred } from '../../internal/deferred.js';
import { unreachable } from '../../nats/index.js';
import type { Beat, Claim } from '../claims/change.js';
import type { DesiredState } from '../manifest/desired-state.js';
import type { Members, MembersEvent } from '../members/members.js';

/** A node, as it is seen from outside. */
export interface SeenNode {
  readonly beat: Beat;
  /** Since the last beat that was seen coming, in milliseconds; undefined: none came while one was waited for. */
  readonly silentMs: number | undefined;
}

/** The members of a job, and who should have what. */
export interface SeenMembers {
  readonly nodes: readonly SeenNode[];
  /** By partition. */
  readonly claims: ReadonlyMap<number, Claim>;
  readonly desired: DesiredState;
  /** How long beats were waited for, in milliseconds: none of a node for that long, and it is gone. */
  readonly watchedMs: number;
}

/** A watch begins as soon as somebody leads the bucket. */
const PATIENCE_MS = 15_000;

/**
 * Looks at the members until each node has sent a beat, at most for the longest lease: no clock of ours says when one was sent (C6).
 * @throws MillraceError of the bucket
 */
export async function seeMembers(members: Members): Promise<SeenMembers> {
  const beats = new Map<string, Beat>();
  const cameAt = new Map<string, number>();
  const claims = new Map<number, Claim>();
  const changed = deferred<MillraceError | undefined>();
  let caughtUp = false;
  const nothingSeen = () => changed.resolve(unreachable(`watching ${members.location}: nothing was seen`));
  let timer = setTimeout(nothingSeen, PATIENCE_MS);
  const { state: desired } = await members.desired();
  const beganAt = performance.now();
  const take = (event: MembersEvent): void => {
    if (event.type === 'failed') changed.resolve(event.error);
    else if (event.type === 'claim') claims.set(event.claim.partition, event.claim);
    else if (event.type === 'left') beats.delete(event.node);
    else if (event.type === 'beat') {
      beats.set(event.beat.node, event.beat);
      if (caughtUp) cameAt.set(event.beat.node, performance.now());
    } else if (event.type === 'caught-up' && !caughtUp) {
      caughtUp = true;
      const lease = Math.max(0, ...[...beats.values()].map(({ leaseMs }) => leaseMs));
      clearTimeout(timer);
      timer = setTimeout(() => changed.resolve(undefined), lease);
    }
    if (caughtUp && [...beats.keys()].every((node) => cameAt.has(node))) changed.resolve(undefined);
  };
  const stop = members.watch(take);
  const error = await changed.promise;
  stop();
  clearTimeout(timer);
  if (error !== undefined) throw error;
  const now = performance.now();
  const nodes = [...beats.values()].map((beat) => {
    const at = cameAt.get(beat.node);
    return { beat, silentMs: at === undefined ? undefined : now - at };
  });
  return { nodes, claims, desired, watchedMs: now - beganAt };
}
