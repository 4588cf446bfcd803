import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ClusterEngine } from '../../../../src/cluster/engine/cluster-engine.js';
import type { ClusterJob } from '../../../../src/cluster/job/cluster-job.js';
import type { ClusterJobOptions } from '../../../../src/cluster/job/cluster-job-options.js';
import { claimKey, DESIRED_KEY, MANIFEST_KEY, nodeKey } from '../../../../src/cluster/members/entry-codec.js';
import { Members } from '../../../../src/cluster/members/members.js';
import type { MemoryPace, MemoryStep } from '../../../../src/cluster/memory/memory-bucket.js';
import type { ClusterJobEvent } from '../../../../src/cluster/node/cluster-event.js';
import { Pipeline, SinkBuilder, Sinks, SourceBuilder, TestSources } from '../../../../src/index.js';
import { deferred } from '../../../../src/internal/deferred.js';
import { onCleanup } from '../../../support/cleanup.js';
import { CutBucket } from '../../../support/cluster/cut-bucket.js';
import { MemoryCluster } from '../../../support/cluster/memory-place.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { rejectsWith } from '../../../support/rejects-with.js';
import { until } from '../../../support/until.js';

/*
 * What becomes of a job when several nodes ask for several things at once, or while it begins or ends. It does nothing and stores nothing: what
 * is shared is in memory.
 */

/** A node that stands still for longer loses what it has, also where the machine alone is to blame. */
const LEASE_MS = 3_000;

interface Node {
  readonly engine: ClusterEngine;
  readonly job: ClusterJob;
  readonly events: ClusterJobEvent[];
  /** What it has of the servers. */
  readonly bucket: () => CutBucket;
}

const endless = (): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(TestSources.itemStream(100, (_, count) => count)).writeTo(Sinks.noop());
  return pipeline;
};

const ending = (): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(TestSources.items(1, 2, 3)).writeTo(Sinks.noop());
  return pipeline;
};

interface NodeOptions extends Partial<ClusterJobOptions> {
  readonly pace?: MemoryPace;
  readonly pipeline?: Pipeline;
  readonly patienceMs?: number;
  /** Of what it has of the servers, before anything is asked of it. */
  readonly prepare?: (bucket: CutBucket) => void;
}

function startNode(memory: MemoryCluster, name: string, given: NodeOptions = {}) {
  const { pace, pipeline = endless(), patienceMs = 30_000, prepare, ...options } = given;
  let cutBucket: CutBucket | undefined;
  const place = memory.place(pace);
  const openBucket = async (job: string, signal: AbortSignal): Promise<CutBucket> => {
    cutBucket = new CutBucket(await place.openBucket(job, signal));
    prepare?.(cutBucket);
    return cutBucket;
  };
  const engine = new ClusterEngine({
    place: { ...place, patienceMs, openBucket },
    node: name,
    leaseMs: LEASE_MS,
    standbys: 0,
    warnings: false,
  });
  const events: ClusterJobEvent[] = [];
  const onEvent = (event: ClusterJobEvent): void => void events.push(event);
  const job = engine.newJob(pipeline, { name: 'idle', onEvent, ...options });
  job.join().catch(() => {});
  onCleanup(() => engine.shutdown());
  const bucket = (): CutBucket => {
    assert.ok(cutBucket !== undefined);
    return cutBucket;
  };
  return { engine, job, events, bucket } satisfies Node;
}

/** A partition of sixteen that is claimed when others are already. */
const LATE_CLAIM = 9;

/** Holds back steps of a kind, until they are let go. */
class Hold {
  readonly #kind: MemoryStep;
  #held: (() => void)[] | undefined;

  constructor(kind: MemoryStep) {
    this.#kind = kind;
  }

  readonly pace: MemoryPace = (step, go) => {
    if (this.#held === undefined || step !== this.#kind) go();
    else this.#held.push(go);
  };

  hold(): void {
    this.#held = [];
  }

  letGo(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }
}

/** What a node asks one after the other when it joins: which of those of a key is held, and which key that is. */
const STEPS_OF_JOINING = [
  ['the reading of the manifest', 1, MANIFEST_KEY],
  ['the writing of the manifest', 2, MANIFEST_KEY],
  ['the reading of what is desired', 1, DESIRED_KEY],
  ['the look for itself', 1, nodeKey('a')],
  ['the writing of itself', 2, nodeKey('a')],
] as const;
/** Far below the half minute that servers have to answer who joins. */
const GIVEN_UP_MS = 15_000;

/** Holds back what is asked about a key for the n-th time, until it is let go. */
class HeldStep {
  readonly #key: string;
  readonly #nth: number;
  #asked = 0;
  #under = 0;
  #go: (() => void) | undefined;

