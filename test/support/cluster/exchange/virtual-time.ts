interface Event {
  readonly at: number;
  readonly order: number;
  readonly act: () => void;
}

/** Events at times of their own, played one after the other. Those of one time go in the order in which they were made. */
export class VirtualTime {
  now = 0;
  /** Played so far. */
  played = 0;
  readonly #heap: Event[] = [];
  #made = 0;

  after(delayMs: number, act: () => void): void {
    const event = { at: this.now + delayMs, order: this.#made, act };
    this.#made += 1;
    let at = this.#heap.push(event) - 1;
    while (at > 0 && before(event, this.#at((at - 1) >> 1))) {
      this.#heap[at] = this.#at((at - 1) >> 1);
      at = (at - 1) >> 1;
    }
    this.#heap[at] = event;
  }

  /** Plays all that comes before `end`, until `isOver`. */
  pass(end: number, isOver: () => boolean = () => false): void {
    while (!isOver()) {
      const first = this.#heap[0];
      if (first === undefined || first.at > end) break;
      this.#takeFirst();
      this.now = first.at;
      this.played += 1;
      first.act();
    }
    if (!isOver()) this.now = end;
  }

  #takeFirst(): void {
    const last = this.#heap.pop();
    const { length } = this.#heap;
    if (last === undefined || length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && before(this.#at(child + 1), this.#at(child))) child += 1;
      if (!before(this.#at(child), last)) break;
      this.#heap[at] = this.#at(child);
      at = child;
    }
    this.#heap[at] = last;
  }

  #at(index: number): Event {
    return this.#heap[index] as Event;
  }
}

const before = (one: Event, other: Event): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);
