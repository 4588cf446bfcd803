import type { SeededRandom } from '../../seeded-random.js';
import type { SimClock } from '../../sim/sim-clock.js';

/** What happens to what passes, as chances from 0 to 1. */
export interface Trouble {
  readonly lost: number;
  /** By so much that who waits for it has given up, often. */
  readonly late: number;
}

export const CALM: Trouble = { lost: 0, late: 0 };

const LATE_FACTOR = 60;
/** Of what comes to a cut: the rest is lost. */
const HELD_CHANCE = 0.5;

/** One direction between a node and servers. What it carries may overtake each other. */
export class SimWay {
  readonly #clock: SimClock;
  readonly #random: SeededRandom;
  readonly #delayMs: number;
  readonly #held: (() => void)[] = [];
  trouble = CALM;
  isCut = false;

  /** @param delayMs the longest that it takes when all is well */
  constructor(clock: SimClock, random: SeededRandom, delayMs: number) {
    this.#clock = clock;
    this.#random = random;
    this.#delayMs = delayMs;
  }

  pass(arrive: () => void): void {
    const { lost, late } = this.trouble;
    if (lost > 0 && this.#random.chance(lost)) return;
    const factor = late > 0 && this.#random.chance(late) ? LATE_FACTOR : 1;
    this.#clock.after(this.someMs() * factor, () => this.#arrive(arrive));
  }

  someMs(): number {
    return this.#random.next() * this.#delayMs;
  }

  cut(): void {
    this.isCut = true;
  }

  /** What the cut held arrives now, in any order. */
  mend(): void {
    this.isCut = false;
    for (const arrive of this.#held.splice(0)) this.#clock.after(this.someMs(), () => this.#arrive(arrive));
  }

  #arrive(arrive: () => void): void {
    if (!this.isCut) arrive();
    else if (this.#random.chance(HELD_CHANCE)) this.#held.push(arrive);
  }
}