  constructor(key: string, nth: number) {
    this.#key = key;
    this.#nth = nth;
  }

  get isHeld(): boolean {
    return this.#go !== undefined;
  }

  readonly pace: MemoryPace = (step, go, key) => {
    if (step === 'ask') this.#under += 1;
    if (step === 'answer') this.#under -= 1;
    if (step !== 'ask' || key !== this.#key || ++this.#asked !== this.#nth) go();
    else this.#go = go;
  };

  letGo(): void {
    this.#go?.();
  }

  /** Resolves when all that was asked is answered, and nothing more is asked because of it. */
  async quiet(): Promise<void> {
    for (let turn = 0; turn < 10 || this.#under > 0; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Gives a pipeline whose ends tell when they are loaded, and how often the source was opened. */
const loading = (load: () => Promise<void>) => {
  const seen = { loaded: 0, opened: 0 };
  const source = TestSources.itemStream(100, (_, count) => count);
  const loaded = { load: () => load().finally(() => (seen.loaded += 1)) };
  const pipeline = Pipeline.create();
  pipeline
    .readFrom({
      ...source,
      ...loaded,
      createReader: (context) => {
        seen.opened += 1;
        return source.createReader(context);
      },
    })
    .writeTo({ ...Sinks.noop(), ...loaded });
  return { pipeline, seen };
};

describe('the life of a job on a cluster', { ...SUITE_LIMIT, concurrency: 8 }, () => {
  it('has loaded what its ends are opened with at a node that opens nothing yet; what fails to load keeps no node from taking over', async () => {
    const memory = new MemoryCluster();
    const [first, second] = [loading(async () => {}), loading(() => Promise.reject(new Error('no such module')))];
    const a = startNode(memory, 'a', { pipeline: first.pipeline });
    await a.job.whenRunning();
    const b = startNode(memory, 'b', { pipeline: second.pipeline });
    await b.job.whenRunning();
    assert.deepEqual(first.seen, { loaded: 2, opened: 1 });
    await until(() => second.seen.loaded === 2, { what: 'b to have tried' });
    assert.equal(second.seen.opened, 0);
    await a.engine.shutdown();
    await until(() => second.seen.opened === 1, { what: 'the partition at b' });
    assert.equal(second.seen.loaded, 2, 'once');
  });

  it('completes when its sources have ended, everywhere', async () => {
    const memory = new MemoryCluster();
    const nodes = ['a', 'b'].map((name) => startNode(memory, name, { pipeline: ending() }));
    await Promise.all(nodes.map(({ job }) => job.join()));
    assert.deepEqual(
      nodes.map(({ job }) => job.status),
      ['COMPLETED', 'COMPLETED'],
    );
  });

  it('of more partitions than one completes everywhere when the sources of all have ended, wherever they moved, and not before', async () => {
    const memory = new MemoryCluster();
    const gate = deferred<void>();
    let opened = 0;
    let isOpen = false;
    void gate.promise.then(() => {
      isOpen = true;
    });
    // the first partition that opens waits for the gate
    const source = SourceBuilder.batch('gated', () => ({ waits: opened++ === 0 }))
      .fillBufferFn(({ waits }, buffer) => {
        if (!waits || isOpen) buffer.close();
      })
      .build();
    const pipeline = Pipeline.create();
    pipeline.readFrom(source).writeTo(Sinks.noop());
    const options = { pipeline, partitions: 4 };
    const one = startNode(memory, 'a', options);
    await one.job.whenRunning();
    const other = startNode(memory, 'b', options);
    await until(() => other.job.partitions.filter(({ node }) => node === 'b').length === 2);
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS));
    assert.deepEqual([one.job.status, other.job.status], ['RUNNING', 'RUNNING']);
    gate.resolve();
    await Promise.all([one.job.join(), other.job.join()]);
    assert.equal(await one.job.drain(), true);
  });

  for (const how of ['done', 'done late'] as const)
    for (const key of [MANIFEST_KEY, nodeKey('a')])
      it(`begins although a put to ${key} has no answer, and is ${how}`, async () => {
        const prepare = (bucket: CutBucket) => bucket.leaveUnanswered(key, how);
        const { job } = startNode(new MemoryCluster(), 'a', { prepare });
        await job.whenRunning();
      });

  for (const how of ['done', 'done late'] as const)
    it(`is begun again once, and told so, although that it is has no answer, and is ${how}`, async () => {
      const memory = new MemoryCluster();
      await startNode(memory, 'a', { pipeline: ending() }).job.join();
      const prepare = (bucket: CutBucket) => bucket.leaveUnanswered(DESIRED_KEY, how);
      const again = startNode(memory, 'a', { pipeline: ending(), beginAgain: true, prepare });
      await again.job.join();
      const told = again.events.flatMap((event) => (event.kind === 'begun-again' ? [event.after] : []));
      assert.deepEqual(told, ['completed']);
      const members = new Members(again.bucket(), 'idle');
      assert.equal((await members.desired()).generation, 2);
    });

  it('fails at a node that reaches the servers in none of the time that it has to join', async () => {
    const prepare = (bucket: CutBucket) => bucket.cut();
    const { job } = startNode(new MemoryCluster(), 'a', { prepare, patienceMs: 300 });
    await rejectsWith('CLUSTER_UNREACHABLE', job.join());
  });

  for (const [end, how] of [
    ['cancelled', ({ job }: Node) => rejectsWith('CLUSTER_UNREACHABLE', job.cancel('enough'))],
    ['left', ({ engine }: Node) => engine.shutdown()],
  ] as const)
    for (const [what, nth, key] of STEPS_OF_JOINING)
      it(`is ${end} at a node that joins and has no answer to ${what}, and that has no part in it when it is answered`, async () => {
        const memory = new MemoryCluster();
        const held = new HeldStep(key, nth);
        const node = startNode(memory, 'a', { pace: held.pace });
        await until(() => held.isHeld);
        const before = performance.now();
        await how(node);
        assert.ok(performance.now() - before < GIVEN_UP_MS);
        assert.equal(node.job.status, 'FAILED');
        const error = await rejectsWith('ABORTED', node.job.join());
        assert.equal(error.cause, end === 'cancelled' ? 'enough' : undefined);
        held.letGo();
        await held.quiet();
        const bucket = await memory.place().openBucket('idle', new AbortController().signal);
        assert.equal((await bucket.get(nodeKey('a')))?.value, undefined, 'no member');
        if (nth === 1) assert.equal(await bucket.get(key), undefined, 'nothing was written of what was read');
        assert.equal(await bucket.get(claimKey(0)), undefined, 'nothing was claimed');
        // nor was it ended for the others
        await startNode(memory, 'b').job.whenRunning();
      });

  it('is cancelled on all nodes by one that joins, when the servers answer', async () => {
    const memory = new MemoryCluster();
    const other = startNode(memory, 'b');
    await other.job.whenRunning();
    const held = new HeldStep(MANIFEST_KEY, 1);
    const { job } = startNode(memory, 'a', { pace: held.pace });
    await until(() => held.isHeld);
    const cancelled = job.cancel('enough');
    held.letGo();
    await cancelled;
    await rejectsWith('ABORTED', other.job.join());
    assert.equal((await rejectsWith('ABORTED', job.join())).cause, 'enough');
  });

  it('is left by a node whose claim is answered when it leaves already', async () => {
    const memory = new MemoryCluster();
    let held: (() => void) | undefined;
    const pace: MemoryPace = (step, go, key) => {
      if (step === 'answer' && held === undefined && key === claimKey(LATE_CLAIM)) held = go;
      else go();
    };
    const { engine, job, events } = startNode(memory, 'a', { pace, partitions: 16 });
    await until(() => held !== undefined);
    const left = engine.shutdown();
    held?.();
    await left;
    assert.equal(job.status, 'FAILED');
    const claimed = events.filter(({ kind }) => kind === 'partition-claimed').length;
    assert.ok(claimed < 16, `${claimed} of 16 were opened`);
  });

  for (const claim of ['runs', 'was given back, which nobody has heard'] as const) {
    it(`is left by a node that cannot reach the servers, and whose partition ${claim}`, async () => {
      const memory = new MemoryCluster();
      const { engine, job, bucket } = startNode(memory, 'a');
      await job.whenRunning();
      if (claim === 'runs') bucket().cut();
      const left = engine.shutdown();
      if (claim !== 'runs') bucket().cut();
      await left;
      assert.equal(job.status, 'FAILED');
    });
  }

  it('does not run again at a node that has cancelled it while one of its partitions closes slowly', async () => {
    const closing = deferred<void>();
    let opened = 0;
    const sink = SinkBuilder.sinkBuilder('slow', () => ({ number: opened++ }))
      .receiveFn(() => {})
      .destroyFn(async ({ number }) => (number === 0 ? closing.promise : undefined))
      .build();
    const pipeline = Pipeline.create();
    pipeline.readFrom(TestSources.itemStream(100, (_, count) => count)).writeTo(sink);
    const { job } = startNode(new MemoryCluster(), 'a', { pipeline, partitions: 4 });
    await job.whenRunning();
    const cancelled = job.cancel();
    await until(() => opened === 4);
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS));
    closing.resolve();
    await cancelled;
    assert.equal(opened, 4);
  });

  it('does not open a partition again that has failed for good, while the others are told', async () => {
    let opened = 0;
    let hasFailed = false;
    let held: (() => void) | undefined;
    const pace: MemoryPace = (step, go) => {
      if (step !== 'answer' || !hasFailed || held !== undefined) go();
      else held = go;
    };
    const source = SourceBuilder.stream('numbers', () => ({ number: opened++ }))
      .fillBufferFn<number>((_, buffer) => buffer.add(1))
      .build();
    const pipeline = Pipeline.create();
    const fail = (): never => {
      hasFailed = true;
      throw new TypeError('a mistake');
    };
    pipeline.readFrom(source).map(fail).writeTo(Sinks.noop());
    const { job } = startNode(new MemoryCluster(), 'a', { pipeline, pace });
    await until(() => held !== undefined);
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS / 2));
    assert.equal(opened, 1);
    held?.();
    await rejectsWith('USER_FUNCTION_FAILED', job.join());
    assert.equal(opened, 1);
  });

