import { MillraceError } from '../../../src/errors/index.js';
import type { LocalView, LocalViews } from '../../../src/store/log/local-view.js';
import { MemoryViews } from '../../../src/store/log/memory/memory-views.js';

/** What a node has of its partitions, on a disk that can be full. */
export class BreakableViews implements LocalViews {
  readonly #views = new MemoryViews();
  full = false;
  /** How often something could not be written. */
  refused = 0;

  async open(job: string, partition: number, identity: string): Promise<LocalView> {
    this.#check();
    const view = await this.#views.open(job, partition, identity);
    return {
      get applied() {
        return view.applied;
      },
      get reached() {
        return view.reached;
      },
      get: (key) => view.get(key),
      range: (from, to) => view.range(from, to),
      apply: async (batch, point) => {
        this.#check();
        await view.apply(batch, point);
      },
      applyBodies: async (bodies, point) => {
        this.#check();
        await view.applyBodies(bodies, point);
      },
      reset: () => view.reset(),
      close: () => view.close(),
    };
  }

  async close(): Promise<void> {}

  #check(): void {
    if (!this.full) return;
    this.refused++;
    throw new MillraceError('STORE_FULL', 'cannot write the view: no space left on device');
  }
}
