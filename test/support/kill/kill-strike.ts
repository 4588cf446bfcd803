import { until } from '../until.js';
import type { Wrap } from './kill-launch.js';
import type { KillRig } from './kill-rig.js';

/** What one strike of a sweep came to. */
export interface Strike {
  /** The process was killed by the fault; false: it did all its work and ended in order before the fault's turn came. */
  readonly fired: boolean;
}

/**
 * A fixed run under a fault that kills: `count` messages wait at the broker, the system is started under the fault, works, and
 * is told to end when all is delivered. When the fault has killed it, it is started again without one, to finish.
 */
export async function strike(rig: KillRig, count: number, wrap: Wrap): Promise<Strike> {
  await rig.load.send(count);
  await rig.load.settle();
  await rig.spawn(wrap);
  await untilCompleteOrEnded(rig);
  const { signal, code } = await rig.end();
  if (signal !== 'SIGKILL') {
    if (code !== 0) throw new Error(`the system ended with ${code ?? signal}:\n${rig.tail()}`);
    return { fired: false };
  }
  await finish(rig);
  return { fired: true };
}

/** Starts the system without a fault and ends it when all is delivered. */
export async function finish(rig: KillRig): Promise<void> {
  await rig.start();
  await untilComplete(rig);
  const { code, signal } = await rig.end();
  if (code !== 0) throw new Error(`the system ended with ${code ?? signal}:\n${rig.tail()}`);
}

/** Resolves when the verifier has seen all that was sent. */
export function untilComplete(rig: KillRig): Promise<void> {
  return untilDone(rig, () => rig.complete);
}

/** As `untilComplete`, and when the process has ended. */
export function untilCompleteOrEnded(rig: KillRig): Promise<void> {
  return untilDone(rig, () => rig.complete || !rig.process.running);
}

async function untilDone(rig: KillRig, done: () => boolean): Promise<void> {
  const what = () => `all of ${rig.load.sent.length} messages, lost ${rig.report().lost.length}\n${rig.tail()}`;
  await until(done, { what });
}
