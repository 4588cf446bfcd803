/** Of some items of a key: a sum, and how many they are. */
export interface Total {
  sum: number;
  count: number;
}

/** By key. */
export type Totals = Map<string, Total>;

/** Has one more value in it. */
export const addTo = (totals: Totals, key: string, value: number): void => {
  const total = totals.get(key);
  if (total === undefined) totals.set(key, { sum: value, count: 1 });
  else {
    total.sum += value;
    total.count += 1;
  }
};

/**
 * Averages of windows that slide, of the totals of each slide: what comes is added, what goes is taken away.
 */
export class SlidingAverages {
  readonly #slides: Totals[] = [];
  readonly #running: Totals = new Map();
  readonly #most: number;
  readonly #give: (result: { readonly key: string; readonly average: number }) => void;

  /** @param most slides of a window */
  constructor(most: number, give: (result: { readonly key: string; readonly average: number }) => void) {
    this.#most = most;
    this.#give = give;
  }

  /** A slide has ended: so has a window. */
  end(totals: Totals): void {
    if (this.#most === 1) {
      for (const [key, { sum, count }] of totals) this.#give({ key, average: sum / count });
      return;
    }
    this.#slides.push(totals);
    for (const [key, { sum, count }] of totals) {
      const running = this.#running.get(key);
      if (running === undefined) this.#running.set(key, { sum, count });
      else {
        running.sum += sum;
        running.count += count;
      }
    }
    for (const [key, { sum, count }] of this.#running) this.#give({ key, average: sum / count });
    if (this.#slides.length === this.#most) this.#takeAway(this.#slides.shift() ?? new Map());
  }

  /** Those windows that have not ended with the last slide. */
  endAll(): void {
    while (this.#slides.length > 0) {
      for (const [key, { sum, count }] of this.#running) this.#give({ key, average: sum / count });
      this.#takeAway(this.#slides.shift() ?? new Map());
    }
  }

  #takeAway(totals: Totals): void {
    for (const [key, { sum, count }] of totals) {
      const running = this.#running.get(key);
      if (running === undefined) continue;
      running.sum -= sum;
      running.count -= count;
      if (running.count === 0) this.#running.delete(key);
    }
  }
}
