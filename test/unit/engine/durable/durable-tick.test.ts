import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type CommitUrgency,
  type DurableSinkWriter,
  defineSink,
  defineSource,
  type OutboxSender,
  type Sink,
  type Source,
} from '../../../../src/connector/index.js';
import type { DurableTick } from '../../../../src/engine/durable/durable-tick.js';
import { openDurableRun } from '../../../../src/engine/durable/open-run.js';
import type { RunParts } from '../../../../src/engine/opening/run-parts.js';
import { createTallies } from '../../../../src/engine/tick/job-tallies.js';
import { MillraceError, Pipeline, type Stage } from '../../../../src/index.js';
import { MetricsRegistry } from '../../../../src/metrics/index.js';
import { MemoryStores, type StoreProvider } from '../../../../src/store/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';

/** The clock of these tests: it never moves. */
const NOW = 5000;
const NEVER = Number.POSITIVE_INFINITY;

interface Ports {
  readonly source: Source<string>;
  readonly sink: Sink<string>;
  /** Counts the items by key, and gives none on. */
  readonly counts?: true;
}

interface Run extends Pick<RunParts, 'machine' | 'lanes' | 'close'> {
  readonly tick: DurableTick;
}

/** A run that no driver drives: no timer, no promise, only what the test calls. */
const openRun = async ({ source, sink, counts }: Ports, stores: StoreProvider, partition = 0): Promise<Run> => {
  const pipeline = Pipeline.create();
  const stage = pipeline.readFrom(source);
  if (counts) countByKey(stage).writeTo(sink);
  else stage.writeTo(sink);
  const metrics = new MetricsRegistry();
  const fail = (error: Error): never => {
    throw error;
  };
  const { machine, lanes, custody, close } = await openDurableRun(
    {
      options: {
        graph: pipeline.toGraph(),
        job: 'ticks',
        partition,
        partitions: 1,
        giveUp: [],
        dropState: [],
        initialSnapshot: undefined,
        guarantee: 'exactly-once',
        metrics,
        tallies: createTallies(metrics, 'ticks'),
        drainTimeoutMs: 1000,
        maxItemsInFlight: 1000,
        maxBytesInFlight: 1_000_000,
        outboxLimits: { maxRows: 1000, maxBytes: 1_000_000 },
        stateLimits: { maxEntries: 1000, maxBytes: 1_000_000 },
        stores,
      },
      signal: new AbortController().signal,
      abort: fail,
      stop: fail,
      startCall: () => {},
    },
    stores,
  );
  return { machine, lanes, close, tick: custody.tick };
};

const countByKey = (stage: Stage<string>): Stage<string> =>
  stage
    .groupingKey((key) => key)
    .mapStateful(
      () => ({ count: 0 }),
      (state) => {
        state.count += 1;
        return undefined;
      },
    );

/** A source without items that has something to commit, or has not. */
class LonePubrel {
  dirty = false;
  awaited = 0;

  readonly source = defineSource<string>({
    name: 'pubrels',
    claims: [],
    defaultGuarantee: 'exactly-once',
    refuse: () => undefined,
    onError: 'fail',
    createReader: async () => this,
  });

  poll() {
    return { items: [], timestampMs: 0, first: 0, last: -1, bytes: 0, rejected: [], done: false };
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  snapshot(upTo: number) {
    this.dirty = false;
    return { mark: upTo, state: 'the id is forgotten' };
  }

  committed(): void {}

  async close(): Promise<void> {}
}

/** A sender without rows that wants a commit as badly as a test says. */
class UrgentSender implements OutboxSender {
  readonly name = 'rows';
  readonly next = 0;
  urgency: CommitUrgency = 'none';
  awaited = 0;

  readonly sink = defineSink<string>({
    name: 'urgent',
    claims: [],
    refuse: () => undefined,
    onError: 'fail',
    createWriter: () => Promise.reject(new Error('this sink is for jobs with a store')),
    createDurableWriter: async (): Promise<DurableSinkWriter<string>> => ({
      outboxes: [this],
      prepare: (items) => ({ rows: items.map(() => ({ outbox: 0, bytes: new Uint8Array() })), rejected: [] }),
      flush: () => {},
      ready: () => Promise.resolve(),
      close: async () => {},
    }),
  });

  offer(): number {
    return 0;
  }

  snapshot() {
    this.urgency = 'none';
    return { mark: 0, state: 'the PUBREC is recorded', low: 0, refused: [] };
  }

