import type {
  DeadLetter,
  OnError,
  RejectedItem,
  Sink,
  SinkProgress,
  SinkWriter,
} from '../../../src/connector/index.js';
import { defineSink } from '../../../src/connector/index.js';
import { letterFor } from './simulated-source.js';
import type { Traced } from './traced.js';

/** One writer of a simulated sink: it takes what there is credit for, and confirms or gives up when the schedule says so. */
export class SimulatedWriter<T> implements SinkWriter<T> {
  readonly written: T[] = [];
  credit = 0;
  confirmed = 0;
  readonly #keyOf: (item: T) => string;
  readonly #onDone: (key: string) => void;
  #rejected: RejectedItem[] = [];

  /** `onDone` is told of each confirmed item when the engine learns of it. */
  constructor(keyOf: (item: T) => string, onDone: (key: string) => void) {
    this.#keyOf = keyOf;
    this.#onDone = onDone;
  }

  write(items: readonly T[]): number {
    const taken = items.slice(0, this.credit);
    this.written.push(...taken);
    this.credit -= taken.length;
    return taken.length;
  }

  flush(): void {}

  /** Confirms the next `count` items; each is given up instead when `givesUp` says so. */
  confirm(count: number, givesUp: () => boolean): void {
    for (const item of this.written.slice(this.confirmed, this.confirmed + count)) {
      const key = this.#keyOf(item);
      if (givesUp()) this.#rejected.push({ index: this.confirmed, letter: letterFor(key) });
      else this.#onDone(key);
      this.confirmed += 1;
    }
  }

  progress(): SinkProgress {
    const rejected = this.#rejected;
    this.#rejected = [];
    return { delivered: this.confirmed, rejected };
  }

  async ready(): Promise<void> {}

  async close(): Promise<void> {}
}

/** A sink that may stand at several places of a pipeline: each has a writer of its own. */
export class SimulatedSink {
  readonly definition: Sink<Traced>;

  constructor(index: number, onError: OnError) {
    this.definition = defineSink<Traced>({
      name: `sink-${index}`,
      claims: [],
      refuse: () => undefined,
      onError,
      createWriter: () => Promise.reject(new Error('the rig makes the writers')),
    });
  }
}

/** Where rejected items go. */
export const simulatedDeadLetters = (): Sink<DeadLetter> =>
  defineSink<DeadLetter>({
    name: 'dead-letters',
    claims: [],
    refuse: () => undefined,
    onError: 'fail',
    createWriter: () => Promise.reject(new Error('the rig makes the writers')),
  });
