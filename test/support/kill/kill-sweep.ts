import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { injectedCalls, withInjection } from '../strace-inject.js';
import { tempDir } from '../temp-dir.js';
import { type WriteMoment, withKillAtWrite } from './kill-at-write.js';
import type { Wrap } from './kill-launch.js';
import { type KillReport, KillRig, type KillRun } from './kill-rig.js';
import { storeFile, viewFile } from './kill-store.js';
import { finish, strike, untilCompleteOrEnded } from './kill-strike.js';

/** The calls by which a store writes: a record, which is durable when that returns, and what LMDB writes of the view behind it. */
export const STORE_CALLS = [
  { of: 'log', call: 'pwritev' },
  { of: 'view', call: 'pwrite64' },
  { of: 'view', call: 'writev' },
] as const;

/** One of them. */
export type StoreCall = (typeof STORE_CALLS)[number];

/** What a fixed run is struck by, at its n-th step. */
export type Blow =
  | { readonly at: 'socket write'; readonly moment: WriteMoment }
  | { readonly at: 'store call'; readonly store: StoreCall; readonly fault: 'KILL' | 'EIO' | 'ENOSPC' };

/** Where a sweep strikes. */
export interface SweepOptions {
  /** The steps, from 1; or all until the run has no more, but at most so many. */
  readonly points: readonly number[] | { readonly most: number };
  /** Messages of each run. */
  readonly messages: number;
}

/** A report, and at how many points the fault hit. */
export interface SweepReport extends KillReport {
  readonly hits: number;
}

const FILES = { log: storeFile, view: viewFile };

/** Several runs in a row may have a step less than the one before. */
const MISSES = 3;

/**
 * Strikes the fixed run at one step after another. One store and one session serve all of them: what a run leaves behind is what
 * the next one begins with.
 */
export async function sweep(run: KillRun, blow: Blow, options: SweepOptions): Promise<SweepReport> {
  await using rig = await KillRig.open(run);
  await rig.start();
  await rig.end();
  const log = join(tempDir('strace'), 'log');
  const points = 'most' in options.points ? upTo(options.points.most) : options.points;
  let hits = 0;
  let misses = 0;
  for (const nth of points) {
    rmSync(log, { force: true });
    if (await struck(rig, { blow, nth, log, messages: options.messages })) {
      hits += 1;
      misses = 0;
    } else misses += 1;
    if (misses === MISSES) break;
  }
  return { ...(await rig.settle()), hits };
}

interface OneStrike {
  readonly blow: Blow;
  readonly nth: number;
  readonly log: string;
  readonly messages: number;
}

async function struck(rig: KillRig, { blow, nth, log, messages }: OneStrike): Promise<boolean> {
  if (blow.at === 'socket write') return (await strike(rig, messages, withKillAtWrite(nth, blow.moment))).fired;
  const { store, fault } = blow;
  const wrap = withInjection({ file: FILES[store.of](rig.ends), syscalls: [store.call], nth, fault, log });
  if (fault === 'KILL') return (await strike(rig, messages, wrap)).fired;
  return failing(rig, messages, wrap, log);
}

/** The call fails: the job may run again by itself, on a store that is opened anew, or end and be started again. */
async function failing(rig: KillRig, messages: number, wrap: Wrap, log: string): Promise<boolean> {
  await rig.load.send(messages);
  await rig.load.settle();
  await rig.spawn(wrap);
  await untilCompleteOrEnded(rig);
  const { code } = await rig.end();
  if (!rig.complete || code !== 0) await finish(rig);
  return injectedCalls(log) > 0;
}

function upTo(most: number): number[] {
  return Array.from({ length: most }, (_, index) => index + 1);
}
