import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeCallChunk } from '../../../../src/engine/layout/values/call-chunk.js';
import { MillraceError } from '../../../../src/errors/index.js';
import { type DeadLetter, Engine, type JobOptions, type OnError, Pipeline } from '../../../../src/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { arrivedOf, asText } from '../../../support/rigs/crashing-runs.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { HeldStores } from '../../../support/store/held-stores.js';
import { until } from '../../../support/until.js';

const OPTIONS: JobOptions = { name: 'alarms', processingGuarantee: 'exactly-once', restart: { maxAttempts: 0 } };

/** A letter, as its sink has it. */
interface Letter {
  readonly origin: string;
  readonly error: { readonly message: string; readonly details: Readonly<Record<string, unknown>> };
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What becomes of a call for what a timer has made. */
type Call = (key: string) => Promise<string>;

/** Timers that fire at once, a call for each of them, and a stage behind the calls. */
class World {
  readonly stores = new HeldStores();
  readonly source = new ManualSource<string>();
  readonly out = new Destination();
  readonly letters = new Destination();
  /** Keys that calls were made for, in all runs. */
  readonly called: string[] = [];

  start(call: Call, rejects: boolean) {
    const onError: OnError = rejects ? { deadLetter: asText<DeadLetter>(durableSink(this.letters)) } : 'fail';
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(this.source.source)
      .groupingKey((key) => key)
      .mapStateful(
        () => ({}),
        (_state, _key, _item, timers) => timers.set('alarm', timers.now),
        { onTimer: (_state, key) => key },
      )
      .setName('alarms')
      .mapAsync(
        (key) => {
          this.called.push(key);
          return call(key);
        },
        { onError },
      )
      .setName('ask')
      .map(
        (answer) => {
          if (answer === 'unreadable') throw new Error('it cannot be read');
          return answer;
        },
        { onError },
      )
      .setName('read')
      .writeTo(durableSink(this.out))
      .setName('out');
    return Engine.embedded({ stores: this.stores }).newJob(pipeline, OPTIONS);
  }

  /** A run in which all timers fire, and no call is answered. */
  async fire(...keys: readonly string[]): Promise<void> {
    const job = this.start(() => new Promise(() => {}), true);
    await job.whenRunning();
    this.source.push(...keys);
    await until(() => this.called.length === keys.length && this.#stored === keys.length);
    await job.cancel();
  }

  /** How many items of calls were stored. */
  get #stored(): number {
    const chunks = this.stores.batches.flatMap((batch) => [...batch].filter(([key]) => key.startsWith('async/ask/')));
    const parts = chunks.flatMap(([, value]) => (value === undefined ? [] : decodeCallChunk(value).parts));
    return parts.reduce((sum, { items }) => sum + items.length, 0);
  }

  get told(): readonly Letter[] {
    return arrivedOf<Letter>(this.letters);
  }
}

const answer: Call = async (key) => {
  if (key === 'b') throw new Error('nobody is there');
  return key === 'c' ? 'unreadable' : `answer for ${key}`;
};

describe('calls for what timers have made, that are pending at a restart', SUITE_LIMIT, () => {
  it('are made again; a call that fails, and a result that a stage behind fails at, are given up once, as those of a stage with timers', async () => {
    const world = new World();
    await world.fire('a', 'b', 'c', 'd');
    const job = world.start(answer, true);
    await job.whenRunning();
    await until(() => world.out.items.length === 2 && world.told.length === 2);
    await job.drain();
    assert.deepEqual(world.out.items, ['answer for a', 'answer for d']);
    const [asked, read] = world.told;
    assert.match(
      asked?.error.message ?? '',
      /^the function of stage "ask" failed at a timer of stage "alarms", due by \d+: nobody is there$/,
    );
    assert.match(
      read?.error.message ?? '',
      /^the function of stage "read" failed at a timer of stage "alarms", due by \d+: /,
    );
    assert.deepEqual(
      world.told.map(({ origin, error, attributes }) => [origin, error.details.timerOf, attributes.item]),
      [
        ['ask', 'alarms', 'b'],
        ['read', 'alarms', 'unreadable'],
      ],
    );

    const later = world.start(answer, true);
    await later.whenRunning();
    world.source.push('e');
    await until(() => world.out.items.includes('answer for e'));
    await later.drain();
    assert.deepEqual([world.out.items.length, world.told.length], [3, 2], 'what was given up stays so');
    assert.deepEqual(world.called, ['a', 'b', 'c', 'd', 'a', 'b', 'c', 'd', 'e']);
  });

  it('fail the job by the words of a timer where the stage gives nothing up, and are pending still', async () => {
    const world = new World();
    await world.fire('b');
    for (let start = 0; start < 2; start += 1) {
      const failed = await world
        .start(answer, false)
        .join()
        .then(
          () => assert.fail('it was to fail'),
          (error: unknown) => MillraceError.from(error),
        );
      assert.equal(failed.code, 'USER_FUNCTION_FAILED');
      assert.match(failed.message, /stage "ask" failed at a timer of stage "alarms", due by \d+: nobody is there/);
    }
    const job = world.start(async (key) => `answer for ${key}`, false);
    await job.whenRunning();
    await until(() => world.out.items.length === 1);
    await job.drain();
    assert.deepEqual(world.out.items, ['answer for b']);
  });
});
