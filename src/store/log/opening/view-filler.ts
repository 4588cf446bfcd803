import type { LocalView } from '../local-view.js';
import { countChanges } from '../record/batch-codec.js';
import type { LogPoint } from '../record/log-point.js';

/** What is gathered before it is applied. As much again may be on its way into the view. */
const PORTION_BYTES = 16 * 1024 * 1024;
const PORTION_CHANGES = 100_000;

/**
 * Fills a view with what is read of a log or a snapshot: while one portion is applied the next is read. A view takes many changes at once much
 * faster than a few at a time.
 */
export class ViewFiller implements AsyncDisposable {
  readonly #view: LocalView;
  #bodies: Uint8Array[] = [];
  #bytes = 0;
  #changes = 0;
  #applying: Promise<void> | undefined;

  constructor(view: LocalView) {
    this.#view = view;
  }

  /**
   * Takes the body of a commit, or of a slice of a snapshot, which is not changed any more. Resolves when there is room for the next.
   * @param point is noted with it
   * @param what it is, for messages
   * @throws MillraceError STORE_CORRUPT, and those of the view
   */
  async add(body: Uint8Array, point: LogPoint, what: string): Promise<void> {
    this.#changes += countChanges(body, what);
    this.#bytes += body.byteLength;
    this.#bodies.push(body);
    if (this.#bytes >= PORTION_BYTES || this.#changes >= PORTION_CHANGES) await this.#apply(point);
  }

  /** That was all: resolves when the view has it, and `point`. @throws MillraceError those of the view */
  async end(point: LogPoint): Promise<void> {
    await this.#apply(point);
    await this.#applying;
  }

  /** Resolves when nothing is on its way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#applying?.catch(() => {});
  }

  async #apply(point: LogPoint): Promise<void> {
    await this.#applying;
    this.#applying = this.#view.applyBodies(this.#bodies, point);
    // it is awaited before the next one, or by whoever lets go of this
    this.#applying.catch(() => {});
    this.#bodies = [];
    this.#bytes = 0;
    this.#changes = 0;
  }
}
