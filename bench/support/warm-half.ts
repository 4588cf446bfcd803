import { performance } from 'node:perf_hooks';
import type { Figures } from './contender.js';
import { figureColumn } from './result.js';

/** What the second half of some messages takes: during the first one V8 compiles what is called often, which costs more than all else. */
export class WarmHalf {
  readonly #messages: number;
  #since: Look | undefined;

  constructor(messages: number) {
    this.#messages = messages;
  }

  /** So many are through. */
  look(delivered: number): void {
    if (this.#since !== undefined || delivered * 2 < this.#messages) return;
    this.#since = lookAt(delivered);
  }

  /** To be asked when all are through. */
  figures(): Figures {
    if (this.#since === undefined) return {};
    const since = this.#since;
    const now = lookAt(this.#messages);
    const left = now.delivered - since.delivered;
    const each = (of: keyof Look): number => (now[of] - since[of]) / left;
    return {
      warmCpuMicros: each('userMicros') + each('systemMicros'),
      warmSystemMicros: each('systemMicros'),
      warmTurns: each('turns'),
      warmWaits: each('waits'),
      warmRate: 1000 / each('atMs'),
    };
  }
}

interface Look {
  readonly delivered: number;
  readonly atMs: number;
  /** Of all threads, as the next two. */
  readonly userMicros: number;
  readonly systemMicros: number;
  /** A thread gave up its processor. */
  readonly waits: number;
  /** Of the event loop. */
  readonly turns: number;
}

const lookAt = (delivered: number): Look => {
  const { userCPUTime, systemCPUTime, voluntaryContextSwitches } = process.resourceUsage();
  return {
    delivered,
    atMs: performance.now(),
    userMicros: userCPUTime,
    systemMicros: systemCPUTime,
    waits: voluntaryContextSwitches,
    turns: performance.nodeTiming.uvMetricsInfo.loopCount,
  };
};

export const WARM_CPU = figureColumn('CPU µs/message once warm', 'warmCpuMicros', 1);
export const WARM_RATE = figureColumn('messages/s once warm', 'warmRate', 0);
/** Where the CPU of a message goes that has its commits to itself. */
export const WARM_COUNTS = [
  figureColumn('… in the kernel', 'warmSystemMicros', 1),
  figureColumn('turns of the loop/message', 'warmTurns', 1),
  figureColumn('waits of threads/message', 'warmWaits', 1),
  figureColumn('messages/commit', 'messagesPerCommit', 2),
];
