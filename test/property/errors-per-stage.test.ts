import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type DeadLetter, defineSink, type Sink } from '../../src/connector/index.js';
import { Engine, MillraceError, Sinks, TestSources } from '../../src/index.js';
import { fc } from '../support/fast-check.js';
import { howMany } from '../support/full-run.js';
import { LIMIT } from '../support/limits.js';
import { FailingModel, type Led } from '../support/pipelines/failing-model.js';
import { buildFailing, type FailingNode, failingNodes } from '../support/pipelines/failing-pipeline.js';
import { Destination, durableSink } from '../support/rigs/durable-sink-rig.js';
import { HeldStores } from '../support/store/held-stores.js';

const RUNS = howMany({ sample: 150, full: 2000 });
const inputsOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index}`);

const recordOf = (entries: Iterable<readonly [string, readonly string[]]>): Record<string, readonly string[]> =>
  Object.fromEntries([...entries].filter(([, items]) => items.length > 0));

const byStage = (letters: readonly string[]): Led['letters'] => {
  const stages = new Map<string, string[]>();
  for (const letter of letters) {
    const [stage = '', item = ''] = letter.split('|');
    stages.set(stage, [...(stages.get(stage) ?? []), item]);
  }
  return recordOf(stages);
};

const textOf = ({ origin, attributes, error }: DeadLetter): string => {
  assert.equal(error.code, 'USER_FUNCTION_FAILED');
  return `${origin}|${attributes.item}`;
};

const roots = failingNodes(3).filter((nodes) => nodes.some(({ kind }) => kind !== 'sink'));

test('an input that a stage gives up leaves nothing but its letter, in memory', LIMIT, async () => {
  await fc.assert(
    fc.asyncProperty(roots, fc.integer({ min: 1, max: 60 }), async (nodes, count) => {
      const lists = new Map<string, string[]>();
      const letters: DeadLetter[] = [];
      const sinkOf = (name: string): Sink<string> => {
        const list: string[] = [];
        lists.set(name, list);
        return Sinks.list(list);
      };
      const pipeline = buildFailing(nodes, {
        source: TestSources.items(...inputsOf(count)),
        sinkOf,
        letters: Sinks.list(letters),
        flaky: () => {},
      });
      await Engine.embedded().newJob(pipeline, { processingGuarantee: 'none' }).join();
      const led = { outputs: recordOf(lists), letters: byStage(letters.map(textOf)) };
      assert.deepEqual(led, FailingModel.run(nodes, inputsOf(count)));
    }),
    { numRuns: RUNS },
  );
});

/** Letters as the rows of a destination. */
const letterSink = (destination: Destination): Sink<DeadLetter> => {
  const rows = durableSink(destination);
  return defineSink<DeadLetter>({
    name: 'letters',
    claims: [],
    refuse: () => undefined,
    onError: 'fail',
    createWriter: () => Promise.reject(new Error('this sink is for jobs with a store')),
    createDurableWriter: async (context, restore) => {
      const writer = await rows.createDurableWriter?.(context, restore);
      assert.ok(writer !== undefined);
      return {
        outboxes: writer.outboxes,
        prepare: (items: readonly DeadLetter[]) => writer.prepare(items.map(textOf)),
        flush: () => writer.flush(),
        ready: () => writer.ready(),
        close: () => writer.close(),
      };
    },
  });
};

/** What arrived, without what a restart has sent again. */
const arrivedAt = ({ arrived }: Destination): string[] => {
  const bySeq = new Map(arrived.map(({ seq, item }) => [seq, item]));
  return [...bySeq].sort(([a], [b]) => a - b).map(([, item]) => item);
};

interface Harm {
  /** Commits that fail. */
  readonly commits: readonly number[];
  /** Calls of a function without `onError` that fail the job. */
  readonly calls: readonly number[];
}

const runHarmed = async (nodes: readonly FailingNode[], count: number, { commits, calls }: Harm): Promise<Led> => {
  const destinations = new Map<string, Destination>();
  const letters = new Destination();
  const stores = new HeldStores();
  let called = 0;
  stores.onCommit = () => {
    const fails = commits.includes(stores.batches.length);
    stores.failing = fails ? new MillraceError('STORAGE_FAILED', 'the disk is gone for a moment') : undefined;
  };
  const pipeline = buildFailing(nodes, {
    source: TestSources.items(...inputsOf(count)),
    sinkOf: (name) => {
      const destination = new Destination();
      destinations.set(name, destination);
      return durableSink(destination);
    },
    letters: letterSink(letters),
    flaky: () => {
      called += 1;
      if (calls.includes(called)) throw new Error('now and then');
    },
  });
  const engine = Engine.embedded({ stores });
  const restart = { maxAttempts: 50, minBackoffMs: 1, maxBackoffMs: 1, userFunctions: true };
  const job = engine.newJob(pipeline, { name: 'harmed', processingGuarantee: 'exactly-once', restart });
  await job.join();
  await engine.shutdown();
  const outputs = recordOf([...destinations].map(([name, one]) => [name, arrivedAt(one)] as const));
  return { outputs, letters: byStage(arrivedAt(letters)) };
};

test(
  'the same holds in a job with a store, over failing commits and failures of the job, each once',
  LIMIT,
  async () => {
    const some = (max: number) => fc.uniqueArray(fc.integer({ min: 1, max }), { maxLength: 4 });
    const harm = fc.record({ commits: some(12), calls: some(80) });
    await fc.assert(
      fc.asyncProperty(roots, fc.integer({ min: 1, max: 60 }), harm, async (nodes, count, harmed) => {
        assert.deepEqual(await runHarmed(nodes, count, harmed), FailingModel.run(nodes, inputsOf(count)));
      }),
      { numRuns: RUNS },
    );
  },
);
