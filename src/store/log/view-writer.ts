import { type Deferred, deferred } from '../../internal/deferred.js';
import type { StoreBatch } from '../store.js';
import type { LocalView } from './local-view.js';
import { PendingChanges } from './pending-changes.js';
import type { LogPoint } from './record/log-point.js';

/** Above this commits wait for the view. */
const MOST_PENDING_BYTES = 32 * 1024 * 1024;

interface Written {
  readonly changes: StoreBatch;
  readonly point: LogPoint;
}

/** Writes a view behind the log: records are added when the log has them, and applied together, several in one transaction. */
export class ViewWriter {
  readonly pending = new PendingChanges();
  readonly #view: LocalView;
  #waiting: Written[] = [];
  /** Undefined while nothing is to be written. Never rejects. */
  #running: Promise<void> | undefined;
  #room: Deferred<void> | undefined;
  /** In a record, since anything can be thrown. */
  #failure: { readonly error: unknown } | undefined;

  constructor(view: LocalView) {
    this.#view = view;
  }

  /** The log has this. */
  add(changes: StoreBatch, point: LogPoint): void {
    // seen in any case, as all that the log has
    this.pending.add(changes, point.seq);
    if (this.#failure !== undefined) return;
    this.#waiting.push({ changes, point });
    this.#running ??= this.#run();
  }

  /** Resolves when there is room for more. @throws what the view failed with: it gets nothing more then */
  async room(): Promise<void> {
    while (this.#failure === undefined && this.pending.bytes >= MOST_PENDING_BYTES) {
      this.#room ??= deferred<void>();
      await this.#room.promise;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Resolves when nothing is under way. Never rejects. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // records of the same turn share the first transaction
    await Promise.resolve();
    while (this.#waiting.length > 0 && this.#failure === undefined) await this.#applyAll(this.#waiting.splice(0));
    this.#running = undefined;
  }

  async #applyAll(written: readonly Written[]): Promise<void> {
    const last = written.at(-1);
    if (last === undefined) return;
    try {
      await this.#view.apply(
        written.map(({ changes }) => changes),
        last.point,
      );
      for (const { changes } of written) this.pending.applied(changes, last.point.seq);
    } catch (error) {
      this.#failure = { error };
    }
    this.#room?.resolve();
    this.#room = undefined;
  }
}
