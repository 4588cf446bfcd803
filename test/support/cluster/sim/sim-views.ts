import { MillraceError } from '../../../../src/errors/index.js';
import type { LocalView, LocalViews } from '../../../../src/store/log/local-view.js';
import { MemoryView } from '../../../../src/store/log/memory/memory-view.js';
import type { LogPoint } from '../../../../src/store/log/record/log-point.js';
import type { StoreBatch, StoreRecord } from '../../../../src/store/store.js';
import type { SimLife } from '../../sim/sim-life.js';

/** What the disk of a machine has of each partition. It outlives the node's processes. */
export class SimDiskViews {
  readonly views = new Map<number, MemoryView>();
  /** By partition, the process that has it open. */
  readonly openBy = new Map<number, SimLife>();

  viewOf(partition: number): MemoryView {
    const known = this.views.get(partition) ?? new MemoryView();
    this.views.set(partition, known);
    return known;
  }

  /** A machine with an empty disk. */
  lose(): void {
    this.views.clear();
  }
}

/** The views of one process, which are written with delay. */
export class SimViews implements LocalViews {
  readonly #disk: SimDiskViews;
  readonly #life: SimLife;
  readonly #someMs: () => number;

  constructor(disk: SimDiskViews, life: SimLife, someMs: () => number) {
    this.#disk = disk;
    this.#life = life;
    this.#someMs = someMs;
  }

  async open(_job: string, partition: number): Promise<LocalView> {
    const { openBy } = this.#disk;
    if (openBy.get(partition)?.alive === true) throw new MillraceError('STORE_LOCKED', `view ${partition} is open`);
    openBy.set(partition, this.#life);
    return new SlowView(this.#disk.viewOf(partition), this.#someMs, () => openBy.delete(partition));
  }

  async close(): Promise<void> {}
}

/** A process that dies while it writes has written nothing. */
class SlowView implements LocalView {
  readonly #view: MemoryView;
  readonly #someMs: () => number;
  readonly #closed: () => void;

  constructor(view: MemoryView, someMs: () => number, closed: () => void) {
    this.#view = view;
    this.#someMs = someMs;
    this.#closed = closed;
  }

  get applied(): LogPoint {
    return this.#view.applied;
  }

  get reached(): LogPoint {
    return this.#view.reached;
  }

  get(key: string): Uint8Array | undefined {
    return this.#view.get(key);
  }

  range(from: string, to: string): Iterable<StoreRecord> {
    return this.#view.range(from, to);
  }

  async apply(batch: StoreBatch, point: LogPoint): Promise<void> {
    await new Promise<void>((resolve) => setTimeout(resolve, this.#someMs()));
    await this.#view.apply(batch, point);
  }

  async applyBodies(bodies: readonly Uint8Array[], point: LogPoint): Promise<void> {
    await new Promise<void>((resolve) => setTimeout(resolve, this.#someMs()));
    await this.#view.applyBodies(bodies, point);
  }

  reset(): Promise<void> {
    return this.#view.reset();
  }

  async close(): Promise<void> {
    this.#closed();
  }
}
