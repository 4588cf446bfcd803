import { readdirSync, readFileSync } from 'node:fs';
import { PATIENCE_MS } from './limits.js';

const STANDING = new Set(['T', 't', 'Z', 'X']);
const LOOK_AGAIN_MS = 1;

/**
 * SIGSTOP that is back when every thread of the process stands. The kernel tells one thread, which stops the others when it
 * is its turn to run: on a busy machine a server still answers what is asked right after the signal. Elsewhere than on
 * Linux it is back at once.
 */
export function standStill(pid: number): void {
  process.kill(pid, 'SIGSTOP');
  if (process.platform !== 'linux') return;
  const deadline = performance.now() + PATIENCE_MS;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (!stands(pid)) {
    if (performance.now() > deadline) throw new Error(`process ${pid} did not stop within ${PATIENCE_MS} ms`);
    Atomics.wait(pause, 0, 0, LOOK_AGAIN_MS);
  }
}

/** The same of a process that may have ended. */
export function standStillIfThere(pid: number): void {
  try {
    standStill(pid);
  } catch (error) {
    if (isThere(pid)) throw error;
  }
}

function stands(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) => STANDING.has(stateOf(pid, thread)));
  } catch {
    // a thread, or the process, that ended while it was looked at: the next look tells
    return !isThere(pid);
  }
}

/** One letter. The name before it is in brackets and may have any character. */
function stateOf(pid: number, thread: string): string {
  const text = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1');
  return text.charAt(text.lastIndexOf(')') + 2);
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
