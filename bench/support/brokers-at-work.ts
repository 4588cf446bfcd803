import { setTimeout as sleep } from 'node:timers/promises';
import { cpuMicrosOf } from './cpu-of.js';
import type { Referee } from './run-contender.js';

const POLL_MS = 20;
/** A broker that has used no processor for so long has nothing more to do. */
const REST_MS = 200;

/**
 * The end is where the brokers are through as well: a bridge that is done leaves acknowledgements that its source's broker has not read, and
 * the handshakes of a long backlog are most of that one's work. Gives what they needed, too.
 */
export function brokersAtWork(pids: readonly number[]): Referee {
  const used = (): number => pids.reduce((sum, pid) => sum + cpuMicrosOf(pid), 0);
  let startedAt = 0;
  let usedBefore = 0;
  return {
    start: () => {
      usedBefore = used();
      startedAt = performance.now();
    },
    finish: async () => {
      let last = used();
      let lastAt = performance.now();
      while (performance.now() - lastAt < REST_MS) {
        await sleep(POLL_MS);
        const now = used();
        if (now !== last) lastAt = performance.now();
        last = now;
      }
      return { wallMs: lastAt - startedAt, brokersCpuMicros: last - usedBefore };
    },
  };
}
