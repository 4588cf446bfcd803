import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type DeadLetter,
  defineSink,
  defineSource,
  type Sink,
  type Source,
  type SourceReader,
} from '../../../../src/connector/index.js';
import { MillraceError } from '../../../../src/errors/index.js';
import { Engine, type JobOptions, Pipeline } from '../../../../src/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { HeldStores } from '../../../support/store/held-stores.js';
import { until } from '../../../support/until.js';

const OPTIONS: JobOptions = { name: 'durable', processingGuarantee: 'exactly-once' };

const copy = (source: Source<string>, sink: Sink<string>): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(source).writeTo(sink);
  return pipeline;
};

const failsWith = (code: string) => (error: unknown) => error instanceof MillraceError && error.code === code;

describe('a durable job', SUITE_LIMIT, () => {
  it('lets nothing out and acknowledges nothing before the commit is durable (Invariant 1)', async () => {
    const stores = new HeldStores();
    const destination = new Destination();
    const source = new ManualSource<string>();
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(copy(source.source, durableSink(destination)), OPTIONS);
    await job.whenRunning();
    stores.holding = true;
    source.push('a', 'b');
    await until(() => stores.held === 1);
    assert.deepEqual(destination.items, []);
    assert.equal(source.acknowledged, 0);
    stores.release();
    await until(() => source.acknowledged === 2);
    assert.deepEqual(destination.items, ['a', 'b']);
    stores.holding = false;
    stores.release();
    await engine.shutdown();
  });

  it('puts position and rows into one commit (Invariant 2)', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(copy(source.source, durableSink(new Destination())), OPTIONS);
    await job.whenRunning();
    const before = stores.batches.length;
    source.push('a');
    await until(() => source.acknowledged === 1);
    const keys = [...(stores.batches[before]?.keys() ?? [])].map((key) => key.split('/')[0]);
    assert.deepEqual([...new Set(keys)].sort(), ['outbox', 'rows', 'source']);
    await engine.shutdown();
  });

  it('F1 gives the same outputs when it ends before the commit and runs again (Invariant 3)', async () => {
    const stores = new HeldStores();
    const destination = new Destination();
    const source = new ManualSource<string>();
    const first = Engine.embedded({ stores });
    const job = first.newJob(copy(source.source, durableSink(destination)), OPTIONS);
    await job.whenRunning();
    stores.holding = true;
    stores.failing = new MillraceError('ABORTED', 'the process ends here');
    source.push('a', 'b');
    await until(() => stores.held === 1);
    stores.release();
    await assert.rejects(job.join(), failsWith('ABORTED'));
    assert.deepEqual(destination.items, []);
    stores.failing = undefined;
    stores.holding = false;
    const second = Engine.embedded({ stores });
    second.newJob(copy(source.source, durableSink(destination)), OPTIONS);
    await until(() => destination.items.length === 2);
    assert.deepEqual(destination.items, ['a', 'b']);
    await second.shutdown();
  });

  it('works on while a commit is under way, and has one commit for what came meanwhile', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const destination = new Destination();
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(copy(source.source, durableSink(destination)), OPTIONS);
    await job.whenRunning();
    stores.holding = true;
    source.push('a');
    await until(() => stores.held === 1);
    const before = stores.batches.length;
    source.push('b');
    source.push('c');
    await until(() => job.metrics().itemsWritten === 3);
    assert.equal(stores.batches.length, before, 'one commit is under way at a time');
    stores.release();
    await until(() => stores.batches.length === before + 1 && stores.held === 1);
    stores.holding = false;
    stores.release();
    await until(() => source.acknowledged === 3);
    assert.deepEqual(destination.items, ['a', 'b', 'c']);
    await engine.shutdown();
  });

  it('stops polling when the outbox is full, and goes on when the destination confirms', async () => {
    const source = new ManualSource<string>();
    const destination = new Destination();
    destination.confirming = false;
    const engine = Engine.embedded({ stores: new HeldStores() });
    const job = engine.newJob(copy(source.source, durableSink(destination)), { ...OPTIONS, maxOutboxMessages: 10 });
    await job.whenRunning();
    const items = Array.from({ length: 100 }, (_, index) => `${index}`);
    source.push(...items);
    await until(() => destination.items.length >= 10);
    assert.ok(job.metrics().itemsReceived <= 20, `${job.metrics().itemsReceived} taken for a full outbox`);
    while (destination.items.length < items.length) {
      destination.confirm();
      const seen = destination.items.length;
      await until(() => destination.items.length > seen);
    }
    assert.deepEqual(destination.items, items);
    await engine.shutdown();
  });

  it('reads a backlog back from the store that is larger than what it keeps in memory', async () => {
    const source = new ManualSource<string>();
    const destination = new Destination();
    destination.confirming = false;
    destination.window = 10;
    const engine = Engine.embedded({ stores: new HeldStores() });
    const job = engine.newJob(copy(source.source, durableSink(destination)), OPTIONS);
    await job.whenRunning();
    const items = Array.from({ length: 12_000 }, (_, index) => `${index}`);
    source.push(...items);
    source.end();
    await until(() => source.acknowledged === items.length);
    assert.deepEqual(destination.items, items.slice(0, 10));
    destination.confirming = true;
    destination.window = 1000;
    destination.confirm();
    await job.join();
    assert.deepEqual(destination.items, items);
  });

  it('goes on with what is in its outbox after a restart, from the first row that is not known to be delivered', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const destination = new Destination();
    destination.confirming = false;
    destination.window = 2;
    const first = Engine.embedded({ stores });
    const job = first.newJob(copy(source.source, durableSink(destination)), OPTIONS);
    await job.whenRunning();
    source.push('a', 'b', 'c', 'd');
    await until(() => source.acknowledged === 4 && destination.items.length === 2);
    await job.cancel();
    destination.confirming = true;
    const second = Engine.embedded({ stores });
    second.newJob(copy(source.source, durableSink(destination)), OPTIONS);
    await until(() => destination.items.length === 6);
    assert.deepEqual(destination.items, ['a', 'b', 'a', 'b', 'c', 'd']);
    assert.deepEqual([...new Set(destination.arrived.map(({ seq }) => seq))], [0, 1, 2, 3]);
    await second.shutdown();
  });

  it('gives a source the pages that its commits have stored, each as it was stored last', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const restored = () => source.restoredPages && [...source.restoredPages];
    const run = async (item: string, pages?: ReadonlyMap<string, Uint8Array>): Promise<void> => {
      const engine = Engine.embedded({ stores });
      await engine.newJob(copy(source.source, durableSink(new Destination())), OPTIONS).whenRunning();
      source.pages = pages;
      source.push(item);
      await until(() => source.acknowledged === source.items.length);
      await engine.shutdown();
    };
    await run(
      'a',
      new Map([
        ['1', Uint8Array.of(1)],
        ['a/b', Uint8Array.of(2)],
      ]),
    );
    assert.equal(restored(), undefined, 'nothing was stored before');
    await run('b', new Map([['1', Uint8Array.of(3)]]));
    await run('c');
    assert.deepEqual(
      restored()?.map(([page, bytes]) => [page, [...bytes]]),
      [
        ['1', [3]],
        ['a/b', [2]],
      ],
    );
  });

  it('fails when a stored row is missing, instead of leaving it out', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const destination = new Destination();
    destination.window = 0;
    const first = Engine.embedded({ stores });
    const job = first.newJob(copy(source.source, durableSink(destination)), OPTIONS);
    await job.whenRunning();
    for (const item of ['a', 'b', 'c']) {
      source.push(item);
      const before = source.acknowledged;
      await until(() => source.acknowledged > before);
    }
    await job.cancel();
    const store = await stores.open('durable', 0);
    const [, second] = [...store.range('rows/', 'rows0')];
    await store.commit(new Map([[second?.key ?? '', undefined]]));
    await store.close();
    destination.window = 10;
    const again = Engine.embedded({ stores }).newJob(copy(source.source, durableSink(destination)), OPTIONS);
    await assert.rejects(again.join(), failsWith('STORE_CORRUPT'));
  });

  it('A15 stores what was done before the item at which a function throws, and nothing of it or behind it', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const destination = new Destination();
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source.source)
      .map((item) => {
        if (item === 'bad') throw new Error('cannot');
        return item;
      })
      .writeTo(durableSink(destination));
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(pipeline, OPTIONS);
    await job.whenRunning();
    source.push('a', 'bad', 'b');
    await assert.rejects(job.join(), failsWith('USER_FUNCTION_FAILED'));
    assert.equal(source.acknowledged, 1);
    assert.deepEqual(destination.items, ['a']);
  });

  it('runs again after a commit of unknown outcome, on a store that is opened anew (R13)', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const destination = new Destination();
    const events: string[] = [];
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(copy(source.source, durableSink(destination)), {
      ...OPTIONS,
      restart: { minBackoffMs: 1 },
      onEvent: (event) => events.push(event.kind === 'status' ? event.status : event.kind),
    });
    await job.whenRunning();
    stores.failing = new MillraceError('STORAGE_FAILED', 'EIO');
    source.push('a');
    await until(() => events.includes('restarting'));
    stores.failing = undefined;
    await until(() => source.acknowledged === 1);
    assert.deepEqual(destination.items, ['a']);
    assert.ok(source.opened >= 2);
    await engine.shutdown();
  });

  it('fails with what failed first, also when a commit fails while the run drains behind it (J4)', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    let threw = false;
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source.source)
      .map((item) => {
        if (item !== 'bad') return item;
        threw = true;
        throw new Error('the first failure');
      })
      .writeTo(durableSink(new Destination()));
    const job = Engine.embedded({ stores }).newJob(pipeline, { ...OPTIONS, restart: { minBackoffMs: 1 } });
    await job.whenRunning();
    stores.holding = true;
    source.push('a');
    await until(() => stores.held === 1);
    source.push('bad');
    await until(() => threw);
    stores.failing = new MillraceError('STORAGE_FAILED', 'EIO');
    stores.release();
    await assert.rejects(job.join(), failsWith('USER_FUNCTION_FAILED'));
    assert.equal(source.opened, 1);
  });

  it('fails when the store fails again and again', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(copy(source.source, durableSink(new Destination())), {
      ...OPTIONS,
      restart: { minBackoffMs: 1, maxAttempts: 3 },
    });
    await job.whenRunning();
    stores.failing = new MillraceError('STORAGE_FAILED', 'EIO');
    source.push('a');
    await assert.rejects(job.join(), failsWith('STORAGE_FAILED'));
    assert.equal(source.opened, 4);
  });

  it('can be cancelled and suspended while it waits to run again', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const engine = Engine.embedded({ stores });
    const waiting: (() => void)[] = [];
    const start = (name: string) =>
      engine.newJob(copy(source.source, durableSink(new Destination())), {
        ...OPTIONS,
        name,
        restart: { minBackoffMs: 1_000_000, maxBackoffMs: 1_000_000 },
        onEvent: ({ kind }) => kind === 'restarting' && waiting.push(() => {}),
      });
    stores.failing = new MillraceError('STORAGE_FAILED', 'EIO');
    const first = start('first');
    source.push('a');
    await until(() => waiting.length === 1);
    await first.suspend();
    assert.equal(first.status, 'SUSPENDED');
    stores.failing = undefined;
    await first.resume();
    await until(() => source.acknowledged === 1);
    stores.failing = new MillraceError('STORAGE_FAILED', 'EIO');
    source.push('b');
    await until(() => waiting.length === 2);
    await first.cancel();
    assert.equal(first.status, 'FAILED');
  });

  it('writes what the destination refused to the dead letters in the commit that completes the row (R9a)', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const destination = new Destination();
    destination.refuses.add('b');
    const letters = new Destination();
    const deadLetter = lettersTo(letters);
    const engine = Engine.embedded({ stores });
    engine.newJob(copy(source.source, durableSink(destination, { deadLetter })), OPTIONS);
    source.push('a', 'b', 'c');
    await until(() => letters.items.length === 1);
    assert.deepEqual(letters.items, ['b']);
    await engine.shutdown();
    const withLetter = stores.batches.filter((batch) =>
      [...batch].some(([key, value]) => key.startsWith('rows/letters') && value !== undefined),
    );
    assert.equal(withLetter.length, 1);
    assert.ok([...(withLetter[0]?.keys() ?? [])].includes('outbox/rows/rows'));
  });

  it('writes an item that cannot become a message to the dead letters in the commit of its input', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const destination = new Destination();
    const letters = new Destination();
    const engine = Engine.embedded({ stores });
    engine.newJob(copy(source.source, durableSink(destination, { deadLetter: lettersTo(letters) })), OPTIONS);
    source.push('a', 'poison', 'b');
    await until(() => letters.items.length === 1 && source.acknowledged === 3);
    assert.deepEqual(destination.items, ['a', 'b']);
    await engine.shutdown();
  });

  it('commits the letters of a poll and all its items together, though the outbox has room for some only', async () => {
    const stores = new HeldStores();
    const destination = new Destination();
    const letters = new Destination();
    const source = defineSource<string>({
      name: 'mixed',
      claims: [],
      defaultGuarantee: 'at-least-once',
      refuse: () => undefined,
      onError: { deadLetter: lettersTo(letters) },
      createReader: async () => mixedReader(),
    });
    const engine = Engine.embedded({ stores });
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source)
      .flatMap((text) => [...text])
      .writeTo(durableSink(destination));
    const job = engine.newJob(pipeline, { ...OPTIONS, maxOutboxMessages: 2 });
    await job.whenRunning();
    await until(() => letters.items.length === 1 && destination.items.length === 5);
    const commits = stores.batches.filter((batch) => batch.has('source/mixed'));
    assert.equal(commits.length, 1);
    assert.ok([...(commits[0]?.keys() ?? [])].some((key) => key.startsWith('rows/letters')));
    await engine.shutdown();
  });

  it('takes a lone answer of the broker while the outbox is full', async () => {
    const stores = new HeldStores();
    const destination = new Destination();
    destination.confirming = false;
    const answers = { dirty: false, tell: () => {}, committed: 0 };
    const source = defineSource<string>({
      name: 'answered',
      claims: [],
      defaultGuarantee: 'at-least-once',
      refuse: () => undefined,
      onError: 'fail',
      createReader: async () => answeredReader(answers),
    });
    const engine = Engine.embedded({ stores });
    const job = engine.newJob(copy(source, durableSink(destination)), { ...OPTIONS, maxOutboxMessages: 1 });
    await job.whenRunning();
    await until(() => destination.items.length === 1 && answers.committed === 1);
    answers.dirty = true;
    answers.tell();
    await until(() => answers.committed === 2);
    await engine.shutdown();
  });

  it('refuses to start when a part that has something in the store is gone', async () => {
    const stores = new HeldStores();
    const source = new ManualSource<string>();
    const first = Engine.embedded({ stores });
    const away = new Destination();
    away.confirming = false;
    const job = first.newJob(copy(source.source, durableSink(away)), OPTIONS);
    await job.whenRunning();
    source.push('a', 'b');
    await until(() => source.acknowledged === 2);
    await first.shutdown();
    const pipeline = Pipeline.create();
    pipeline.readFrom(source.source).writeTo(durableSink(new Destination())).setName('renamed');
    const second = Engine.embedded({ stores });
    await assert.rejects(second.newJob(pipeline, OPTIONS).join(), {
      code: 'JOB_CHANGED',
      message:
        'job "durable" has something stored for sink "rows" (2 messages), which its pipeline has no more; new in it: sink "renamed"',
    });
  });

  it('is refused without a store, with the way out named', () => {
    const engine = Engine.embedded();
    assert.throws(
      () => engine.newJob(copy(new ManualSource<string>().source, durableSink(new Destination())), OPTIONS),
      (error) =>
        failsWith('GUARANTEE_UNSUPPORTED')(error) &&
        /Engine\.embedded\(\{ dir \}\)/.test(String((error as MillraceError).advice)),
    );
  });
});

