/** Fewer numbers are not worth the work of taking them out. */
const COMPACT_AT = 1024;

/**
 * Packet ids in the order in which their PUBCOMPs were written, from the first that has no fence. As runs, since ids follow each other
 * and a commit asks for all of them: pairs of the first id and how many there are, 0 for some that were taken out and keep their place.
 */
export class PubcompQueue {
  #runs: number[] = [];
  #head = 0;
  /** By packet id, up to the highest that was there: one above the index of its latest PUBCOMP. In vain where that has left the queue. */
  readonly #latest: number[] = [];
  #passed = 0;
  #written = 0;

  /** How many were ever pushed. */
  get written(): number {
    return this.#written;
  }

  /** How many have left, ever. */
  get passed(): number {
    return this.#passed;
  }

  has(packetId: number): boolean {
    return (this.#latest[packetId] ?? 0) > this.#passed;
  }

  /** One that is there moves to the end: only behind its latest PUBCOMP is a fence of use. */
  push(packetId: number): void {
    this.delete(packetId);
    for (let id = this.#latest.length; id <= packetId; id += 1) this.#latest.push(0);
    this.#written += 1;
    this.#latest[packetId] = this.#written;
    const last = this.#runs.length - 2;
    const [first = 0, count = 0] = last < this.#head ? [] : [this.#runs[last], this.#runs[last + 1]];
    if (first > 0 && first + count === packetId) this.#runs[last + 1] = count + 1;
    else this.#runs.push(packetId, 1);
  }

  /** The id leaves, its place stays. */
  delete(packetId: number): void {
    if (!this.has(packetId)) return;
    let before = (this.#latest[packetId] ?? 0) - this.#passed - 1;
    this.#latest[packetId] = 0;
    let at = this.#head;
    for (; before >= (this.#runs[at + 1] ?? 0); at += 2) before -= this.#runs[at + 1] ?? 0;
    const count = this.#runs[at + 1] ?? 0;
    const parts = [packetId - before, before, 0, 1, packetId + 1, count - before - 1];
    this.#runs.splice(at, 2, ...parts.filter((_part, index) => (parts[index | 1] ?? 0) > 0));
  }

  /** The first leaves; 0 for one that was taken out. */
  shift(): number {
    const first = this.#runs[this.#head] ?? 0;
    const count = this.#runs[this.#head + 1] ?? 0;
    this.#passed += 1;
    if (count > 1) {
      this.#runs[this.#head] = first === 0 ? 0 : first + 1;
      this.#runs[this.#head + 1] = count - 1;
    } else this.#head += 2;
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#runs.length) {
      this.#runs = this.#runs.slice(this.#head);
      this.#head = 0;
    }
    return first;
  }

  /** All leave. */
  clear(): void {
    this.#passed = this.#written;
    this.#runs = [];
    this.#head = 0;
  }

  /** The ids that are there, as runs: see `id-runs.ts`. */
  runs(): number[] {
    const runs = this.#head === 0 ? [...this.#runs] : this.#runs.slice(this.#head);
    return runs.includes(0) ? runs.filter((_part, index) => runs[index & ~1] !== 0) : runs;
  }
}
