import { contractBroken, type Door, shown } from '../../internal/door/door.js';
import { isCount } from '../../internal/is-count.js';
import type { DeadLetter } from '../dead-letter.js';
import { checkLetter } from './check-letter.js';

/** Something that is given up, by its number. */
interface GivenUp {
  readonly number: number;
  readonly letter: DeadLetter;
}

/**
 * Follows what a sink reports as given up. Each number is reported once, not before it was taken and not after it counted as
 * delivered: then nobody would hold the input for the letter.
 */
export class GivenUpNumbers {
  readonly #door: Door;
  /** Which name it has where it is broken: two contracts have it. */
  readonly #rule: string;
  /** Reported, and not below the delivered prefix. Empty but for what stands behind a gap. */
  readonly #ahead = new Set<number>();
  /** Everything below has been let go of. */
  #delivered: number;

  constructor(door: Door, rule: string, delivered: number) {
    this.#door = door;
    this.#rule = rule;
    this.#delivered = delivered;
  }

  /** @throws MillraceError CONTRACT_BROKEN for one that was not taken, is delivered, or was given up before */
  report({ number, letter }: GivenUp, taken: number): void {
    if (!isCount(number) || number >= taken) throw this.#broken(`${shown(number)} of ${taken} taken is given up`);
    if (number < this.#delivered) throw this.#broken(`${number} is given up after it was delivered`);
    if (this.#ahead.has(number)) throw this.#broken(`${number} is given up twice`);
    checkLetter(this.#door, letter);
    this.#ahead.add(number);
  }

  /** Everything below is delivered or given up. */
  deliveredTo(delivered: number): void {
    this.#delivered = delivered;
    for (const number of this.#ahead) if (number < delivered) this.#ahead.delete(number);
  }

  #broken(gave: string): Error {
    return contractBroken(this.#door, this.#rule, gave);
  }
}
