import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  Engine,
  type JobOptions,
  PermanentError,
  Pipeline,
  RetryStrategies,
  SinkBuilder,
  Sinks,
  SourceBuilder,
  TestSources,
} from '../../../../src/index.js';
import { MemoryStores } from '../../../../src/store/index.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { until } from '../../../support/until.js';

const MODES: readonly (readonly [string, JobOptions])[] = [
  ['without a store', {}],
  ['with a store', { name: 'j', processingGuarantee: 'exactly-once' }],
];

/** What happened, in order. */
class Log {
  readonly lines: string[] = [];
  readonly add = (line: string): void => void this.lines.push(line);
}

/** One client of a made-up database. */
class Client {
  readonly #log: Log;
  isOpen = true;

  constructor(log: Log) {
    log.add('create');
    this.#log = log;
  }

  lookUp(item: number): string {
    assert.ok(this.isOpen);
    return `item ${item}`;
  }

  async close(): Promise<void> {
    this.#log.add('destroy');
    this.isOpen = false;
  }
}

const engineOf = () => Engine.embedded({ stores: new MemoryStores() });

/** Gives 1 and 2, and logs its opening and its end. */
const loggedSource = (log: Log) =>
  SourceBuilder.batch('numbers', () => log.add('source opens'))
    .fillBufferFn<number>((_, buffer) => {
      buffer.add(1);
      buffer.add(2);
      buffer.close();
    })
    .createSnapshotFn(() => 0)
    .restoreSnapshotFn(() => {})
    .destroyFn(() => log.add('source closes'))
    .build();

