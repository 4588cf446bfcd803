import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OpenContext, SourceReader } from '../../src/connector/index.js';
import { defineSource } from '../../src/connector/index.js';
import { MillraceError } from '../../src/errors/index.js';
import { MetricsRegistry } from '../../src/metrics/index.js';
import { LIMIT } from '../support/limits.js';
import { settlesWithin } from '../support/settles-within.js';
import { until } from '../support/until.js';
import { durableScenarios } from './durable-source-scenarios.js';
import {
  type AddScenario,
  commit,
  type SourceFixture,
  type SourceLimits,
  type Taken,
  take,
  upwards,
} from './source-scenario.js';

export type { SourceFixture } from './source-scenario.js';

/** How to make a source, and its published limits: a scenario that a limit rules out is shown as skipped, with the limit. */
export interface SourceHarness<T> {
  /** `items`: how many items the scenario produces in all. */
  start(items: number): Promise<SourceFixture<T>>;
  readonly limits: SourceLimits;
}

const open = async <T>(
  { source }: SourceFixture<T>,
  signal = new AbortController().signal,
): Promise<SourceReader<T>> => {
  const context: OpenContext = {
    job: 'contract',
    guarantee: source.defaultGuarantee,
    metrics: new MetricsRegistry(),
    signal,
  };
  return source.createReader(context);
};

