import type { Figures } from './contender.js';
import { figureColumn } from './result.js';

/** What the second half of some messages takes: during the first one V8 compiles what is called often, which costs more than all else. */
export class WarmHalf {
  readonly #messages: number;
  #since: { readonly delivered: number; readonly used: NodeJS.CpuUsage; readonly atMs: number } | undefined;

  constructor(messages: number) {
    this.#messages = messages;
  }

  /** So many are through. */
  look(delivered: number): void {
    if (this.#since !== undefined || delivered * 2 < this.#messages) return;
    this.#since = { delivered, used: process.cpuUsage(), atMs: performance.now() };
  }

  /** To be asked when all are through. */
  figures(): Figures {
    if (this.#since === undefined) return {};
    const { delivered, used, atMs } = this.#since;
    const { user, system } = process.cpuUsage(used);
    const left = this.#messages - delivered;
    return { warmCpuMicros: (user + system) / left, warmRate: (left * 1000) / (performance.now() - atMs) };
  }
}

export const WARM_CPU = figureColumn('CPU µs/message once warm', 'warmCpuMicros', 1);
export const WARM_RATE = figureColumn('messages/s once warm', 'warmRate', 0);
