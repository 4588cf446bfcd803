import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defineSink, type OpenContext, type SinkDefinition, type SinkWriter } from '../../src/connector/index.js';
import { MillraceError } from '../../src/errors/index.js';
import { MetricsRegistry } from '../../src/metrics/index.js';
import { LIMIT } from '../support/limits.js';
import { settlesWithin } from '../support/settles-within.js';
import { until } from '../support/until.js';

/** One sink with its destination (a broker and a subscriber, an array), for one scenario. */
export interface SinkFixture<T> {
  readonly sink: SinkDefinition<T>;
  /** The item with this number. All items of a scenario go to one destination (MQTT: one topic). */
  item(sequence: number): T;
  /** The numbers of what has arrived, in the order of arrival. */
  received(): readonly number[];
  /** From now on the destination confirms nothing. */
  hold?(): void | Promise<void>;
  /** Undoes `hold`. What was held back is confirmed. */
  release?(): void | Promise<void>;
  /** Makes the open sink fail for good. */
  fail?(): void | Promise<void>;
  stop(): Promise<void> | void;
}

/** How to make a sink, and its published limits: a scenario that a limit rules out is shown as skipped, with the limit. */
export interface SinkHarness<T> {
  start(): Promise<SinkFixture<T>>;
  readonly limits: {
    /** Why confirmations cannot be held back. Absent: they can, and the fixture has `hold` and `release`. */
    readonly holding?: string;
    /** Why it cannot fail. Absent: it can, and the fixture has `fail`. */
    readonly failure?: string;
    /** Why what arrived cannot be seen. Absent: it can. */
    readonly receipt?: string;
  };
}

const open = async <T>({ sink }: SinkFixture<T>, signal = new AbortController().signal): Promise<SinkWriter<T>> => {
  const context: OpenContext = { job: 'contract', guarantee: 'at-least-once', metrics: new MetricsRegistry(), signal };
  return sink.createWriter(context);
};

const upwards = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

/** Writes the items with these numbers, as the engine does it: what is not taken is offered again when `ready` says so. */
const writeAll = async <T>(
  fixture: SinkFixture<T>,
  writer: SinkWriter<T>,
  sequences: readonly number[],
): Promise<void> => {
  let rest = sequences.map((sequence) => fixture.item(sequence));
  let ready = writer.ready();
  while (rest.length > 0) {
    const taken = writer.write(rest);
    assert.ok(taken >= 0 && taken <= rest.length, `took ${taken} of ${rest.length}`);
    rest = rest.slice(taken);
    writer.flush();
    if (rest.length === 0) return;
    await ready;
    writer.progress();
    ready = writer.ready();
  }
};

/** Waits for `count` deliveries, checking that the number never falls. */
const delivery = async (writer: SinkWriter<never>, count: number): Promise<void> => {
  let before = 0;
  await until(
    () => {
      writer.flush();
      const { delivered, rejected } = writer.progress();
      assert.ok(delivered >= before, `delivered fell from ${before} to ${delivered}`);
      assert.deepEqual(rejected, []);
      before = delivered;
      return delivered === count;
    },
    { what: `${count} deliveries` },
  );
};