  it('keeps who waits for it to run waiting over a suspension, and tells when it runs', async () => {
    const { job } = startNode(new MemoryCluster(), 'a');
    const running = job.whenRunning();
    await job.suspend();
    await job.resume();
    await running;
  });

  it('ends the wait of who suspends it when another, that sees it suspended first, resumes it', async () => {
    const memory = new MemoryCluster();
    const hold = new Hold('tell');
    const owner = startNode(memory, 'a');
    await owner.job.whenRunning();
    const other = startNode(memory, 'b', { pace: hold.pace });
    await other.job.whenRunning();
    hold.hold();
    const suspended = other.job.suspend();
    await until(() => owner.job.status === 'SUSPENDED');
    await owner.job.resume();
    hold.letGo();
    assert.equal(await suspended, true, 'it was suspended, and nothing was left');
    await until(() => other.job.status === 'RUNNING');
  });

  it('completes at those that complete it, also when it is to be suspended meanwhile', async () => {
    const memory = new MemoryCluster();
    const nodes = ['a', 'b'].map((name) => startNode(memory, name));
    await Promise.all(nodes.map(({ job }) => job.whenRunning()));
    const [one, other] = nodes;
    await Promise.all([one?.job.drain(), other?.job.suspend()]);
    await Promise.all(nodes.map(({ job }) => job.join()));
  });

