import { appendIds, appendRuns } from './id-runs.js';

const BLOCK = 256;
const blockOf = (index: number): number => Math.floor(index / BLOCK);

/**
 * Packet ids by index, 0 for none, and the runs they make. A commit asks for the runs each time, and between two of them little has
 * changed of what may be 65535 ids: the runs of a block are kept until one of its ids changes.
 */
export class IdColumn {
  #ids = new Uint16Array(BLOCK);
  /** The runs of each block; undefined where they are not known. */
  #runs: (readonly number[] | undefined)[] = [];

  set(index: number, id: number): void {
    if (index >= this.#ids.length) this.#grow(index);
    this.#ids[index] = id;
    this.#runs[blockOf(index)] = undefined;
  }

  /** Whether there is an id at the index. */
  has(index: number): boolean {
    return (this.#ids[index] ?? 0) !== 0;
  }

  /** Leaves only the ids at these indexes, ascending, without gaps. */
  keep(indexes: readonly number[]): void {
    indexes.forEach((from, to) => {
      this.#ids[to] = this.#ids[from] ?? 0;
    });
    this.#runs = [];
  }

  /** See `id-runs.ts`: of the ids below `end`, in the order of their index. */
  runs(end: number): Uint16Array {
    const runs: number[] = [];
    const whole = blockOf(end);
    for (let block = 0; block < whole; block += 1) appendRuns(runs, this.#runsOf(block));
    appendIds(runs, this.#ids, whole * BLOCK, Math.min(end, this.#ids.length));
    return new Uint16Array(runs);
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
    const grown = new Uint16Array(Math.max(this.#ids.length * 2, index + 1));
    grown.set(this.#ids);
    this.#ids = grown;
  }
}
