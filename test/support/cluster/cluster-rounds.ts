import { setTimeout as sleep } from 'node:timers/promises';
import type { SeededRandom } from '../seeded-random.js';
import type { ClusterFault } from './cluster-faults.js';
import type { ClusterRig } from './cluster-rig.js';

/** One fault that has happened. */
export interface ClusterRound {
  readonly what: string;
  /** From its begin until all that was sent by its end had come out; or until its end, where the next one came at once. */
  readonly ms: number;
  /** By job, the longest time in it in which nothing came out on one of its topics; none where the next one came at once. */
  readonly pausesMs: readonly number[];
}

/** How faults follow each other. */
export interface RoundsOptions {
  readonly random: SeededRandom;
  /** How often the next fault does not wait until all has come out. Default never. */
  readonly hurry?: number;
  readonly onRound?: (round: ClusterRound) => void;
}

/** Faults under load, one after the other, each at a random moment and at a job that is drawn. */
export async function strikeAll(
  rig: ClusterRig,
  faults: readonly ClusterFault[],
  { random, hurry = 0, onRound = () => {} }: RoundsOptions,
): Promise<void> {
  await rig.caughtUp();
  for (const { what, strike } of faults) {
    const { spec } = random.pick(rig.flows);
    await sleep(random.below(300));
    const from = performance.now();
    let settles: boolean;
    try {
      await strike(rig, spec, random);
      settles = !random.chance(hurry);
      if (settles) await rig.caughtUp();
    } catch (cause) {
      throw new Error(`${what}, of ${spec.name}: ${cause}`, { cause });
    }
    const to = performance.now();
    const pausesMs = settles ? rig.flows.map((flow) => flow.longestPauseMs(from, to)) : [];
    onRound({ what, ms: to - from, pausesMs });
  }
}