/** Every scenario that every source must pass. */
export const sourceContract = <T>(name: string, harness: SourceHarness<T>): void => {
  const { limits } = harness;
  const scenario: AddScenario<T> = (title, items, options) => {
    test(title, { ...LIMIT, ...(options.skip === undefined ? {} : { skip: options.skip }) }, async () => {
      const fixture = await harness.start(items);
      try {
        await options.run(fixture);
      } finally {
        await fixture.stop();
      }
    });
  };
  const withReader =
    (run: (fixture: SourceFixture<T>, reader: SourceReader<T>) => Promise<void>) =>
    async (fixture: SourceFixture<T>): Promise<void> => {
      const reader = await open(fixture);
      try {
        await run(fixture, reader);
      } finally {
        await reader.close();
      }
    };

  describe(`source contract: ${name}`, () => {
    scenario('opens and closes, twice over', 0, {
      run: async (fixture) => {
        await (await open(fixture)).close();
        await (await open(fixture)).close();
      },
    });

    scenario('closes twice', 0, {
      run: async (fixture) => {
        const reader = await open(fixture);
        await Promise.all([reader.close(), reader.close()]);
        await reader.close();
      },
    });

    scenario('closes with items that were taken and not committed', 5, {
      run: withReader(async (fixture, reader) => {
        await fixture.produce(5);
        await take(fixture, reader, { count: 5 });
      }),
    });

    scenario('an abort while opening settles the opening', 0, {
      run: async (fixture) => {
        const abort = new AbortController();
        const opening = open(fixture, abort.signal);
        abort.abort(new MillraceError('ABORTED', 'by the scenario'));
        const reader = await opening.catch(() => undefined);
        await reader?.close();
      },
    });

    scenario('opening with an aborted signal settles too', 0, {
      run: async (fixture) => {
        const reader = await open(fixture, AbortSignal.abort(new MillraceError('ABORTED', 'before'))).catch(
          () => undefined,
        );
        await reader?.close();
      },
    });

    scenario('gives the items in order, at positions that ascend without a gap', 10, {
      run: withReader(async (fixture, reader) => {
        await fixture.produce(10);
        const taken = await take(fixture, reader, { count: 10 });
        assert.deepEqual(taken.sequences, upwards(0, 10));
      }),
    });

    scenario('poll never gives more than it was asked for', 7, {
      run: withReader(async (fixture, reader) => {
        await fixture.produce(7);
        const first = await take(fixture, reader, { count: 1, max: 1 });
        const rest = await take(fixture, reader, { count: 6, max: 2, before: first });
        assert.deepEqual([...first.sequences, ...rest.sequences], upwards(0, 7));
      }),
    });

    scenario('ready is armed again after each poll', 3, {
      run: withReader(async (fixture, reader) => {
        let before: Taken | undefined;
        for (let sequence = 0; sequence < 3; sequence += 1) {
          await fixture.produce(1);
          await reader.ready();
          before = await take(fixture, reader, { count: 1, max: 1, ...(before === undefined ? {} : { before }) });
          assert.deepEqual(before.sequences, [sequence]);
        }
      }),
    });

    scenario('ready waits for an item that comes later', 1, {
      run: withReader(async (fixture, reader) => {
        const ready = reader.ready();
        await fixture.produce(1);
        await ready;
        assert.deepEqual((await take(fixture, reader, { count: 1 })).sequences, [0]);
      }),
    });

    scenario('a mark may be committed twice, and a snapshot taken without one', 4, {
      run: withReader(async (fixture, reader) => {
        await fixture.produce(4);
        const { last } = await take(fixture, reader, { count: 4 });
        reader.snapshot(last);
        const { mark } = reader.snapshot(last);
        reader.committed(mark);
        reader.committed(mark);
      }),
    });

    scenario('acknowledges nothing before it is committed', 10, {
      skip: limits.acknowledgement,
      run: withReader(async (fixture, reader) => {
        await fixture.produce(10);
        const taken = await take(fixture, reader, { count: 10 });
        reader.snapshot(taken.last);
        await settlesWithin(reader.ready(), 100);
        assert.equal(await fixture.acknowledged?.(), 0);
        commit(reader, taken.last);
        await until(async () => (await fixture.acknowledged?.()) === 10, { what: 'ten acknowledgements' });
      }),
    });

    scenario('acknowledges exactly the committed prefix', 10, {
      skip: limits.acknowledgement,
      run: withReader(async (fixture, reader) => {
        await fixture.produce(10);
        const taken = await take(fixture, reader, { count: 10 });
        commit(reader, taken.positions[3] ?? 0);
        await until(async () => (await fixture.acknowledged?.()) === 4, { what: 'four acknowledgements' });
        await settlesWithin(reader.ready(), 50);
        assert.equal(await fixture.acknowledged?.(), 4);
        commit(reader, taken.last);
        await until(async () => (await fixture.acknowledged?.()) === 10, { what: 'ten acknowledgements' });
      }),
    });

    scenario('gives again, in order, what was not committed when it closed', 10, {
      skip: limits.redelivery,
      run: async (fixture) => {
        const reader = await open(fixture);
        await fixture.produce(10);
        const taken = await take(fixture, reader, { count: 10 });
        commit(reader, taken.positions[3] ?? 0);
        await reader.close();
        const again = await open(fixture);
        try {
          const redelivered = await take(fixture, again, { count: 6 });
          assert.deepEqual(redelivered.sequences, upwards(4, 10));
        } finally {
          await again.close();
        }
      },
    });

    scenario('gives what came while it was closed', 6, {
      skip: limits.redelivery,
      run: async (fixture) => {
        const reader = await open(fixture);
        await fixture.produce(2);
        commit(reader, (await take(fixture, reader, { count: 2 })).last);
        await reader.close();
        await fixture.produce(4);
        const again = await open(fixture);
        try {
          assert.deepEqual((await take(fixture, again, { count: 4 })).sequences, upwards(2, 6));
        } finally {
          await again.close();
        }
      },
    });

    scenario('goes on after it was saturated with items that nobody committed', 300, {
      run: withReader(async (fixture, reader) => {
        const produced = Promise.resolve(fixture.produce(300));
        const sequences: number[] = [];
        while (sequences.length < 300) {
          const { items, last, first } = reader.poll(Math.min(64, 300 - sequences.length));
          for (const item of items) sequences.push(fixture.sequenceOf(item));
          if (last >= first) continue;
          if (await settlesWithin(reader.ready(), 100)) continue;
          commit(reader, last);
        }
        await produced;
        assert.deepEqual(sequences, upwards(0, 300));
      }),
    });

    scenario('gives many items in order while they are committed', 2000, {
      run: withReader(async (fixture, reader) => {
        const produced = Promise.resolve(fixture.produce(2000));
        const taken = await take(fixture, reader, { count: 2000, commitEach: true });
        await produced;
        assert.deepEqual(taken.sequences, upwards(0, 2000));
      }),
    });

    scenario('a failure surfaces from ready and from poll', 0, {
      skip: limits.failure,
      run: withReader(async (fixture, reader) => {
        const isOurs = (error: unknown): boolean => error instanceof MillraceError;
        const failed = assert.rejects(
          (async () => {
            for (;;) {
              await reader.ready();
              reader.poll(1);
            }
          })(),
          isOurs,
        );
        await fixture.fail?.();
        await failed;
        await until(
          () => {
            try {
              reader.poll(1);
              return false;
            } catch (error) {
              return isOurs(error);
            }
          },
          { what: 'poll throws' },
        );
      }),
    });

    scenario('works without an engine, and breaking out of the loop closes it', 5, {
      run: async (fixture) => {
        const opened = await defineSource(fixture.source).open();
        await fixture.produce(5);
        const sequences: number[] = [];
        for await (const { item, ack } of opened) {
          sequences.push(fixture.sequenceOf(item));
          ack();
          if (sequences.length === 5) break;
        }
        await opened.close();
        assert.deepEqual(sequences, upwards(0, 5));
      },
    });

    durableScenarios(scenario, limits);
  });
};