  it('completes at those that complete it, when a node begins it again meanwhile', async () => {
    const memory = new MemoryCluster();
    const hold = new Hold('ask');
    const owner = startNode(memory, 'a', { pace: hold.pace });
    await owner.job.whenRunning();
    const one = startNode(memory, 'b');
    await one.job.whenRunning();
    // the owner gives back late
    hold.hold();
    const drained = one.job.drain();
    await until(() => owner.job.status === 'COMPLETING');
    const third = startNode(memory, 'c', { beginAgain: true });
    await until(() => third.events.some(({ kind }) => kind === 'begun-again'));
    hold.letGo();
    assert.equal(await drained, false, 'nobody knows');
    await owner.job.join();
    await third.job.whenRunning();
  });

  it('ends by the reason that a cancel gave', async () => {
    const { job } = startNode(new MemoryCluster(), 'a');
    await job.whenRunning();
    await job.cancel('enough');
    const error = await rejectsWith('ABORTED', job.join());
    assert.equal(error.cause, 'enough');
  });

  it('comes to the end that it had, at a node that saw nothing until it was begun again and has another one', async () => {
    const memory = new MemoryCluster();
    const owner = startNode(memory, 'a');
    await owner.job.whenRunning();
    const blind = startNode(memory, 'b');
    await blind.job.whenRunning();
    blind.bucket().cut();
    assert.equal(await owner.job.drain(), true);
    const third = startNode(memory, 'c', { beginAgain: true });
    await third.job.whenRunning();
    await third.job.cancel();
    blind.bucket().mend();
    await blind.job.join();
    assert.equal(blind.job.status, 'COMPLETED');
  });