  committed(): void {}
}

/** The sink, with a row behind all others. */
const withEnd = (sink: Sink<string>): Sink<string> => ({
  ...sink,
  createDurableWriter: async (context, restore): Promise<DurableSinkWriter<string>> => {
    assert.ok(sink.createDurableWriter);
    const writer = await sink.createDurableWriter(context, restore);
    const wanted = [{ outbox: 0, bytes: new TextEncoder().encode('end') }];
    return {
      outboxes: writer.outboxes,
      prepare: (items) => writer.prepare(items),
      end: () => wanted.splice(0),
      flush: () => writer.flush(),
      ready: () => writer.ready(),
      close: () => writer.close(),
    };
  },
});

const sealsAtOnce = ({ machine, lanes, tick }: Run): void => {
  for (const source of lanes.sources) source.handleReady();
  machine.tick(NOW);
  const batch = tick.seal(NOW);
  assert.ok(batch !== undefined && batch.size > 0, 'something is to be stored');
  assert.equal(tick.deadline(), NEVER);
  assert.equal(tick.committing, true);
  tick.handleCommitted(NOW);
};

const sealsNothing = ({ machine, tick }: Run): void => {
  machine.tick(NOW);
  assert.equal(tick.seal(NOW), undefined);
  assert.equal(tick.deadline(), NEVER);
};

describe('a single message waits for no timer: the clock stands still, and the next commit has it', () => {
  it('one input is sealed at once, and nothing waits behind it', async () => {
    const manual = new ManualSource<string>();
    const destination = new Destination();
    const run = await openRun({ source: manual.source, sink: durableSink(destination) }, new MemoryStores());
    destination.confirming = false;
    sealsNothing(run);
    manual.push('a');
    sealsAtOnce(run);
    assert.equal(manual.acknowledged, 1);
    sealsNothing(run);
    await run.close();
  });

  it('a lone PUBREC, which must be durable before its PUBREL (R9), is sealed at once', async () => {
    const sender = new UrgentSender();
    const run = await openRun({ source: new ManualSource<string>().source, sink: sender.sink }, new MemoryStores());
    sealsNothing(run);
    sender.urgency = 'now';
    sealsAtOnce(run);
    sealsNothing(run);
    await run.close();
  });

  it('a lone PUBREL, whose id must be forgotten durably before its PUBCOMP (R3), is sealed at once', async () => {
    const pubrel = new LonePubrel();
    const ports = { source: pubrel.source, sink: durableSink(new Destination()) };
    const run = await openRun(ports, new MemoryStores());
    sealsNothing(run);
    pubrel.dirty = true;
    sealsAtOnce(run);
    sealsNothing(run);
    await run.close();
  });

  it('only completions wait, a second at most, or until something else is stored (R9a)', async () => {
    const sender = new UrgentSender();
    const manual = new ManualSource<string>();
    const run = await openRun({ source: manual.source, sink: sender.sink }, new MemoryStores());
    sender.urgency = 'soon';
    assert.equal(run.tick.seal(NOW), undefined);
    assert.equal(run.tick.deadline(), NOW + 1000);
    assert.equal(run.tick.seal(NOW + 999), undefined);
    manual.push('a');
    sealsAtOnce(run);
    sender.urgency = 'soon';
    assert.equal(run.tick.seal(NOW), undefined);
    assert.ok(run.tick.seal(NOW + 1000) !== undefined);
    run.tick.handleCommitted(NOW + 1000);
    assert.equal(run.tick.deadline(), NEVER);
    await run.close();
  });
});

describe('what the last commit has let out is answered before the next one is sealed', () => {
  it('a commit waits for the answers of source and sink, and has them all', async () => {
    const pubrel = new LonePubrel();
    const sender = new UrgentSender();
    const run = await openRun({ source: pubrel.source, sink: sender.sink }, new MemoryStores());
    pubrel.dirty = true;
    sender.urgency = 'now';
    assert.ok(run.tick.seal(NOW) !== undefined);
    pubrel.awaited = 1;
    sender.awaited = 1;
    run.tick.handleCommitted(NOW + 1);
    sender.urgency = 'now';
    sender.awaited = 0;
    assert.equal(run.tick.seal(NOW + 1.5), undefined, 'the PUBREL is about to come');
    assert.equal(run.tick.deadline(), NOW + 2, 'for as long as the last commit took');
    assert.equal(run.tick.settled, false);
    pubrel.dirty = true;
    pubrel.awaited = 0;
    assert.ok((run.tick.seal(NOW + 1.6)?.size ?? 0) >= 2, 'one commit has both');
    assert.equal(run.tick.deadline(), NEVER);
    await run.close();
  });

  it('nothing waits for answers where a cut has taken what it was to store, and the answers with it', async () => {
    const sender = new UrgentSender();
    const run = await openRun({ source: new LonePubrel().source, sink: sender.sink }, new MemoryStores());
    sender.urgency = 'now';
    assert.ok(run.tick.seal(NOW) !== undefined);
    sender.awaited = 1;
    run.tick.handleCommitted(NOW + 1);
    sender.urgency = 'now';
    assert.equal(run.tick.seal(NOW + 1.5), undefined);
    assert.equal(run.tick.holding, true);
    sender.urgency = 'none';
    sender.awaited = 0;
    assert.equal(run.tick.seal(NOW + 1.6), undefined);
    assert.deepEqual([run.tick.holding, run.tick.deadline()], [false, NEVER], 'it rests');
    await run.close();
  });

  it('it waits no longer than that one took, and not at all at the end of a run', async () => {
    const sender = new UrgentSender();
    const run = await openRun({ source: new LonePubrel().source, sink: sender.sink }, new MemoryStores());
    const commit = (sealedAt: number, last = false): void => {
      sender.urgency = 'now';
      assert.ok(run.tick.seal(sealedAt, last) !== undefined);
      sender.awaited = 1;
      run.tick.handleCommitted(sealedAt + 1);
      sender.urgency = 'now';
    };
    commit(NOW);
    assert.equal(run.tick.seal(NOW + 1.9), undefined);
    commit(NOW + 2);
    assert.equal(run.tick.seal(NOW + 3.9), undefined);
    commit(NOW + 3.9, true);
    await run.close();
  });
});

describe('a commit with very much state', () => {
  it('keeps the next one away for a moment, where there is more to do at once and nobody waits for it', async () => {
    const sender = new UrgentSender();
    const manual = new ManualSource<string>();
    const run = await openRun({ source: manual.source, sink: sender.sink, counts: true }, new MemoryStores());
    const keys = Array.from({ length: 500 }, (_, index) => `key-${index}`);
    const commits = (now: number, { last = false, more = true, given = true } = {}): boolean => {
      manual.push(...keys);
      for (const source of run.lanes.sources) source.handleReady();
      run.machine.tick(NOW);
      // it has been asked until it gave nothing: there is more by now
      if (given) for (const source of run.lanes.sources) source.handleReady();
      if (run.tick.seal(now, last, more) === undefined) return false;
      run.tick.handleCommitted(now);
      return true;
    };
    assert.ok(commits(NOW));
    assert.ok(!commits(NOW + 0.1));
    assert.ok(commits(NOW + 0.2, { more: false }), 'there is nothing more to do');
    assert.ok(!commits(NOW + 0.3));
    assert.ok(commits(NOW + 0.4, { last: true }), 'the end');
    assert.ok(!commits(NOW + 0.5));
    sender.urgency = 'now';
    assert.ok(commits(NOW + 0.6), 'a PUBREC');
    assert.ok(!commits(NOW + 0.7));
    assert.ok(commits(NOW + 0.8, { given: false }), 'a source that may get no more before it has answered');
    assert.ok(!commits(NOW + 0.9));
    assert.ok(commits(NOW + 50.8), 'so long at most');
    await run.close();
  });
});

describe('what stands behind all that a sink is given', () => {
  it('is in a commit once its sources have ended, and the commits before have all of them', async () => {
    const manual = new ManualSource<string>();
    const destination = new Destination();
    destination.confirming = false;
    const run = await openRun({ source: manual.source, sink: withEnd(durableSink(destination)) }, new MemoryStores());
    manual.push('a', 'b');
    sealsAtOnce(run);
    sealsNothing(run);
    manual.push('c');
    manual.end();
    sealsAtOnce(run);
    assert.deepEqual(destination.items, ['a', 'b', 'c']);
    assert.equal(run.tick.settled, true);
    sealsAtOnce(run);
    assert.deepEqual(destination.items, ['a', 'b', 'c', 'end']);
    sealsNothing(run);
    await run.close();
  });

  it('is in none of a run that has failed: what it failed at comes again', async () => {
    const manual = new ManualSource<string>();
    const destination = new Destination();
    destination.confirming = false;
    const run = await openRun({ source: manual.source, sink: withEnd(durableSink(destination)) }, new MemoryStores());
    manual.push('a');
    manual.end();
    sealsAtOnce(run);
    run.machine.halt(new MillraceError('USER_FUNCTION_FAILED', 'the next one'));
    sealsNothing(run);
    assert.deepEqual(destination.items, ['a']);
    await run.close();
  });
});

describe('a run of a durable job', () => {
  it('opens the store of its own partition', async () => {
    const memory = new MemoryStores();
    const opened: [string, number][] = [];
    const stores: StoreProvider = {
      location: memory.location,
      open: (job, partition) => {
        opened.push([job, partition]);
        return memory.open(job, partition);
      },
      close: () => memory.close(),
    };
    const ports = { source: new ManualSource<string>().source, sink: durableSink(new Destination()) };
    const runs = [await openRun(ports, stores, 0), await openRun(ports, stores, 3)];
    assert.deepEqual(opened, [
      ['ticks', 0],
      ['ticks', 3],
    ]);
    for (const run of runs) await run.close();
  });
});
