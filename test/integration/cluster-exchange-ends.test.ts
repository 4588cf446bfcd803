import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClusterEngine } from '../../src/cluster/engine/cluster-engine.js';
import type { ClusterJob } from '../../src/cluster/job/cluster-job.js';
import type { ClusterJobOptions } from '../../src/cluster/job/cluster-job-options.js';
import { Pipeline, Sinks, type Source, SourceBuilder } from '../../src/index.js';
import { onCleanup } from '../support/cleanup.js';
import { MemoryCluster } from '../support/cluster/memory-place.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { until } from '../support/until.js';

/*
 * Sources that end, in a job whose items change their partition: it completes when all of it is through, and not before. The nodes are in one
 * process, and what they share is in memory.
 */

const PARTITIONS = 3;
const KEYS = 7;
const ITEMS = 50;
const FILL = 20;
const LEASE_MS = 600;
const JOB = { name: 'finite', processingGuarantee: 'exactly-once', partitions: PARTITIONS } as const;

/** Numbers from 0 in each partition, up to how many there are when it is asked; it ends behind them where there will be no more. */
interface Numbers {
  count(partition: number): number;
  isWhole(partition: number): boolean;
}

const WHOLE: Numbers = { count: () => ITEMS, isWhole: () => true };

const numbers = ({ count, isWhole }: Numbers): Source<number> => {
  const source = SourceBuilder.batch('numbers', ({ partition }) => ({ next: 0, partition: partition?.index ?? 0 }))
    .fillBufferFn<number>((context, buffer) => {
      const end = Math.min(count(context.partition), context.next + FILL);
      for (; context.next < end; context.next += 1) buffer.add(context.next);
      if (context.next >= count(context.partition) && isWhole(context.partition)) buffer.close();
    })
    .createSnapshotFn(({ next }) => next)
    .restoreSnapshotFn((context, next) => {
      context.next = next;
    })
    .build();
  return { ...source, spread: 'each' };
};

/** Counts the numbers by their rest, and says each count. */
const counting = (source: Source<number>, seen: string[]): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(source)
    .groupingKey((number) => number % KEYS)
    .setName('by rest')
    .mapStateful(
      () => ({ count: 0 }),
      (state, rest) => {
        state.count += 1;
        return `${rest} ${state.count}`;
      },
    )
    .setName('count')
    .writeTo(Sinks.list(seen));
  return pipeline;
};

/** Groups what came once more, so that the ends of the first exchange are what ends the second. */
const countingTwice = (source: Source<number>, seen: string[]): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(source)
    .groupingKey((number) => number % KEYS)
    .setName('by rest')
    .mapStateful(
      () => ({}),
      (_, __, number) => number,
    )
    .setName('pass')
    .mapAsync(async (number) => number)
    .setName('look')
    .groupingKey((number) => `${number}`)
    .setName('by number')
    .mapStateful(
      () => ({ count: 0 }),
      (state, number) => {
        state.count += 1;
        return `${number} ${state.count}`;
      },
    )
    .setName('count')
    .writeTo(Sinks.list(seen));
  return pipeline;
};

interface Node {
  readonly engine: ClusterEngine;
  readonly job: ClusterJob;
}

class Rig {
  readonly #memory = new MemoryCluster();
  #nodes = 0;

  node(pipeline: Pipeline, options: Partial<ClusterJobOptions> = {}): Node {
    this.#nodes += 1;
    const engine = new ClusterEngine({
      place: this.#memory.place(),
      node: `n${this.#nodes}`,
      leaseMs: LEASE_MS,
      standbys: 0,
      warnings: false,
    });
    onCleanup(() => engine.shutdown());
    const job = engine.newJob(pipeline, { ...JOB, ...options });
    job.join().catch(() => {});
    return { engine, job };
  }
}