for (const [mode, options] of MODES) {
  describe(`services of stages, ${mode}`, SUITE_LIMIT, () => {
    it('are made before a source is opened, once, and destroyed behind all others', async () => {
      const log = new Log();
      const out: string[] = [];
      const sink = SinkBuilder.sinkBuilder('texts', () => out)
        .receiveFn<string>((to, item) => void to.push(item))
        .destroyFn(() => log.add('sink closes'))
        .build();
      const pipeline = Pipeline.create();
      pipeline
        .readFrom(loggedSource(log))
        .mapUsingService(
          async () => new Client(log),
          (client, item) => client.lookUp(item),
          (client) => client.close(),
        )
        .writeTo(sink);
      await engineOf()
        .newJob(pipeline, { ...options, processingGuarantee: options.processingGuarantee ?? 'none' })
        .join();
      assert.deepEqual(out, ['item 1', 'item 2']);
      assert.deepEqual(log.lines, ['create', 'source opens', 'source closes', 'sink closes', 'destroy']);
    });

    it('are given to calls of an async stage, with the signal, and results keep their order', async () => {
      const log = new Log();
      const out: string[] = [];
      const pipeline = Pipeline.create();
      pipeline
        .readFrom(TestSources.items(1, 2, 3))
        .mapAsyncUsingService(
          () => new Client(log),
          async (client, item, signal) => {
            assert.ok(signal instanceof AbortSignal);
            for (let turns = 3 - item; turns > 0; turns -= 1) await new Promise((resolve) => setImmediate(resolve));
            if (item === 2) throw new Error('two');
            return client.lookUp(item);
          },
          (client) => client.close(),
          { onError: 'skip' },
        )
        .writeTo(Sinks.list(out));
      const job = engineOf().newJob(pipeline, options);
      await job.join();
      assert.deepEqual([out, log.lines, job.metrics().itemsSkipped], [['item 1', 'item 3'], ['create', 'destroy'], 1]);
    });

    it('are made again as often as it takes, and nothing is polled before', async () => {
      const log = new Log();
      let tries = 0;
      const pipeline = Pipeline.create();
      pipeline
        .readFrom(loggedSource(log))
        .mapUsingService(
          () => {
            tries += 1;
            log.add(`try ${tries}`);
            if (tries < 4) throw new Error('away');
            return tries;
          },
          (service, item) => service * item,
          undefined,
          { createRetryStrategy: RetryStrategies.indefinitely(0) },
        )
        .writeTo(Sinks.noop());
      await engineOf()
        .newJob(pipeline, { ...options, processingGuarantee: options.processingGuarantee ?? 'none' })
        .join();
      assert.deepEqual(log.lines, ['try 1', 'try 2', 'try 3', 'try 4', 'source opens', 'source closes']);
    });

    it('fail the job by the name of their stage when they cannot be made', async () => {
      const log = new Log();
      const pipeline = Pipeline.create();
      const source = pipeline.readFrom(TestSources.items(1));
      source.mapUsingService(() => new Client(log), (_, item) => item, (client) => client.close()).writeTo(Sinks.noop()); // biome-ignore format: one line
      source
        .mapUsingService(
          (): Client => {
            throw new PermanentError('no such database');
          },
          (client, item) => client.lookUp(item),
        )
        .setName('look up')
        .writeTo(Sinks.noop());
      await assert.rejects(
        engineOf()
          .newJob(pipeline, { ...options, restart: { maxAttempts: 0 } })
          .join(),
        {
          code: 'USER_FUNCTION_FAILED',
          message: /createFn of stage "look up".*no such database/,
        },
      );
      assert.deepEqual(log.lines, ['create', 'destroy']);
    });

    it('are destroyed when a sink, or the job, fails, and made anew for the next run', async () => {
      const log = new Log();
      let failures = 2;
      const pipeline = Pipeline.create();
      const out: string[] = [];
      pipeline
        .readFrom(TestSources.items(1))
        .mapUsingService(() => new Client(log), (client, item) => {
          failures -= 1;
          if (failures >= 0) throw new Error('now and then');
          return client.lookUp(item);
        }, (client) => client.close()) // biome-ignore format: one stage
        .writeTo(Sinks.list(out));
      const restart = { maxAttempts: 5, minBackoffMs: 1, maxBackoffMs: 1, userFunctions: true };
      await engineOf()
        .newJob(pipeline, { ...options, restart })
        .join();
      assert.deepEqual(out, ['item 1']);
      assert.deepEqual(log.lines, ['create', 'destroy', 'create', 'destroy', 'create', 'destroy']);
      const broken = Pipeline.create();
      const sink = SinkBuilder.sinkBuilder('broken', () => {
        throw new PermanentError('no disk');
      })
        .receiveFn<number>(() => {})
        .build();
      log.lines.length = 0;
      broken.readFrom(TestSources.items(1)).mapUsingService(() => new Client(log), (_, item) => item, (client) => client.close()).writeTo(sink); // biome-ignore format: one line
      await assert.rejects(
        engineOf()
          .newJob(broken, { ...options, restart: { maxAttempts: 0 } })
          .join(),
      );
      assert.deepEqual(log.lines, ['create', 'destroy']);
    });

    it('keep no job from ending while they are made, and what comes late is destroyed', async () => {
      const log = new Log();
      let finish: (client: Client) => void = () => {};
      const pipeline = Pipeline.create();
      pipeline
        .readFrom(TestSources.items(1))
        .mapUsingService(
          () => new Promise<Client>((resolve) => (finish = resolve)),
          (client, item) => client.lookUp(item),
          (client) => client.close(),
        )
        .writeTo(Sinks.noop());
      const job = engineOf().newJob(pipeline, options);
      const begun = finish;
      await until(() => finish !== begun);
      await job.cancel();
      finish(new Client(log));
      await until(() => log.lines.includes('destroy'));
      const again = Pipeline.create();
      let tries = 0;
      const away = (): never => {
        tries += 1;
        throw new Error('away');
      };
      again.readFrom(TestSources.items(1)).mapUsingService(away, () => 1).writeTo(Sinks.noop()); // biome-ignore format: one line
      const waiting = engineOf().newJob(again, options);
      await until(() => tries > 0);
      await waiting.cancel();
      await assert.rejects(waiting.join(), { code: 'ABORTED' });
    });

    it('an item that mapFn fails at goes where onError says', async () => {
      const out: number[] = [];
      const pipeline = Pipeline.create();
      pipeline
        .readFrom(TestSources.items(1, 2, 3))
        .mapUsingService(() => 2, (bad, item) => {
          if (item === bad) throw new Error('two');
          return item;
        }, undefined, { onError: 'skip' }) // biome-ignore format: one stage
        .writeTo(Sinks.list(out));
      await engineOf().newJob(pipeline, options).join();
      assert.deepEqual(out, [1, 3]);
    });
  });
}
