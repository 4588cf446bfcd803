import { type Wrap, withPreload } from './kill-launch.js';

/** Where in a write the process dies: nothing of it, its first half, or all of it has reached the kernel. */
export type WriteMoment = 'before' | 'half' | 'after';

const PRELOAD = new URL('./kill-at-write.mjs', import.meta.url).href;

/** The process kills itself (SIGKILL) at its n-th write to a TCP socket, from 1, over all its sockets. */
export function withKillAtWrite(nth: number, moment: WriteMoment): Wrap {
  return withPreload(PRELOAD, { KILL_AT_WRITE: String(nth), KILL_AT_MOMENT: moment });
}
