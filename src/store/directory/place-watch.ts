import { MillraceError } from '../../errors/index.js';
import { deferred } from '../../internal/deferred.js';
import { checkInPlace, type FileIdentity } from './file-identity.js';

/** One look costs some microseconds. It keeps no process alive. */
const LOOK_MS = 5000;

/** Sees that a file was removed or replaced also while nothing is written to it. */
export class PlaceWatch implements Disposable {
  readonly #lost = deferred<MillraceError>();
  readonly #timer: NodeJS.Timeout;

  constructor(file: { readonly path: string; readonly identity: FileIdentity | undefined }) {
    this.#timer = setInterval(() => this.#look(file), LOOK_MS);
    this.#timer.unref();
  }

  /** Resolves with STORE_FENCED within some seconds, and never after it was disposed of. */
  get lost(): Promise<MillraceError> {
    return this.#lost.promise;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(file: Parameters<typeof checkInPlace>[0]): void {
    try {
      checkInPlace(file);
    } catch (error) {
      clearInterval(this.#timer);
      this.#lost.resolve(MillraceError.from(error));
    }
  }
}
