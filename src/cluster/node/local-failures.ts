import { MillraceError } from '../../errors/index.js';
import type { LocalView, LocalViews } from '../../store/log/local-view.js';
import type { StoreRecord } from '../../store/store.js';

/**
 * Which errors came from this node's own storage: what it has of its partitions, which is a copy. Another node may have none of them. What is wrong
 * with the logs is no business of one node.
 */
export class LocalFailures {
  readonly #errors = new WeakSet<object>();

  isLocal(error: MillraceError): boolean {
    return this.#errors.has(error);
  }

  /** The same views, which stay open when these are closed: they are other jobs', too. */
  watch(views: LocalViews): LocalViews {
    return {
      open: async (job, partition, identity) =>
        this.#view(await this.#noted(() => views.open(job, partition, identity))),
      close: async () => {},
    };
  }

  #view(view: LocalView): LocalView {
    return {
      get applied() {
        return view.applied;
      },
      get reached() {
        return view.reached;
      },
      get: (key) => this.#notedNow(() => view.get(key)),
      range: (from, to) => this.#range(view, from, to),
      apply: (batch, point) => this.#noted(() => view.apply(batch, point)),
      applyBodies: (bodies, point) => this.#noted(() => view.applyBodies(bodies, point)),
      reset: () => this.#noted(() => view.reset()),
      close: () => this.#noted(() => view.close()),
    };
  }

  *#range(view: LocalView, from: string, to: string): Iterable<StoreRecord> {
    try {
      yield* view.range(from, to);
    } catch (error) {
      throw this.#note(error);
    }
  }

  #notedNow<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw this.#note(error);
    }
  }

  async #noted<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw this.#note(error);
    }
  }

  #note(error: unknown): MillraceError {
    const known = MillraceError.from(error);
    this.#errors.add(known);
    return known;
  }
}
