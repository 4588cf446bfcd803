import { Tally } from './tally.js';

/** Counts the items of a job that came too late for their windows, and by which stages they were dropped. */
export class LateTally extends Tally {
  readonly #stages = new Map<string, number>();

  /** One more of this stage. */
  addOf(stage: string): void {
    this.add();
    this.#stages.set(stage, this.of(stage) + 1);
  }

  /** Those of a stage so far. */
  of(stage: string): number {
    return this.#stages.get(stage) ?? 0;
  }

  /** The stages that have some. */
  get stages(): Iterable<string> {
    return this.#stages.keys();
  }
}