/** A dead-letter sink whose rows are the topics of the letters. */
const lettersTo = (destination: Destination): Sink<DeadLetter> => {
  const texts = durableSink(destination);
  return defineSink<DeadLetter>({
    name: 'letters',
    claims: [],
    refuse: () => undefined,
    onError: 'fail',
    createWriter: () => Promise.reject(new Error('this sink is for jobs with a store')),
    createDurableWriter: async (context, restore) => {
      const writer = await texts.createDurableWriter?.(context, restore);
      if (writer === undefined) throw new Error('it is a durable sink');
      return {
        outboxes: writer.outboxes,
        prepare: (items: readonly DeadLetter[]) =>
          writer.prepare(items.map(({ attributes }) => String(attributes.topic ?? '').replace('poison', 'p'))),
        flush: () => writer.flush(),
        ready: () => writer.ready(),
        close: () => writer.close(),
      };
    },
  });
};

/** Five items after a rejected one, in one poll. */
const mixedReader = (): SourceReader<string> => {
  let polled = false;
  return {
    poll: () => {
      const first = polled ? 3 : 0;
      const items = polled ? [] : ['ab', 'cde'];
      const error = new MillraceError('USER_FUNCTION_FAILED', 'no');
      const letter = {
        payload: undefined,
        attributes: { topic: 'bad', properties: undefined },
        error,
        attempt: 1,
        origin: 'mixed',
        timestampMs: 0,
      };
      const rejected = polled ? [] : [{ position: 0, letter }];
      polled = true;
      return { items, timestampMs: 0, first, last: 2, bytes: 5, rejected, done: false };
    },
    ready: () => new Promise(() => {}),
    snapshot: (upTo) => ({ mark: upTo, state: undefined }),
    committed: () => {},
    close: async () => {},
  };
};

/** Has items without end, and an answer that only a commit lets out. */
const answeredReader = (answers: { dirty: boolean; tell: () => void; committed: number }): SourceReader<string> => {
  let next = 0;
  return {
    get dirty() {
      return answers.dirty;
    },
    whenDirty: () =>
      new Promise((resolve) => {
        answers.tell = resolve;
      }),
    poll: (max) => {
      const first = next;
      next += max;
      const items = Array.from({ length: max }, (_, index) => `${first + index}`);
      return { items, timestampMs: 0, first, last: next - 1, bytes: max, rejected: [], done: false };
    },
    ready: async () => {},
    snapshot: (upTo) => {
      answers.dirty = false;
      return { mark: upTo, state: undefined };
    },
    committed: () => {
      answers.committed += 1;
    },
    close: async () => {},
  };
};
