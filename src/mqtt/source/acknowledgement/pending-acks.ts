const FIRST_CAPACITY = 64;

/** Delivery tokens of polled messages that are not acknowledged yet, with the positions that release them. A ring of numbers, both columns ascending. */
export class PendingAcks {
  #positions: number[] = new Array<number>(FIRST_CAPACITY).fill(0);
  #tokens: number[] = new Array<number>(FIRST_CAPACITY).fill(0);
  #mask = FIRST_CAPACITY - 1;
  #head = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** The message with this token may be acknowledged when everything up to `position` is done. */
  push(position: number, token: number): void {
    if (this.#count > this.#mask) this.#grow();
    const index = (this.#head + this.#count) & this.#mask;
    this.#positions[index] = position;
    this.#tokens[index] = token;
    this.#count += 1;
  }

  /** The oldest token whose position is at most `mark`, or undefined; each is given once. */
  takeUpTo(mark: number): number | undefined {
    if (this.#count === 0 || (this.#positions[this.#head] ?? 0) > mark) return undefined;
    const token = this.#tokens[this.#head];
    this.#head = (this.#head + 1) & this.#mask;
    this.#count -= 1;
    return token;
  }

  #grow(): void {
    this.#positions = unrolled(this.#positions, this.#head);
    this.#tokens = unrolled(this.#tokens, this.#head);
    this.#mask = this.#positions.length - 1;
    this.#head = 0;
  }
}

/** A full ring as the first half of one twice its size. */
const unrolled = (ring: readonly number[], head: number): number[] => [
  ...ring.slice(head),
  ...ring.slice(0, head),
  ...new Array<number>(ring.length).fill(0),
];
