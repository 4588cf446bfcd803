import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AggregateOperations, Pipeline, WindowDefinition } from '../../../../src/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { LIMIT } from '../../../support/limits.js';
import { CrashingJob } from '../../../support/rigs/crashing-job.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';

const PERIOD = 10;

/** A round is a millisecond by the clock of the machine. */
const jobOf = (source: ManualSource<number>, results: Destination, onError: 'fail' | 'skip' = 'fail'): CrashingJob =>
  new CrashingJob({
    maxItemsInFlight: 50,
    maxEntries: 100,
    pipelineOf: () => {
      const pipeline = Pipeline.create();
      pipeline
        .readFrom(source.source)
        .withTimestamps((at) => at, 0)
        .window(WindowDefinition.tumbling(100).setEarlyResultsPeriod(PERIOD))
        .aggregate(AggregateOperations.counting())
        .setName('windows')
        .map(
          ({ value, isEarly }) => {
            if (isEarly && value === 3) throw new Error('three');
            return `${value} ${isEarly}`;
          },
          { onError },
        )
        .writeTo(durableSink(results))
        .setName('results');
      return pipeline;
    },
  });

const rounds = async (job: CrashingJob, count: number): Promise<void> => {
  for (let left = count; left > 0; left -= 1) await job.round();
};

const told = ({ arrived }: Destination): readonly string[] => [
  ...new Map(arrived.map(({ seq, item }) => [seq, item])).values(),
];

describe('early results in a store', LIMIT, () => {
  it('what is to be told is told after a crash, without another item, and once', async () => {
    const source = new ManualSource<number>();
    const results = new Destination();
    const job = jobOf(source, results);
    await job.start();
    source.push(1, 2);
    await rounds(job, 2);
    await job.round('behind the commit');
    assert.deepEqual(told(results), []);
    await rounds(job, PERIOD);
    assert.deepEqual(told(results), ['2 true']);
    await job.round('before the commit');
    await rounds(job, 3 * PERIOD);
    assert.deepEqual(told(results), ['2 true'], 'nothing is new');
    source.push(100);
    await rounds(job, 3);
    assert.deepEqual(told(results), ['2 true', '2 false']);
    await job.end();
  });

  it('one that a stage behind it fails at is given up, and the window goes on', async () => {
    const source = new ManualSource<number>();
    const results = new Destination();
    const job = jobOf(source, results, 'skip');
    await job.start();
    source.push(1, 2, 3);
    await rounds(job, 2 * PERIOD);
    assert.deepEqual(told(results), []);
    source.push(4);
    await rounds(job, PERIOD + 2);
    assert.deepEqual(told(results), ['4 true']);
    source.push(100);
    await rounds(job, 3);
    assert.deepEqual(told(results), ['4 true', '4 false']);
    await job.end();
  });
});