/** Every scenario that every sink must pass. */
export const sinkContract = <T>(name: string, harness: SinkHarness<T>): void => {
  const { limits } = harness;
  const scenario = (
    title: string,
    options: { skip?: string | undefined; run: (fixture: SinkFixture<T>) => Promise<void> },
  ): void => {
    test(title, { ...LIMIT, ...(options.skip === undefined ? {} : { skip: options.skip }) }, async () => {
      const fixture = await harness.start();
      try {
        await options.run(fixture);
      } finally {
        await fixture.stop();
      }
    });
  };
  const withWriter =
    (run: (fixture: SinkFixture<T>, writer: SinkWriter<T>) => Promise<void>) =>
    async (fixture: SinkFixture<T>): Promise<void> => {
      const writer = await open(fixture);
      try {
        await run(fixture, writer);
      } finally {
        await writer.close();
      }
    };
  const arrived = async (fixture: SinkFixture<T>, count: number): Promise<void> => {
    if (limits.receipt !== undefined) return;
    await until(() => fixture.received().length >= count, { what: `${count} items at the destination` });
    assert.deepEqual(fixture.received(), upwards(0, count));
  };

  describe(`sink contract: ${name}`, () => {
    scenario('opens and closes, twice over', {
      run: async (fixture) => {
        await (await open(fixture)).close();
        await (await open(fixture)).close();
      },
    });

    scenario('closes twice', {
      run: async (fixture) => {
        const writer = await open(fixture);
        await Promise.all([writer.close(), writer.close()]);
        await writer.close();
      },
    });

    scenario('an abort while opening settles the opening', {
      run: async (fixture) => {
        const abort = new AbortController();
        const opening = open(fixture, abort.signal);
        abort.abort(new MillraceError('ABORTED', 'by the scenario'));
        const writer = await opening.catch(() => undefined);
        await writer?.close();
      },
    });

    scenario('opening with an aborted signal settles too', {
      run: async (fixture) => {
        const aborted = AbortSignal.abort(new MillraceError('ABORTED', 'before'));
        const writer = await open(fixture, aborted).catch(() => undefined);
        await writer?.close();
      },
    });

    scenario('writing nothing takes nothing', {
      run: withWriter(async (_fixture, writer) => {
        assert.equal(writer.write([]), 0);
        writer.flush();
        assert.deepEqual(writer.progress(), { delivered: 0, rejected: [] });
      }),
    });

    scenario('delivers every item, in order', {
      run: withWriter(async (fixture, writer) => {
        await writeAll(fixture, writer, upwards(0, 10));
        await delivery(writer, 10);
        await arrived(fixture, 10);
      }),
    });

    scenario('delivers what several writes and one flush gave it', {
      run: withWriter(async (fixture, writer) => {
        for (const sequence of upwards(0, 5)) assert.equal(writer.write([fixture.item(sequence)]), 1);
        writer.flush();
        await delivery(writer, 5);
        await arrived(fixture, 5);
      }),
    });

    scenario('ready tells of progress, again and again', {
      run: withWriter(async (fixture, writer) => {
        for (const sequence of upwards(0, 3)) {
          assert.equal(writer.write([fixture.item(sequence)]), 1);
          writer.flush();
          while (writer.progress().delivered < sequence + 1) await writer.ready();
        }
        await arrived(fixture, 3);
      }),
    });

    scenario('ready resolves at once while there is progress that nobody has taken', {
      run: withWriter(async (fixture, writer) => {
        assert.equal(writer.write([fixture.item(0)]), 1);
        writer.flush();
        await writer.ready();
        await writer.ready();
        await delivery(writer, 1);
      }),
    });

    scenario('delivers many items in order', {
      run: withWriter(async (fixture, writer) => {
        await writeAll(fixture, writer, upwards(0, 2000));
        await delivery(writer, 2000);
        await arrived(fixture, 2000);
      }),
    });

    scenario('an item is delivered only when its destination has confirmed it', {
      skip: limits.holding,
      run: withWriter(async (fixture, writer) => {
        await fixture.hold?.();
        await writeAll(fixture, writer, upwards(0, 3));
        await settlesWithin(writer.ready(), 100);
        assert.equal(writer.progress().delivered, 0);
        await fixture.release?.();
        await delivery(writer, 3);
        await arrived(fixture, 3);
      }),
    });

    scenario('takes fewer when nothing is confirmed, and more when there is room again', {
      skip: limits.holding,
      run: withWriter(async (fixture, writer) => {
        await fixture.hold?.();
        const offer = upwards(0, 100_000);
        let written = 0;
        for (let taken = -1; taken !== 0 && written < offer.length; written += taken) {
          const items = offer.slice(written, written + 512).map((sequence) => fixture.item(sequence));
          taken = writer.write(items);
          writer.flush();
        }
        assert.ok(written > 0 && written < offer.length, `took ${written} items unconfirmed: no bound`);
        await fixture.release?.();
        await writeAll(fixture, writer, upwards(written, written + 10));
        await delivery(writer, written + 10);
        await arrived(fixture, written + 10);
      }),
    });

    scenario('closes without waiting for delivery', {
      skip: limits.holding,
      run: async (fixture) => {
        const writer = await open(fixture);
        await fixture.hold?.();
        writer.write([fixture.item(0)]);
        writer.flush();
        const closing = writer.close();
        const closed = await settlesWithin(closing, 2000);
        await fixture.release?.();
        await closing;
        assert.ok(closed, 'close waited');
      },
    });

    scenario('a failure surfaces from ready and from write', {
      skip: limits.failure,
      run: withWriter(async (fixture, writer) => {
        const isOurs = (error: unknown): boolean => error instanceof MillraceError;
        const failed = assert.rejects(
          (async () => {
            for (;;) {
              await writer.ready();
              writer.progress();
            }
          })(),
          isOurs,
        );
        await fixture.fail?.();
        try {
          writer.write([fixture.item(0)]);
          writer.flush();
        } catch (error) {
          assert.ok(isOurs(error));
        }
        await failed;
        assert.throws(() => writer.write([fixture.item(1)]), isOurs);
      }),
    });

    scenario('works without an engine: closing the stream waits for delivery', {
      run: async (fixture) => {
        const stream = await defineSink(fixture.sink).open();
        const writer = stream.getWriter();
        for (const sequence of upwards(0, 20)) await writer.write(fixture.item(sequence));
        await writer.close();
        await arrived(fixture, 20);
      },
    });
  });
};
