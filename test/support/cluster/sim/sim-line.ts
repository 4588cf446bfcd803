import { MillraceError } from '../../../../src/errors/index.js';
import type { SeededRandom } from '../../seeded-random.js';
import type { SimClock } from '../../sim/sim-clock.js';
import type { SimLife } from '../../sim/sim-life.js';
import { SimWay, type Trouble } from './sim-way.js';

/** What a line is made of. */
export interface SimLineParts {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  /** Who asks. */
  readonly life: SimLife;
  readonly delayMs: number;
  /** So long an answer is waited for, in milliseconds. */
  readonly patienceMs: number;
}

/** Which direction is cut. */
export type Cut = 'there' | 'back' | 'both';

/** The way of one node to servers, and back. Each direction can be cut by itself, and be bad. */
export class SimLine {
  readonly there: SimWay;
  readonly back: SimWay;
  readonly #parts: SimLineParts;
  readonly #watches = new Set<() => void>();

  constructor(parts: SimLineParts) {
    const { clock, random, delayMs } = parts;
    this.#parts = parts;
    this.there = new SimWay(clock, random, delayMs);
    this.back = new SimWay(clock, random, delayMs);
  }

  get life(): SimLife {
    return this.#parts.life;
  }

  get clock(): SimClock {
    return this.#parts.clock;
  }

  get patienceMs(): number {
    return this.#parts.patienceMs;
  }

  /** Told when the way back is cut or mended. */
  watch(changed: () => void): () => void {
    this.#watches.add(changed);
    return () => this.#watches.delete(changed);
  }

  cut(which: Cut): void {
    if (which !== 'back') this.there.cut();
    if (which === 'there') return;
    this.back.cut();
    for (const changed of [...this.#watches]) changed();
  }

  mend(): void {
    this.there.mend();
    if (!this.back.isCut) return;
    this.back.mend();
    for (const changed of [...this.#watches]) changed();
  }

  trouble(trouble: Trouble): void {
    this.there.trouble = trouble;
    this.back.trouble = trouble;
  }

  /** What the servers do and answer. Without an answer in time it rejects, and what was asked may happen all the same, and later. */
  ask<T>(act: () => T | Promise<T>): Promise<T> {
    const { clock, life, patienceMs } = this.#parts;
    return new Promise((resolve, reject) => {
      const waiting = { alive: true };
      const settle = (how: () => void): void => {
        life.enter(() => {
          waiting.alive = false;
          how();
        });
      };
      clock.after(patienceMs, () => settle(() => reject(unreachable())), waiting);
      this.there.pass(() => {
        const answer = (how: () => void): void => this.back.pass(() => settle(how));
        Promise.resolve(act()).then(
          (found) => answer(() => resolve(found)),
          (error: unknown) => answer(() => reject(error)),
        );
      });
    });
  }
}

const unreachable = (): MillraceError =>
  new MillraceError('CLUSTER_UNREACHABLE', 'the simulated servers do not answer', { retryable: true });
