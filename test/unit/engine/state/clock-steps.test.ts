import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { WallClock } from '../../../../src/engine/run/wall-clock.js';
import { AggregateOperations, Pipeline, Sinks, WindowDefinition } from '../../../../src/index.js';
import { onDiagnostic } from '../../../../src/metrics/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { LIMIT } from '../../../support/limits.js';
import { MachineRig } from '../../../support/rigs/machine-rig.js';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
const NOON = Date.UTC(2026, 11, 1, 12);

/** All that goes by the clock of the machine, behind one source. */
class Steps implements AsyncDisposable {
  readonly out: string[] = [];
  /** What is told of the clock. */
  readonly told: string[] = [];
  readonly #source = new ManualSource<string>({ defaultGuarantee: 'exactly-once' });
  readonly #rig: MachineRig;
  #clock = this.#newClock();
  #at = NOON;
  readonly #date = mock.method(Date, 'now', () => this.#at);

  constructor(kind: 'stored' | 'in memory') {
    this.#rig = new MachineRig(this.#pipeline(), kind);
  }

  #newClock(): WallClock {
    return new WallClock({
      onSetBack: (byMs) => this.told.push(`back ${byMs}`),
      onSetAhead: (byMs) => this.told.push(`ahead ${Math.round(byMs / SECOND) * SECOND}`),
    });
  }

  #pipeline(): Pipeline {
    const pipeline = Pipeline.create();
    const items = pipeline.readFrom(this.#source.source).withIngestionTimestamps().setName('ingestion');
    const byKey = items.groupingKey((key) => key);
    const list = Sinks.list(this.out);
    const alarms = byKey.flatMapStateful(
      () => ({}),
      (_state, _key, _item, timers): string[] => {
        timers.set('silence', timers.now + 30 * SECOND);
        return [];
      },
      { onTimer: (_state, key) => [`silence ${key}`] },
    );
    alarms.setName('alarms').writeTo(list);
    const sessions = byKey.sessionize(30 * SECOND).setName('sessions');
    sessions.map(({ key, value }) => `session ${key} ${value.length}`).writeTo(list);
    const windows = WindowDefinition.tumbling(10 * SECOND).setEarlyResultsPeriod(2 * SECOND);
    const counts = items.window(windows).aggregate(AggregateOperations.counting()).setName('windows');
    counts.map(({ value, isEarly }) => `${isEarly ? 'early' : 'window'} ${value}`).writeTo(list);
    return pipeline;
  }

  /** The clock shows this. Gives what came of it. */
  async at(time: number, ...items: readonly string[]): Promise<readonly string[]> {
    this.#at = time;
    this.#source.polledAtMs = time;
    this.#source.push(...items);
    this.out.length = 0;
    await this.#rig.settle(this.#clock.now(performance.now()));
    return this.out.toSorted();
  }

  async start(): Promise<void> {
    await this.#rig.open();
  }

  async restart(): Promise<void> {
    this.#clock = this.#newClock();
    await this.#rig.restart();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#date.mock.restore();
    await this.#rig.close();
  }
}

for (const kind of ['stored', 'in memory'] as const) {
  describe(`a clock that is set, ${kind}`, LIMIT, () => {
    it('back by an hour: nothing fires twice or is lost, and that time stands still is told', async () => {
      await using steps = new Steps(kind);
      await steps.start();
      assert.deepEqual(await steps.at(NOON, 'a'), []);
      assert.deepEqual(await steps.at(NOON + 3 * SECOND), ['early 1']);
      assert.deepEqual(await steps.at(NOON + 3 * SECOND - HOUR, 'a'), []);
      assert.deepEqual(steps.told, [`back ${HOUR}`]);
      assert.deepEqual(await steps.at(NOON - 1), [], 'it stands');
      assert.deepEqual(await steps.at(NOON + 4 * SECOND), ['early 2']);
      assert.deepEqual(await steps.at(NOON + 33 * SECOND, 'a'), ['session a 2', 'silence a', 'window 2']);
      assert.deepEqual(steps.told, [`back ${HOUR}`]);
    });

    it('ahead by a day, and back: all that is due fires at once and once, and both are told', async () => {
      await using steps = new Steps(kind);
      await steps.start();
      await steps.at(NOON, 'a');
      const due = await steps.at(NOON + DAY, 'a');
      assert.deepEqual(due, ['early 1', 'session a 1', 'silence a', 'window 1']);
      assert.deepEqual(steps.told, [`ahead ${DAY}`]);
      assert.deepEqual(await steps.at(NOON + SECOND, 'a', 'a'), []);
      assert.deepEqual(steps.told, [`ahead ${DAY}`, `back ${DAY - SECOND}`]);
      const caughtUp = await steps.at(NOON + DAY + 31 * SECOND, 'a');
      assert.deepEqual(caughtUp, ['early 3', 'session a 3', 'silence a', 'window 3']);
    });
  });
}

describe('a clock that is set while a job has no run', LIMIT, () => {
  it('has ingestion timestamps stand still, which is told; timers and sessions go on by the clock as it is', async () => {
    const told: unknown[] = [];
    using _ = onDiagnostic('clock-set-back', (data) => told.push(data));
    await using steps = new Steps('stored');
    await steps.start();
    await steps.at(NOON + DAY, 'a');
    await steps.restart();
    assert.deepEqual(await steps.at(NOON, 'b'), []);
    assert.deepEqual(told, [{ job: 'job', byMs: DAY, stage: 'ingestion' }]);
    assert.deepEqual(await steps.at(NOON + 31 * SECOND, 'b'), ['session b 1', 'silence b']);
    assert.equal(told.length, 1);
    assert.deepEqual(await steps.at(NOON + DAY + 31 * SECOND, 'b'), ['early 3', 'session a 1', 'session b 1', 'silence a', 'silence b', 'window 3']); // biome-ignore format: one line
  });
});
