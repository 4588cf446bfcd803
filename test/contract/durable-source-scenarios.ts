import assert from 'node:assert/strict';
import { deserialize, serialize } from 'node:v8';
import type { SourceReader } from '../../src/connector/index.js';
import { MetricsRegistry } from '../../src/metrics/index.js';
import { settlesWithin } from '../support/settles-within.js';
import { MemoryRecords } from '../support/store/memory-records.js';
import { until } from '../support/until.js';
import {
  type AddScenario,
  durableGuarantee,
  type SourceFixture,
  type SourceLimits,
  take,
  upwards,
} from './source-scenario.js';

/** One job over several runs: what its store has outlives the readers. */
class StoredRuns<T> {
  readonly #fixture: SourceFixture<T>;
  readonly #limits: SourceLimits;
  readonly #records = new MemoryRecords();
  #stored: Uint8Array | undefined;
  #reader: SourceReader<T> | undefined;

  constructor(fixture: SourceFixture<T>, limits: SourceLimits) {
    this.#fixture = fixture;
    this.#limits = limits;
  }

  /** Opens the source with what was stored last. */
  async start(): Promise<SourceReader<T>> {
    this.#reader = await this.#fixture.source.createReader({
      job: 'contract',
      guarantee: durableGuarantee(this.#limits),
      metrics: new MetricsRegistry(),
      signal: new AbortController().signal,
      durable: this.#records,
      ...(this.#stored === undefined ? {} : { restored: deserialize(this.#stored) }),
    });
    return this.#reader;
  }

  /** A commit that is durable and that the reader was not told of. Returns its mark. */
  store(upTo: number): number {
    assert.ok(this.#reader);
    const { mark, state } = this.#reader.snapshot(upTo);
    this.#stored = state === undefined ? undefined : serialize(state);
    return mark;
  }

  commit(upTo: number): void {
    this.#reader?.committed(this.store(upTo));
  }

  async end(): Promise<void> {
    await this.#reader?.close();
  }
}

/** The scenarios of jobs with a store. */
export const durableScenarios = <T>(scenario: AddScenario<T>, limits: SourceLimits): void => {
  const skip = limits.durable;
  const runs =
    (run: (fixture: SourceFixture<T>, job: StoredRuns<T>) => Promise<void>) =>
    async (fixture: SourceFixture<T>): Promise<void> => {
      const job = new StoredRuns(fixture, limits);
      try {
        await run(fixture, job);
      } finally {
        await job.end();
      }
    };

  scenario('durable: is not refused what it promises', 0, {
    skip,
    run: async ({ source }) => assert.equal(source.refuse(durableGuarantee(limits)), undefined),
  });

  for (const covered of [0, 1, 4, 9, 10]) {
    scenario(`durable: after a restart it gives exactly what the last commit leaves out (${covered} of 10)`, 12, {
      skip,
      run: runs(async (fixture, job) => {
        const reader = await job.start();
        await fixture.produce(10);
        const taken = await take(fixture, reader, { count: 10, max: 3 });
        job.commit(covered === 0 ? (taken.positions[0] ?? 0) - 1 : (taken.positions[covered - 1] ?? 0));
        await job.end();
        const again = await job.start();
        const rest = await take(fixture, again, { count: 10 - covered });
        assert.deepEqual(rest.sequences, upwards(covered, 10));
        await fixture.produce(2);
        const more = await take(fixture, again, { count: 2, before: rest });
        assert.deepEqual(more.sequences, [10, 11]);
        assert.equal([...rest.positions, ...more.positions][0], 0, 'positions count from 0 in each reader');
      }),
    });
  }

  scenario('durable: a restart before the first commit gives everything', 5, {
    skip,
    run: runs(async (fixture, job) => {
      const reader = await job.start();
      await fixture.produce(5);
      await take(fixture, reader, { count: 5 });
      await job.end();
      const again = await job.start();
      assert.deepEqual((await take(fixture, again, { count: 5 })).sequences, upwards(0, 5));
    }),
  });

  scenario('durable: over many restarts every item is in the commits once', 60, {
    skip,
    run: runs(async (fixture, job) => {
      await (await job.start()).close();
      await fixture.produce(60);
      const committed: number[] = [];
      for (let round = 1; committed.length < 60; round += 1) {
        const reader = await job.start();
        const count = Math.min(60 - committed.length, (round * 5) % 17);
        const taken = await take(fixture, reader, { count, max: (round % 4) + 1 });
        const keep = Math.min(count, round);
        if (keep > 0) job.commit(taken.positions[keep - 1] ?? 0);
        committed.push(...taken.sequences.slice(0, keep));
        await job.end();
      }
      assert.deepEqual(committed, upwards(0, 60));
    }),
  });

  scenario('durable: what a commit covers is not given again, although the crash came before the reader was told', 10, {
    skip: skip ?? limits.once,
    run: runs(async (fixture, job) => {
      const reader = await job.start();
      await fixture.produce(10);
      const { positions } = await take(fixture, reader, { count: 10 });
      job.store(positions[5] ?? 0);
      await job.end();
      const again = await job.start();
      assert.deepEqual((await take(fixture, again, { count: 4 })).sequences, upwards(6, 10));
    }),
  });

  scenario('durable: acknowledges nothing before the commit is durable, and then what it covers', 10, {
    skip: skip ?? limits.acknowledgement,
    run: runs(async (fixture, job) => {
      const reader = await job.start();
      await fixture.produce(10);
      const { positions } = await take(fixture, reader, { count: 10 });
      const first = job.store(positions[2] ?? 0);
      const second = job.store(positions[6] ?? 0);
      await settlesWithin(reader.ready(), 100);
      assert.equal(await fixture.acknowledged?.(), 0);
      reader.committed(first);
      await until(async () => (await fixture.acknowledged?.()) === 3, { what: 'three acknowledgements' });
      await settlesWithin(reader.ready(), 50);
      assert.equal(await fixture.acknowledged?.(), 3);
      reader.committed(second);
      await until(async () => (await fixture.acknowledged?.()) === 7, { what: 'seven acknowledgements' });
    }),
  });

  scenario('durable: comes to rest, neither dirty nor ready, when all is committed', 5, {
    skip: skip ?? limits.rest,
    run: runs(async (fixture, job) => {
      const reader = await job.start();
      await fixture.produce(5);
      const { last } = await take(fixture, reader, { count: 5 });
      job.commit(last);
      let wakes = 0;
      // each `ready` is for something new, so that an engine which answers each by a commit does not spin
      for (; await settlesWithin(reader.ready(), 200); wakes += 1) {
        assert.equal(reader.poll(1).items.length, 0);
        assert.equal(reader.dirty, true, 'it was ready for a commit');
        job.commit(last);
        assert.equal(reader.dirty, false, 'the commit took it');
      }
      assert.ok(wakes <= 5, `${wakes} wakes for 5 items`);
    }),
  });

  scenario('durable: a commit that ends after the source has failed does no harm', 3, {
    skip: skip ?? limits.failure,
    run: runs(async (fixture, job) => {
      const reader = await job.start();
      await fixture.produce(3);
      const { last } = await take(fixture, reader, { count: 3 });
      const mark = job.store(last);
      await fixture.fail?.();
      await until(
        () => {
          try {
            reader.poll(1);
            return false;
          } catch {
            return true;
          }
        },
        { what: 'poll throws' },
      );
      reader.committed(mark);
    }),
  });
};
