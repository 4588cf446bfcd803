/** Where a row of an outbox stands, as far as a commit must know it. */
export type SeqStage = 'open' | 'received' | 'done';

const CODES = { open: 0, received: 1, done: 2 } as const;

const FIRST_CAPACITY = 1024;

/**
 * The stages of the rows of an outbox from the lowest incomplete one on: a byte for each, and no object for any. All rows that were
 * never named are open.
 */
export class SeqStages {
  /** A ring by seq, as long as a power of two. What leaves at the low end is made open for the seq that has its place next. */
  #stages = new Uint8Array(FIRST_CAPACITY);
  #low: number;
  /** One above the highest row that is not open. */
  #top: number;
  #received = 0;

  constructor(low: number) {
    this.#low = low;
    this.#top = low;
  }

  /** Every row below is done. Never falls. */
  get low(): number {
    return this.#low;
  }

  /** Rows whose PUBREC came and that are not done. */
  get received(): number {
    return this.#received;
  }

  /** Of any seq: what was never named is open. */
  get(seq: number): SeqStage {
    if (seq < this.#low) return 'done';
    const code = seq < this.#top ? this.#stages[seq & (this.#stages.length - 1)] : CODES.open;
    if (code === CODES.open) return 'open';
    return code === CODES.done ? 'done' : 'received';
  }

  /** PUBREC came. False when that changes nothing: it came before, or the row is done. */
  receive(seq: number): boolean {
    if (this.get(seq) !== 'open') return false;
    this.#set(seq, CODES.received);
    this.#received += 1;
    return true;
  }

  /** Once or more often; the low end moves past all that is done behind it. */
  complete(seq: number): void {
    if (seq < this.#low) return;
    if (this.get(seq) === 'received') this.#received -= 1;
    this.#set(seq, CODES.done);
    if (seq !== this.#low) return;
    // the low end moves over all that is done behind it
    const mask = this.#stages.length - 1;
    while (this.#low < this.#top && this.#stages[this.#low & mask] === CODES.done) {
      this.#stages[this.#low & mask] = CODES.open;
      this.#low += 1;
    }
  }

  /** The session is lost: what its broker had received, it has received no more (R5). */
  forgetReceived(): void {
    const mask = this.#stages.length - 1;
    for (let seq = this.#low; seq < this.#top; seq += 1) {
      if (this.#stages[seq & mask] === CODES.received) this.#stages[seq & mask] = CODES.open;
    }
    this.#received = 0;
  }

  /** The rows in a stage as runs: pairs of first and one above the last, counted from `low`. */
  runs(stage: 'received' | 'done'): Uint32Array {
    const wanted = CODES[stage];
    const mask = this.#stages.length - 1;
    const runs: number[] = [];
    let inside = false;
    for (let seq = this.#low; seq < this.#top; seq += 1) {
      const here = this.#stages[seq & mask] === wanted;
      if (here === inside) continue;
      runs.push(seq - this.#low);
      inside = here;
    }
    if (inside) runs.push(this.#top - this.#low);
    return new Uint32Array(runs);
  }

  #set(seq: number, code: number): void {
    while (seq - this.#low >= this.#stages.length) this.#grow();
    this.#stages[seq & (this.#stages.length - 1)] = code;
    if (seq >= this.#top) this.#top = seq + 1;
  }

  #grow(): void {
    const old = this.#stages;
    this.#stages = new Uint8Array(old.length * 2);
    // row by row: each has another place in the larger ring
    for (let seq = this.#low; seq < this.#top; seq += 1) {
      this.#stages[seq & (this.#stages.length - 1)] = old[seq & (old.length - 1)] ?? CODES.open;
    }
  }
}
