import { MillraceError } from '../../../src/errors/index.js';
import { type Deferred, deferred } from '../../../src/internal/deferred.js';
import type { LocalView, LocalViews } from '../../../src/store/log/local-view.js';
import { decodeBatch } from '../../../src/store/log/record/batch-codec.js';
import type { LogPoint } from '../../../src/store/log/record/log-point.js';
import type { StoreBatch, StoreRecord } from '../../../src/store/store.js';

/** A view that applies nothing until it is let, however far the log is ahead. */
export class HeldView implements LocalView {
  readonly #view: LocalView;
  #gate: Deferred<void> | undefined;
  /** Calls of `apply` and `applyBodies` that wait. */
  waiting = 0;
  /** Those that were applied, in their order. */
  readonly batches: (readonly StoreBatch[])[] = [];

  constructor(view: LocalView) {
    this.#view = view;
  }

  get applied(): LogPoint {
    return this.#view.applied;
  }

  get reached(): LogPoint {
    return this.#view.reached;
  }

  hold(): void {
    this.#gate ??= deferred<void>();
  }

  /** What waits is applied, and what comes. */
  letGo(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  /** What waits fails, as on a full disk. */
  fail(): void {
    this.#gate?.reject(new MillraceError('STORE_FULL', 'no room for the view'));
    this.#gate = undefined;
  }

  get(key: string): Uint8Array | undefined {
    return this.#view.get(key);
  }

  range(from: string, to: string): Iterable<StoreRecord> {
    return this.#view.range(from, to);
  }

  async apply(batch: StoreBatch, point: LogPoint): Promise<void> {
    await this.#whenLet();
    await this.#view.apply(batch, point);
    this.batches.push([batch]);
  }

  async applyBodies(bodies: readonly Uint8Array[], point: LogPoint): Promise<void> {
    await this.#whenLet();
    await this.#view.applyBodies(bodies, point);
    this.batches.push(bodies.map((body) => decodeBatch(body, 'a commit')));
  }

  reset(): Promise<void> {
    return this.#view.reset();
  }

  close(): Promise<void> {
    return this.#view.close();
  }

  async #whenLet(): Promise<void> {
    this.waiting += 1;
    try {
      await this.#gate?.promise;
    } finally {
      this.waiting -= 1;
    }
  }
}

/** Gives the one view, held or not, to whoever opens. */
export const viewsOf = (view: LocalView): LocalViews => ({ open: async () => view, close: async () => {} });