/** Of items with `count` numbers in each partition, each counted once. */
const wanted = (count: number): readonly string[] => {
  const perRest = Array.from({ length: KEYS }, (_, rest) =>
    Array.from({ length: count }, (_, number) => number).filter((number) => number % KEYS === rest),
  );
  return perRest.flatMap((ofRest, rest) =>
    Array.from({ length: PARTITIONS * ofRest.length }, (_, index) => `${rest} ${index + 1}`),
  );
};

/** Each once: a sink of a list has what was under way twice where a node of a busy machine is late with its beats. */
const distinct = (lines: readonly string[]): readonly string[] => [...new Set(lines)].sort();

describe('sources that end in a job whose items change their partition', SUITE_LIMIT, () => {
  it('complete the job on all nodes when each item is through', async () => {
    const rig = new Rig();
    const seen: string[] = [];
    const nodes = [rig.node(counting(numbers(WHOLE), seen)), rig.node(counting(numbers(WHOLE), seen))];
    await Promise.all(nodes.map(({ job }) => job.join()));
    assert.deepEqual(distinct(seen), distinct(wanted(ITEMS)));
    assert.deepEqual(
      nodes.map(({ job }) => job.status),
      ['COMPLETED', 'COMPLETED'],
    );
  });

  it('complete it over two exchanges, one behind the other, with calls between them', async () => {
    const rig = new Rig();
    const seen: string[] = [];
    await rig.node(countingTwice(numbers(WHOLE), seen)).job.join();
    const each = Array.from({ length: ITEMS }, (_, number) =>
      Array.from({ length: PARTITIONS }, (_, index) => `${number} ${index + 1}`),
    );
    assert.deepEqual(distinct(seen), distinct(each.flat()));
  });

  it('complete it where only the first partition has any', async () => {
    const rig = new Rig();
    const seen: string[] = [];
    const source: Source<number> = { ...numbers(WHOLE), spread: 'first' };
    await rig.node(counting(source, seen)).job.join();
    assert.equal(distinct(seen).length, ITEMS);
  });

  it('do not as long as one of them has not ended, and what it still gives is counted', async () => {
    const rig = new Rig();
    const seen: string[] = [];
    let late = ITEMS;
    let isWhole = false;
    const source = numbers({
      count: (partition) => (partition === 2 ? late : ITEMS),
      isWhole: (partition) => partition !== 2 || isWhole,
    });
    const { job } = rig.node(counting(source, seen));
    await until(() => distinct(seen).length === PARTITIONS * ITEMS);
    // long enough for several beats
    await new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS));
    assert.equal(job.status, 'RUNNING');
    late = ITEMS + 5;
    await until(() => distinct(seen).length === PARTITIONS * ITEMS + 5);
    assert.equal(job.status, 'RUNNING');
    isWhole = true;
    await job.join();
    assert.equal(distinct(seen).length, PARTITIONS * ITEMS + 5);
  });

  it('complete it over hand-overs and a suspension, which are no end', async () => {
    const rig = new Rig();
    const seen: string[] = [];
    let isWhole = false;
    const source = numbers({ count: () => (isWhole ? ITEMS : ITEMS / 2), isWhole: () => isWhole });
    const first = rig.node(counting(source, seen));
    await until(() => distinct(seen).length === (PARTITIONS * ITEMS) / 2);
    const second = rig.node(counting(source, seen));
    await first.engine.shutdown();
    await second.job.suspend();
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS));
    assert.equal(second.job.status, 'SUSPENDED');
    isWhole = true;
    await second.job.resume();
    await second.job.join();
    assert.deepEqual(distinct(seen), distinct(wanted(ITEMS)));
  });

  it('that had ended before have not when it is begun again: what they have more is counted, and completes it', async () => {
    const rig = new Rig();
    const seen: string[] = [];
    await rig.node(counting(numbers(WHOLE), seen)).job.join();
    const more = numbers({ ...WHOLE, count: () => 2 * ITEMS });
    await rig.node(counting(more, seen), { beginAgain: true }).job.join();
    assert.deepEqual(distinct(seen), distinct(wanted(2 * ITEMS)));
  });
});