  it('is begun again by the next node that brings it when it has failed, which is told with why', async () => {
    const memory = new MemoryCluster();
    let isBroken = true;
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(TestSources.itemStream(100, (_, count) => count))
      .map((count) => {
        if (isBroken) throw new Error('never again');
        return count;
      })
      .writeTo(Sinks.noop());
    await rejectsWith('USER_FUNCTION_FAILED', startNode(memory, 'a', { pipeline }).job.join());
    isBroken = false;
    const next = startNode(memory, 'b', { pipeline });
    await next.job.whenRunning();
    const [told] = next.events.filter(({ kind }) => kind === 'begun-again');
    assert.ok(told?.kind === 'begun-again');
    assert.deepEqual([told.after, told.error?.code], ['failed', 'USER_FUNCTION_FAILED']);
    assert.match(told.error?.message ?? '', /never again/);
    const third = startNode(memory, 'c', { pipeline });
    await third.job.whenRunning();
    assert.ok(!third.events.some(({ kind }) => kind === 'begun-again'), 'it runs already');
  });

  for (const [after, end] of [
    ['completed', (node: Node) => node.job.drain()],
    ['cancelled', (node: Node) => node.job.cancel()],
  ] as const)
    it(`that was ${after} ends so at a node that is started again, and runs when that asks for it`, async () => {
      const memory = new MemoryCluster();
      const first = startNode(memory, 'a');
      await first.job.whenRunning();
      await end(first);
      const again = startNode(memory, 'a');
      if (after === 'completed') await again.job.join();
      else await rejectsWith('ABORTED', again.job.join());
      assert.deepEqual(
        again.events.flatMap((event) => (event.kind === 'ended-before' ? [event.after] : [])),
        [after],
      );
      assert.ok(!again.events.some(({ kind }) => kind === 'partition-claimed'), 'nothing of it ran');
      const asked = startNode(memory, 'a', { beginAgain: true });
      await asked.job.whenRunning();
      assert.ok(asked.events.some((event) => event.kind === 'begun-again' && event.after === after));
    });

  it('says at each node whether all was delivered at all of them, and why not', async () => {
    const memory = new MemoryCluster();
    const stuck = (): Pipeline => {
      const pipeline = Pipeline.create();
      const never = SinkBuilder.sinkBuilder('never', () => ({}))
        .receiveFn(() => new Promise<void>(() => {}))
        .build();
      pipeline.readFrom(TestSources.itemStream(100, (_, count) => count)).writeTo(never);
      return pipeline;
    };
    const options = { drainTimeoutMs: 50, processingGuarantee: 'at-least-once' } as const;
    const owner = startNode(memory, 'a', { ...options, pipeline: stuck() });
    await until(() => owner.job.metrics().itemsReceived > 0);
    const other = startNode(memory, 'b', { ...options, pipeline: stuck() });
    await other.job.whenRunning();
    assert.equal(await other.job.suspend(), false);
    assert.equal(await other.job.suspend(), false, 'it is suspended already');
    assert.ok(
      owner.events.some((event) => event.kind === 'stopped-early' && event.unfinished.includes('sink "never"')),
    );
    await other.job.resume();
    await until(() => owner.job.metrics().itemsInFlight + other.job.metrics().itemsInFlight > 0);
    assert.equal(await other.job.drain(), false);
    assert.equal(await owner.job.drain(), false, 'it has ended so');
    await rejectsWith('INVALID_STATE', owner.job.suspend());
  });

  it('has not delivered all when a node is gone with what it had', async () => {
    const memory = new MemoryCluster();
    const owner = startNode(memory, 'a');
    await owner.job.whenRunning();
    const other = startNode(memory, 'b');
    await other.job.whenRunning();
    owner.bucket().cut();
    assert.equal(await other.job.drain(), false);
    assert.equal(other.job.status, 'COMPLETED');
  });

  it('is cancelled when it has ended at the other nodes, too', async () => {
    const memory = new MemoryCluster();
    const closing = deferred<void>();
    const sink = SinkBuilder.sinkBuilder('slow', () => ({}))
      .receiveFn(() => {})
      .destroyFn(() => closing.promise)
      .build();
    const pipeline = Pipeline.create();
    pipeline.readFrom(TestSources.itemStream(100, (_, count) => count)).writeTo(sink);
    const slow = startNode(memory, 'a', { pipeline });
    await slow.job.whenRunning();
    const other = startNode(memory, 'b', { pipeline });
    await other.job.whenRunning();
    const order: string[] = [];
    const cancelled = other.job.cancel().then(() => order.push('cancelled'));
    await new Promise((resolve) => setTimeout(resolve, LEASE_MS / 3));
    order.push('closed');
    closing.resolve();
    await cancelled;
    assert.deepEqual(order, ['closed', 'cancelled']);
    await rejectsWith('ABORTED', slow.job.join());
  });
});
