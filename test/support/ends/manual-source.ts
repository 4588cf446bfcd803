import {
  defineSource,
  type Polled,
  type Source,
  type SourceReader,
  type SourceSnapshot,
} from '../../../src/connector/index.js';
import { MillraceError } from '../../../src/errors/index.js';
import { deferred } from '../../../src/internal/deferred.js';

/** A source that a test feeds by hand and that keeps what was acknowledged over reopenings. */
export class ManualSource<T> {
  readonly source: Source<T>;
  /** What tells copies, for a source with `deduplication`. */
  keyOf: ((item: T) => string | undefined) | undefined;
  acknowledged = 0;
  /** When it says that it polls. */
  polledAtMs = 0;
  opened = 0;
  closed = 0;
  ended = false;
  /** What the next snapshot stores, and what the store had when the source was opened last. */
  pages: ReadonlyMap<string, Uint8Array> | undefined;
  restoredPages: ReadonlyMap<string, Uint8Array> | undefined;
  /** The most items that were polled and not acknowledged. */
  mostInFlight = 0;
  readonly #items: T[] = [];
  #reader: ManualReader<T> | undefined;
  #failure: Error | undefined;

  constructor(options: Partial<Source<T>> = {}) {
    this.source = defineSource<T>({
      name: 'manual',
      claims: [],
      defaultGuarantee: 'at-least-once',
      refuse: () => undefined,
      onError: 'fail',
      ...options,
      createReader: async ({ restoredPages }) => {
        this.opened += 1;
        this.restoredPages = restoredPages;
        this.#reader = new ManualReader(this, this.acknowledged);
        return this.#reader;
      },
    });
  }

  get items(): readonly T[] {
    return this.#items;
  }

  get failure(): Error | undefined {
    return this.#failure;
  }

  push(...items: T[]): void {
    for (const item of items) this.#items.push(item);
    this.#reader?.wake();
  }

  end(): void {
    this.ended = true;
    this.#reader?.wake();
  }

  fail(error: Error): void {
    this.#failure = error;
    this.#reader?.fail(MillraceError.from(error));
    this.#reader?.wake();
  }
}

class ManualReader<T> implements SourceReader<T> {
  readonly #owner: ManualSource<T>;
  #next: number;
  readonly #failed = deferred<MillraceError>();
  #ready = deferred<void>();

  constructor(owner: ManualSource<T>, next: number) {
    this.#owner = owner;
    this.#next = next;
  }

  wake(): void {
    this.#ready.resolve();
  }

  fail(error: MillraceError): void {
    this.#failed.resolve(error);
  }

  get failed(): Promise<MillraceError> {
    return this.#failed.promise;
  }

  poll(max: number): Polled<T> {
    const { items, failure, ended, keyOf, polledAtMs } = this.#owner;
    if (failure !== undefined) throw failure;
    const first = this.#next;
    const taken = items.slice(first, first + max);
    this.#next += taken.length;
    this.#owner.mostInFlight = Math.max(this.#owner.mostInFlight, this.#next - this.#owner.acknowledged);
    const done = ended && this.#next === items.length;
    return {
      items: taken,
      timestampMs: polledAtMs,
      first,
      last: this.#next - 1,
      bytes: taken.length,
      rejected: [],
      ...(keyOf && { keys: taken.map(keyOf) }),
      done,
    };
  }

  ready(): Promise<void> {
    this.#ready = deferred();
    const { items, failure, ended } = this.#owner;
    if (ended || failure !== undefined || items.length > this.#next) this.#ready.resolve();
    return this.#ready.promise;
  }

  snapshot(upTo: number): SourceSnapshot {
    const { pages } = this.#owner;
    this.#owner.pages = undefined;
    return { mark: upTo, state: undefined, ...(pages && { pages }) };
  }

  committed(mark: number): void {
    this.#owner.acknowledged = mark + 1;
  }

  async close(): Promise<void> {
    this.#owner.closed += 1;
  }
}
