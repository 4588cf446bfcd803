import type { SourcePlan } from '../../pipeline/compile/pipeline-plan.js';
import type { Overlay } from '../layout/overlay.js';
import type { CommitPart } from '../tick/commit-part.js';
import type { SourceLaneOptions } from '../tick/lanes/source-lane.js';
import { Deduplicator } from './deduplicator.js';

/** One for each source that gives keys. */
export class Deduplicators implements CommitPart {
  readonly #overlay: Overlay;
  /** Grows while the lanes are made, and not afterwards. */
  readonly #all: Deduplicator[] = [];

  constructor(overlay: Overlay) {
    this.#overlay = overlay;
  }

  get changed(): boolean {
    return this.#all.some(({ changed }) => changed);
  }

  get changedBytes(): number {
    return this.#all.reduce((sum, { changedBytes }) => sum + changedBytes, 0);
  }

  /** Undefined for a source that gives no keys. */
  isNewOf({ name, source }: SourcePlan): SourceLaneOptions['isNew'] {
    if (source.deduplication === undefined) return undefined;
    const one = new Deduplicator({ name, limits: source.deduplication, overlay: this.#overlay });
    this.#all.push(one);
    return (key, timestampMs) => one.isNew(key, timestampMs);
  }

  sealInto(overlay: Overlay): void {
    for (const one of this.#all) if (one.changed) one.sealInto(overlay);
  }

  begin(): void {
    for (const one of this.#all) one.begin();
  }

  undo(): void {
    for (const one of this.#all) one.undo();
  }

  committed(): void {
    for (const one of this.#all) one.committed();
  }
}
