import { SourceBuilder } from '../../src/connector/index.js';
import { PermanentError } from '../../src/errors/index.js';
import { TestSources } from '../../src/pipeline/index.js';
import { sourceContract } from './source-contract.js';

sourceContract('TestSources.items', {
  start: async (items) => ({
    source: TestSources.items(...Array.from({ length: items }, (_, index) => index)),
    produce: () => {},
    sequenceOf: (item: number) => item,
    stop: () => {},
  }),
  limits: {
    redelivery: 'begins again at its first item',
    acknowledgement: 'an array keeps no acknowledgements',
    failure: 'an array cannot fail',
    rest: 'there is always something to poll, or the end',
  },
});

sourceContract('TestSources.itemStream', {
  start: async () => ({
    source: TestSources.itemStream(100_000, (_timestamp, sequence) => sequence),
    produce: () => {},
    sequenceOf: (item: number) => item,
    stop: () => {},
  }),
  limits: {
    redelivery: 'begins again at its first item',
    acknowledgement: 'a counter keeps no acknowledgements',
    failure: 'a counter cannot fail',
    rest: 'it never stops counting',
  },
});

/** A queue that a user's source reads, waiting in a promise while it is empty. */
class Feed {
  readonly #items: number[] = [];
  #failure: Error | undefined;
  #wake: () => void = () => {};
  #made = 0;

  produce(count: number): void {
    for (let index = 0; index < count; index += 1) this.#items.push(this.#made + index);
    this.#made += count;
    this.#wake();
  }

  fail(): void {
    this.#failure = new PermanentError('the feed broke');
    this.#wake();
  }

  takeNow(): number[] {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#items.splice(0, 100);
  }

  async take(signal: AbortSignal): Promise<number[]> {
    if (this.#items.length === 0 && this.#failure === undefined && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return this.takeNow();
  }
}

const limits = {
  redelivery: 'a stream without acknowledgements goes on where it is',
  acknowledgement: 'SourceBuilder has no acknowledgement function',
  durable: 'it has no state',
};

sourceContract('SourceBuilder.stream with a function that waits', {
  start: async () => {
    const feed = new Feed();
    const source = SourceBuilder.stream('feed', () => new AbortController())
      .fillBufferFn<number>(async (stop, buffer) => {
        for (const item of await feed.take(stop.signal)) buffer.add(item);
      })
      .destroyFn((stop) => stop.abort())
      .build();
    return {
      source,
      produce: (count) => feed.produce(count),
      sequenceOf: (item: number) => item,
      fail: () => feed.fail(),
      stop: () => {},
    };
  },
  limits,
});

sourceContract('SourceBuilder.stream with a function that does not wait', {
  start: async () => {
    const feed = new Feed();
    const source = SourceBuilder.stream('feed', () => feed)
      .fillBufferFn<number>((from, buffer) => {
        for (const item of from.takeNow()) buffer.add(item);
      })
      .build();
    return {
      source,
      produce: (count) => feed.produce(count),
      sequenceOf: (item: number) => item,
      fail: () => feed.fail(),
      stop: () => {},
    };
  },
  limits,
});

/** A log that keeps everything, read from an offset on. */
class KeptLog {
  readonly #items: number[] = [];
  #failure: Error | undefined;

  produce(count: number): void {
    for (let index = 0; index < count; index += 1) this.#items.push(this.#items.length);
  }

  fail(): void {
    this.#failure = new PermanentError('the log broke');
  }

  from(offset: number, most: number): readonly number[] {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#items.slice(offset, offset + most);
  }
}

for (const [fillSize, waits] of [
  [1, false],
  [4, false],
  [4, true],
  [1000, false],
] as const) {
  sourceContract(`SourceBuilder.stream with a state, ${fillSize} at a time${waits ? ', in a promise' : ''}`, {
    start: async () => {
      const log = new KeptLog();
      const source = SourceBuilder.stream('log', () => ({ offset: 0 }))
        .fillBufferFn<number>((cursor, buffer) => {
          const fill = () => {
            for (const item of log.from(cursor.offset, fillSize)) {
              buffer.add(item);
              cursor.offset += 1;
            }
          };
          return waits ? Promise.resolve().then(fill) : fill();
        })
        .createSnapshotFn(({ offset }) => offset)
        .restoreSnapshotFn((cursor, offset) => {
          cursor.offset = offset;
        })
        .build();
      return {
        source,
        produce: (count) => log.produce(count),
        sequenceOf: (item: number) => item,
        fail: () => log.fail(),
        stop: () => {},
      };
    },
    limits: {
      redelivery: 'without a store there is no offset to go on from',
      acknowledgement: 'a log keeps everything',
    },
  });
}
