import assert from 'node:assert/strict';
import { type DurableSinkWriter, defineSink, type Sink } from '../../../src/connector/index.js';
import { CrashingJob, type CrashingJobOptions } from './crashing-job.js';
import type { Destination } from './durable-sink-rig.js';

/** Where in a round the process is gone; undefined: nowhere. */
export type Crash = Parameters<CrashingJob['round']>[0];

/** What arrived, once each: what is sent again after a crash has the number that it had. */
export const arrivedOf = <T>(destination: Destination): T[] => {
  const rows = new Map(destination.arrived.map(({ seq, item }) => [seq, item]));
  return [...rows].sort(([a], [b]) => a - b).map(([, item]) => JSON.parse(item));
};

/** The sink, of any items. */
export const asText = <T>(sink: Sink<string>): Sink<T> =>
  defineSink<T>({
    name: `${sink.name} as text`,
    claims: [],
    refuse: () => undefined,
    onError: 'fail',
    createWriter: () => Promise.reject(new Error('this sink is for jobs with a store')),
    createDurableWriter: async (context, restore): Promise<DurableSinkWriter<T>> => {
      assert.ok(sink.createDurableWriter);
      const writer = await sink.createDurableWriter(context, restore);
      return {
        outboxes: writer.outboxes,
        prepare: (items) => writer.prepare(items.map((item) => JSON.stringify(item))),
        flush: () => writer.flush(),
        ready: () => writer.ready(),
        close: () => writer.close(),
      };
    },
  });

/** Runs the job to its end through these crashes. */
export const runThrough = async (crashes: readonly Crash[], options: CrashingJobOptions): Promise<CrashingJob> => {
  const job = new CrashingJob(options);
  await job.start();
  for (const crash of crashes) await job.round(crash);
  for (let rounds = 0; !job.finished; rounds += 1) {
    assert.ok(rounds < 10_000, 'the job comes to its end');
    await job.round();
  }
  await job.end();
  return job;
};
