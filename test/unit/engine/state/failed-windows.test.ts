import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AggregateOperations,
  type DeadLetter,
  Engine,
  type MillraceError,
  Pipeline,
  Sinks,
  type Stage,
  TestSources,
  WindowDefinition,
} from '../../../../src/index.js';
import { MemoryStores } from '../../../../src/store/index.js';
import { LIMIT } from '../../../support/limits.js';

const LONG = 'k'.repeat(1000);

/** Fails at 13 as an item, and at a window that has 7. */
const failing = AggregateOperations.withCreate((): number[] => [])
  .andAccumulate((all, at: number) => {
    if (at === 13) throw new Error('no item');
    return [...all, at];
  })
  .andExport((all) => {
    if (all.includes(7)) throw new Error('no result');
    return all.length;
  });

const errorOf = async (build: (numbers: Stage<number, true>) => void, guarantee: 'none' | 'exactly-once') => {
  const pipeline = Pipeline.create();
  build(pipeline.readFrom(TestSources.items(5, 7, 13, 25)).withTimestamps((at) => at, 0));
  const engine = Engine.embedded({ stores: new MemoryStores() });
  try {
    await engine.newJob(pipeline, { name: 'fails', processingGuarantee: guarantee }).join();
    return undefined;
  } catch (error) {
    return error as MillraceError;
  } finally {
    await engine.shutdown();
  }
};

for (const guarantee of ['none', 'exactly-once'] as const) {
  describe(`a window that fails, with the guarantee ${guarantee}`, LIMIT, () => {
    const letters = async (
      window: (numbers: Stage<number, true>, onError: { deadLetter: never }) => Stage<unknown>,
    ) => {
      const out: DeadLetter[] = [];
      const error = await errorOf((numbers) => {
        window(numbers, { deadLetter: Sinks.list(out) as never }).writeTo(Sinks.noop());
      }, guarantee);
      assert.equal(error, undefined);
      return out.map(({ attributes: { item, key }, error: { message, advice } }) => ({ item, key, message, advice }));
    };

    it('has a letter with its key, which says that it is a window', async () => {
      const found = await letters((numbers, onError) =>
        numbers
          .groupingKey(() => 'pump')
          .window(WindowDefinition.tumbling(10))
          .aggregate(failing, { onError })
          .setName('minutes'),
      );
      assert.deepEqual(
        found.map(({ item, key }) => ({ item, key })),
        [
          { item: 13, key: 'pump' },
          { item: { name: 'end', at: 10 }, key: 'pump' },
        ],
      );
      assert.match(
        found[1]?.message ?? '',
        /failed at the window of key "pump" in stage "minutes" that has ended by 10: no result/,
      );
      assert.match(found[0]?.advice ?? '', /^The item was given up/);
      assert.match(found[1]?.advice ?? '', /^The window was given up/);
    });

    it('has a letter without a key where its stage has none', async () => {
      const found = await letters((numbers, onError) =>
        numbers.window(WindowDefinition.tumbling(10)).aggregate(failing, { onError }).setName('minutes'),
      );
      assert.deepEqual(
        found.map(({ item, key }) => ({ item, key })),
        [
          { item: 13, key: undefined },
          { item: { name: 'end', at: 10 }, key: undefined },
        ],
      );
      assert.match(found[1]?.message ?? '', /failed at the window in stage "minutes" that has ended by 10/);
    });

    it('fails the job with its key and what to do, which is not what is to be done at an item', async () => {
      const error = await errorOf((numbers) => {
        const minutes = numbers.filter((at) => at !== 13).groupingKey(() => LONG);
        minutes.window(WindowDefinition.tumbling(10)).aggregate(failing).setName('minutes').writeTo(Sinks.noop());
      }, guarantee);
      assert.equal(error?.code, 'USER_FUNCTION_FAILED');
      assert.match(error.message, /the window of key "k{200}…" in stage "minutes"/);
      assert.match(
        error.advice ?? '',
        /give the stage onError, by which such a window is given up\. With a store the window is kept/,
      );
      assert.deepEqual(error.details.key, `${LONG.slice(0, 200)}…`);
    });

    it('of a timer: names the key as well', async () => {
      const error = await errorOf((numbers) => {
        numbers
          .groupingKey(() => 5n)
          .mapStateful(
            () => ({}),
            (_state, _key, at, timers) => timers.set('soon', at + 1) ?? '',
            {
              clock: 'event',
              onTimer: () => {
                throw new Error('no timer');
              },
            },
          )
          .setName('alarms')
          .writeTo(Sinks.noop());
      }, guarantee);
      assert.match(
        error?.message ?? '',
        /failed at the timer "soon" of key "5" in stage "alarms", due at \d+: no timer/,
      );
      assert.match(error?.advice ?? '', /by which such a timer is given up/);
      assert.doesNotThrow(() => JSON.stringify(error));
    });
  });
}
