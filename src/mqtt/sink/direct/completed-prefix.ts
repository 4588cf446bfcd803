const FIRST_CAPACITY = 1024;

/**
 * How many of the indices 0, 1, 2, … are complete without a gap, when they complete in any order, each once. A byte for each
 * index between the first gap and the highest complete one, and no object for any.
 */
export class CompletedPrefix {
  #done = new Uint8Array(FIRST_CAPACITY);
  #length = 0;
  /** One above the highest complete index. */
  #end = 0;

  /** Never falls. */
  get length(): number {
    return this.#length;
  }

  complete(index: number): void {
    if (index === this.#length && index >= this.#end) {
      this.#length += 1;
      this.#end = this.#length;
      return;
    }
    if (index < this.#length) return;
    while (index - this.#length >= this.#done.length) this.#grow();
    this.#done[index & (this.#done.length - 1)] = 1;
    if (index >= this.#end) this.#end = index + 1;
    if (index === this.#length) this.#advance();
  }

  #advance(): void {
    const mask = this.#done.length - 1;
    while (this.#done[this.#length & mask] === 1) {
      this.#done[this.#length & mask] = 0;
      this.#length += 1;
    }
  }

  #grow(): void {
    const old = this.#done;
    this.#done = new Uint8Array(old.length * 2);
    for (let index = this.#length; index < this.#end; index += 1) {
      this.#done[index & (this.#done.length - 1)] = old[index & (old.length - 1)] ?? 0;
    }
  }
}
