import type { LocalView, LocalViews } from '../local-view.js';
import { MemoryView } from './memory-view.js';

/**
 * Views in memory: for jobs whose state fits there, and that may read all of their log at each start of the process. They last as long as
 * this object, closed or not.
 */
export class MemoryViews implements LocalViews {
  readonly #views = new Map<string, { readonly identity: string; readonly view: MemoryView }>();

  async open(job: string, partition: number, identity: string): Promise<LocalView> {
    const name = `${partition} ${job}`;
    const known = this.#views.get(name);
    if (known?.identity === identity) return known.view;
    const view = new MemoryView();
    this.#views.set(name, { identity, view });
    return view;
  }

  async close(): Promise<void> {}
}
