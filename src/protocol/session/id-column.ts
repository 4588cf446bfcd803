import { appendIds, appendRuns } from './id-runs.js';

const BLOCK = 256;
const blockOf = (index: number): number => Math.floor(index / BLOCK);

/**
 * Packet ids by index, 0 for none, with the digests of their messages, and the runs they make. A commit asks for all of it each time, and
 * between two of them little has changed of what may be 65535 ids: the runs of a block are kept until one of its ids changes.
 */
export class IdColumn {
  #ids = new Uint16Array(BLOCK);
  #digests = new Int32Array(BLOCK);
  /** No id stands below it. */
  #low = 0;
  /** The runs of each block; undefined where they are not known. */
  #runs: (readonly number[] | undefined)[] = [];

  set(index: number, id: number, digest: number): void {
    if (index >= this.#ids.length) this.#grow(index);
    this.#ids[index] = id;
    this.#digests[index] = digest;
    this.#runs[blockOf(index)] = undefined;
    if (id !== 0 && index < this.#low) this.#low = index;
  }

  clear(index: number): void {
    this.set(index, 0, 0);
    while (this.#low < this.#ids.length && this.#ids[this.#low] === 0) this.#low += 1;
  }

  /** Leaves only the ids at these indexes, ascending, without gaps. */
  keep(indexes: readonly number[]): void {
    indexes.forEach((from, to) => {
      this.#ids[to] = this.#ids[from] ?? 0;
      this.#digests[to] = this.#digests[from] ?? 0;
    });
    this.#runs = [];
    this.#low = 0;
  }

  /** See `id-runs.ts`: of the ids below `end`, in the order of their index. */
  runs(end: number): Uint16Array {
    const runs: number[] = [];
    const whole = blockOf(end);
    for (let block = 0; block < whole; block += 1) appendRuns(runs, this.#runsOf(block));
    appendIds(runs, this.#ids, whole * BLOCK, Math.min(end, this.#ids.length));
    return Uint16Array.from(runs);
  }

  /** The digests of the ids below `end`, in the order of their index. Without gaps, as they mostly are, they are copied in one go. */
  digests(end: number): Int32Array {
    const ids = this.#ids.subarray(this.#low, Math.max(this.#low, end));
    const digests = this.#digests.slice(this.#low, this.#low + ids.length);
    return ids.includes(0) ? digests.filter((_digest, at) => ids[at] !== 0) : digests;
  }

  #runsOf(block: number): readonly number[] {
    const known = this.#runs[block];
    if (known !== undefined) return known;
    const runs: number[] = [];
    appendIds(runs, this.#ids, block * BLOCK, (block + 1) * BLOCK);
    this.#runs[block] = runs;
    return runs;
  }

  #grow(index: number): void {
    const length = Math.max(this.#ids.length * 2, index + 1);
    const [ids, digests] = [new Uint16Array(length), new Int32Array(length)];
    ids.set(this.#ids);
    digests.set(this.#digests);
    this.#ids = ids;
    this.#digests = digests;
  }
}
