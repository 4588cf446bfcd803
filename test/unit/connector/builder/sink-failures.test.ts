import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type OnError, RetryStrategies, SinkBuilder, type SinkWriter } from '../../../../src/connector/index.js';
import { PermanentError, TransientError } from '../../../../src/errors/index.js';
import { deferred } from '../../../../src/internal/deferred.js';
import { openContext } from '../../../support/ends/open-context.js';
import { LIMIT } from '../../../support/limits.js';
import { Told } from '../../../support/told.js';

const AT_ONCE = RetryStrategies.indefinitely(0);

/** A database: what was sent over a connection is in it from a commit on; a connection that broke stays broken. */
class Database {
  readonly rows: string[] = [];
  readonly log: string[] = [];
  /** Thrown by the next calls, one each. */
  readonly failures: unknown[] = [];
  /** That it never takes. */
  bad = '';
  connections = 0;

  connect(): Connection {
    this.connections += 1;
    return new Connection(this);
  }
}

class Connection {
  readonly #database: Database;
  #broken: unknown;
  #sent: string[] = [];

  constructor(database: Database) {
    this.#database = database;
  }

  async send(...rows: readonly string[]): Promise<void> {
    this.#database.log.push(`send ${rows.join('')}`);
    await this.#mayFail();
    this.#sent.push(...rows);
  }

  async commit(): Promise<void> {
    this.#database.log.push('commit');
    await this.#mayFail();
    if (this.#sent.includes(this.#database.bad)) throw new PermanentError('constraint');
    this.#database.rows.push(...this.#sent);
    this.#sent = [];
  }

  async #mayFail(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    if (this.#database.failures.length === 0) return;
    const failure = this.#database.failures.shift();
    // one with a code is of a row, and leaves the connection as it was
    if (!(failure instanceof PermanentError) && Object(failure).code === undefined) this.#broken = failure;
    throw failure;
  }
}

/** Delivers all, as an engine does; gives the letters. */
const drive = async (writer: SinkWriter<string>, items: string) => {
  const letters: string[] = [];
  writer.write([...items]);
  writer.flush();
  for (let delivered = 0; delivered < items.length; ) {
    await writer.ready();
    const progress = writer.progress();
    for (const { index, letter } of progress.rejected) {
      assert.ok(index >= delivered && index < progress.delivered, 'a letter comes with the prefix that it ends');
      letters.push(`${index} ${String(letter.attributes.item)} ${letter.attempt} ${letter.error.code}`);
    }
    delivered = progress.delivered;
  }
  await writer.close();
  return letters;
};

const autocommit = (database: Database, onError: OnError = 'fail') =>
  SinkBuilder.sinkBuilder('rows', () => database.connect())
    .receiveFn<string>(async (connection, row) => {
      await connection.send(row);
      await connection.commit();
    })
    .retryStrategy(AT_ONCE)
    .onError(onError)
    .build();

const inRuns = (database: Database, onError: OnError = 'fail') =>
  SinkBuilder.sinkBuilder('rows', () => database.connect())
    .receiveFn<string>((connection, row) => connection.send(row))
    .flushFn((connection) => connection.commit())
    .retryStrategy(AT_ONCE)
    .onError(onError)
    .build();

const inBatches = (database: Database, maxBatchSize: number, onError: OnError = 'skip') =>
  SinkBuilder.sinkBuilder('rows', () => database.connect())
    .receiveBatchFn<string>(
      async (connection, rows) => {
        await connection.send(...rows);
        await connection.commit();
      },
      { maxBatchSize },
    )
    .retryStrategy(AT_ONCE)
    .onError(onError)
    .build();

describe('a sink whose functions fail for now', LIMIT, () => {
  it('receives the item again with a new context, for the old one is broken', async () => {
    const database = new Database();
    database.failures.push(undefined, 'reset', new TransientError('busy'));
    const letters = await drive(await autocommit(database).createWriter(openContext()), 'abc');
    assert.deepEqual([database.rows, letters, database.connections], [['a', 'b', 'c'], [], 4]);
  });

  it('receives a whole run again when its flush failed: none of it was delivered', async () => {
    const database = new Database();
    database.failures.push(new Error('away'));
    const log = database.log;
    await drive(await inRuns(database).createWriter(openContext()), 'abc');
    assert.deepEqual(database.rows, ['a', 'b', 'c']);
    assert.deepEqual(log, ['send a', 'send a', 'send b', 'send c', 'commit']);
  });

  it('gives what comes again the same seq', async () => {
    const seqs: unknown[] = [];
    const sink = SinkBuilder.sinkBuilder('rows', () => undefined)
      .receiveFn<string>((_, item, seq) => void seqs.push([item, seq]))
      .flushFn(() => {
        if (seqs.length < 4) throw new Error('away');
      })
      .retryStrategy(AT_ONCE)
      .build();
    const { createDurableWriter } = sink;
    assert.ok(createDurableWriter !== undefined);
    const restore = () => ({ state: undefined, low: 5, end: 7, rows: () => [] });
    const writer = await createDurableWriter(openContext(), restore);
    await writer.opened;
    const rows = writer.prepare(['a', 'b']).rows.map(({ bytes }, index) => ({ seq: 5 + index, bytes }));
    const [outbox] = writer.outboxes;
    outbox?.offer(rows);
    writer.flush();
    while (outbox?.snapshot(7).low !== 7) await writer.ready();
    const run = [
      ['a', 5],
      ['b', 6],
    ];
    assert.deepEqual(seqs, [...run, ...run]);
    await writer.close();
  });

  it('takes no more than its window meanwhile, tells what is delivered, and goes on by itself', async () => {
    const fixed = deferred<void>();
    const sink = SinkBuilder.sinkBuilder('rows', () => undefined)
      .receiveFn<number>(async (_, item) => {
        if (item === 3 && !isFixed) throw new Error('away');
      })
      .retryStrategy(RetryStrategies.indefinitely(1))
      .build();
    let isFixed = false;
    void fixed.promise.then(() => {
      isFixed = true;
    });
    const writer = await sink.createWriter(openContext());
    const many = Array.from({ length: 2000 }, (_, index) => index);
    assert.equal(writer.write(many), 1024);
    writer.flush();
    // on a slow machine a part of them is told first
    while (writer.progress().delivered < 3) await writer.ready();
    assert.equal(writer.progress().delivered, 3);
    assert.equal(writer.write(many), 3);
    assert.equal(writer.write(many), 0);
    fixed.resolve();
    while (writer.progress().delivered < 1027) await writer.ready();
    await writer.close();
  });

  it('opens when createFn gets through, and gives up when the opening is aborted', async () => {
    using told = new Told('retrying', 'retry-over');
    let tries = 0;
    const builder = SinkBuilder.sinkBuilder('rows', () => {
      tries += 1;
      if (tries < 4) throw new Error('refused');
    }).receiveFn<string>(() => {});
    const writer = await builder.retryStrategy(AT_ONCE).build().createWriter(openContext());
    assert.deepEqual(told.names, ['retrying', 'retrying', 'retry-over']);
    await writer.close();
    tries = 0;
    const abort = new AbortController();
    const opening = builder.retryStrategy(RetryStrategies.indefinitely(100_000)).build();
    const opened = opening.createWriter(openContext({ signal: abort.signal }));
    abort.abort();
    await assert.rejects(opened, { code: 'ABORTED' });
    await assert.rejects(opening.createWriter(openContext({ signal: abort.signal })), { code: 'ABORTED' });
  });

  it('closes at once in the middle of a wait, and destroys each context once', async () => {
    const ends: string[] = [];
    let made = 0;
    const waiting = deferred<void>();
    const sink = SinkBuilder.sinkBuilder('rows', () => `c${made++}`)
      .receiveFn<string>(() => {
        waiting.resolve();
        throw new Error('away');
      })
      .destroyFn((context) => void ends.push(context))
      .retryStrategy(RetryStrategies.indefinitely(100_000))
      .build();
    const writer = await sink.createWriter(openContext());
    writer.write(['a']);
    writer.flush();
    await waiting.promise;
    await Promise.all([writer.close(), writer.close()]);
    assert.deepEqual(ends, ['c0']);
    assert.equal(writer.progress().delivered, 0);
  });

  it('a context that is made only after the end is destroyed, too', async () => {
    const ends: number[] = [];
    const second = deferred<void>();
    const destroyed = deferred<void>();
    const asked = deferred<void>();
    let made = 0;
    const sink = SinkBuilder.sinkBuilder('rows', async () => {
      made += 1;
      const number = made;
      if (number === 2) {
        asked.resolve();
        await second.promise;
      }
      return number;
    })
      .receiveFn<string>(() => {
        throw new Error('away');
      })
      .destroyFn((context) => {
        ends.push(context);
        if (context === 2) destroyed.resolve();
      })
      .retryStrategy(AT_ONCE)
      .build();
    const writer = await sink.createWriter(openContext());
    writer.write(['a']);
    writer.flush();
    await asked.promise;
    await writer.close();
    second.resolve();
    await destroyed.promise;
    assert.deepEqual(ends, [1, 2]);
  });
});

it('what is delivered is told in the middle of a run of slow calls', LIMIT, async () => {
  const stuck = deferred<void>();
  const sink = SinkBuilder.sinkBuilder('slow', () => undefined)
    .receiveFn<number>((_, item) => (item === 1 ? stuck.promise : delay(30)))
    .build();
  const writer = await sink.createWriter(openContext());
  writer.write([0, 1, 2]);
  writer.flush();
  await writer.ready();
  assert.equal(writer.progress().delivered, 1);
  stuck.resolve();
  while (writer.progress().delivered < 3) await writer.ready();
  await writer.close();
});

describe('a sink whose functions fail for good', LIMIT, () => {
  it('gives up the item alone, and keeps the context where nothing else is in it', async () => {
    const database = new Database();
    database.failures.push(undefined, new PermanentError('not null'));
    const letters = await drive(await autocommit(database, 'skip').createWriter(openContext()), 'abc');
    assert.deepEqual(database.rows, ['b', 'c']);
    assert.deepEqual(letters, ['0 a 2 USER_FUNCTION_FAILED']);
    assert.equal(database.connections, 2);
  });

  it('finds the one to blame for a run that cannot be flushed, and delivers all others in order', async () => {
    const items = 'abcdefghijklmnop';
    for (const bad of items) {
      const database = new Database();
      database.bad = bad;
      const letters = await drive(await inRuns(database, 'skip').createWriter(openContext()), items);
      assert.deepEqual(database.rows.join(''), items.replace(bad, ''));
      assert.deepEqual(letters.length, 1);
      assert.match(letters[0] ?? '', new RegExp(`^\\d+ ${bad} \\d+ USER_FUNCTION_FAILED$`));
    }
  });

  it('an item that fails at its receiving takes none of its run with it', async () => {
    const database = new Database();
    const sink = SinkBuilder.sinkBuilder('rows', () => database.connect())
      .receiveFn<string>((connection, row) => {
        if (row === 'c') throw new TypeError('not this one');
        return connection.send(row);
      })
      .flushFn((connection) => connection.commit())
      .onError('skip')
      .build();
    const letters = await drive(await sink.createWriter(openContext()), 'abcde');
    assert.deepEqual([database.rows.join(''), letters], ['abde', ['2 c 1 USER_FUNCTION_FAILED']]);
  });

  it('with fail what stands before the item is delivered, and nothing behind it is', async () => {
    const database = new Database();
    database.bad = 'c';
    const writer = await inRuns(database).createWriter(openContext());
    await assert.rejects(drive(writer, 'abcde'), {
      code: 'USER_FUNCTION_FAILED',
      message: 'flushFn of sink "rows": constraint',
    });
    assert.deepEqual([database.rows.join(''), writer.progress().delivered], ['ab', 2]);
    await writer.close();
  });

  it('tells a permanent error by classifyErrorFn, which comes before the error itself', async () => {
    const database = new Database();
    database.failures.push(Object.assign(new Error('duplicate key'), { code: '23505' }));
    const sink = SinkBuilder.sinkBuilder('rows', () => database.connect())
      .receiveFn<string>((connection, row) => connection.send(row))
      .classifyErrorFn((error) => (Object(error).code === '23505' ? 'permanent' : undefined))
      .onError('skip')
      .build();
    assert.deepEqual(await drive(await sink.createWriter(openContext()), 'ab'), ['0 a 1 USER_FUNCTION_FAILED']);
  });

  it('a classifyErrorFn that throws blames no item', async () => {
    const database = new Database();
    database.failures.push(new Error('away'));
    const sink = SinkBuilder.sinkBuilder('rows', () => database.connect())
      .receiveFn<string>((connection, row) => connection.send(row))
      .classifyErrorFn(() => {
        throw new Error('broken');
      })
      .onError('skip')
      .build();
    const writer = await sink.createWriter(openContext());
    await assert.rejects(drive(writer, 'ab'), { message: 'sink "rows": classifyErrorFn threw: broken' });
    await writer.close();
  });

  it('when the retries are over onError decides about the item, and the next one has retries of its own', async () => {
    const database = new Database();
    database.failures.push(...Array(3).fill(new Error('away')), undefined, undefined);
    const sink = SinkBuilder.sinkBuilder('rows', () => database.connect())
      .receiveFn<string>((connection, row) => connection.send(row))
      .retryStrategy(RetryStrategies.custom().maxAttempts(2).intervalMs(0).build())
      .onError('skip')
      .build();
    const letters = await drive(await sink.createWriter(openContext()), 'ab');
    assert.deepEqual(letters, ['0 a 3 RETRIES_EXHAUSTED']);
    assert.equal(database.log.filter((line) => line === 'send b').length, 3);
  });

  it('no item is blamed for a createFn whose retries are over: the sink fails', async () => {
    let made = 0;
    const sink = SinkBuilder.sinkBuilder('rows', () => {
      made += 1;
      if (made > 1) throw new Error('refused');
    })
      .receiveFn<string>(() => {
        throw new Error('away');
      })
      .retryStrategy(RetryStrategies.custom().maxAttempts(1).intervalMs(0).build())
      .onError('skip')
      .build();
    const writer = await sink.createWriter(openContext());
    await assert.rejects(drive(writer, 'ab'), {
      code: 'RETRIES_EXHAUSTED',
      message: /createFn of sink "rows": refused/,
    });
    assert.deepEqual(writer.progress(), { delivered: 0, rejected: [] });
    await writer.close();
  });
});

describe('receiveBatchFn', LIMIT, () => {
  it('gets what waits in batches of at most maxBatchSize', async () => {
    const database = new Database();
    await drive(await inBatches(database, 3).createWriter(openContext()), 'abcdefgh');
    assert.deepEqual(
      database.log.filter((line) => line !== 'commit'),
      ['send abc', 'send def', 'send gh'],
    );
  });

  it('a batch that cannot pass is halved until the one to blame is alone', async () => {
    for (const bad of 'abcdefgh') {
      const database = new Database();
      database.bad = bad;
      const letters = await drive(await inBatches(database, 5).createWriter(openContext()), 'abcdefgh');
      assert.equal(database.rows.join(''), 'abcdefgh'.replace(bad, ''));
      assert.equal(letters.length, 1);
    }
  });

  it('a batch that failed for now comes again as a whole', async () => {
    const database = new Database();
    database.failures.push(undefined, 'reset');
    await drive(await inBatches(database, 4).createWriter(openContext()), 'abcdef');
    assert.equal(database.rows.join(''), 'abcdef');
  });

  it('its items have the seqs from firstSeq on', async () => {
    const seqs: unknown[] = [];
    const sink = SinkBuilder.sinkBuilder('rows', () => undefined)
      .receiveBatchFn<string>((_, items, firstSeq) => void seqs.push([items.join(''), firstSeq]), { maxBatchSize: 2 })
      .build();
    await drive(await sink.createWriter(openContext()), 'abc');
    assert.deepEqual(seqs, [
      ['ab', undefined],
      ['c', undefined],
    ]);
  });
});

describe('what is built', () => {
  const builder = SinkBuilder.sinkBuilder('s', () => 1);
  const refused = (build: () => unknown, message: RegExp): void =>
    assert.throws(build, { code: 'INVALID_OPTIONS', message });

  it('has a createFn: without one the first opening would fail, in words of ours', () => {
    refused(
      () =>
        SinkBuilder.sinkBuilder('s', undefined as never)
          .receiveFn(() => {})
          .build(),
      /createFn is missing/,
    );
  });

  it('has one of receiveFn and receiveBatchFn', () => {
    refused(() => builder.build(), /receiveFn or receiveBatchFn is missing/);
    const both = builder.receiveFn<string>(() => {}).receiveBatchFn<string>(() => {});
    refused(() => both.build(), /exclude each other/);
  });

  it('has sizes, strategies and policies that are some', () => {
    const step = builder.receiveFn<string>(() => {});
    for (const maxBatchSize of [0, 1.5, Number.NaN, 65_537]) {
      refused(() => builder.receiveBatchFn(() => {}, { maxBatchSize }).build(), /maxBatchSize/);
    }
    refused(() => step.onError('ignore' as never).build(), /onError/);
    refused(() => step.retryStrategy({} as never).build(), /retryStrategy/);
    for (const timeoutMs of [-1, Number.NaN, '1' as never])
      refused(() => step.timeoutMs(timeoutMs).build(), /timeoutMs/);
    refused(() => step.classifyErrorFn('x' as never).build(), /classifyErrorFn/);
  });
});

it('a run whose calls fail now and then gets through, however long it is', LIMIT, async () => {
  let calls = 0;
  const rows: number[] = [];
  const sink = SinkBuilder.sinkBuilder('rows', (): number[] => [])
    .receiveFn<number>((sent, item) => {
      calls += 1;
      if (calls % 10 === 0) throw new Error('reset');
      sent.push(item);
    })
    .flushFn((sent) => void rows.push(...sent.splice(0)))
    .retryStrategy(AT_ONCE)
    .build();
  const writer = await sink.createWriter(openContext());
  const items = Array.from({ length: 500 }, (_, index) => index);
  writer.write(items);
  writer.flush();
  while (writer.progress().delivered < 500) await writer.ready();
  assert.deepEqual(rows, items);
  await writer.close();
});

// at the same time: each waits for seconds
describe('functions that never settle, or settle too late', { ...LIMIT, concurrency: true }, () => {
  const never = (): Promise<void> => new Promise(() => {});

  it('a destroyFn of a broken context is waited for five seconds, then the next one is made', async () => {
    using told = new Told('close-failed');
    let made = 0;
    const sink = SinkBuilder.sinkBuilder('rows', () => {
      made += 1;
      return made;
    })
      .receiveFn<string>((context) => {
        if (context === 1) throw new Error('reset');
      })
      .destroyFn((context) => (context === 1 ? never() : undefined))
      .retryStrategy(AT_ONCE)
      .build();
    assert.deepEqual(await drive(await sink.createWriter(openContext()), 'a'), []);
    assert.equal(made, 2);
    assert.equal(Object(told.events[0]?.data).error.code, 'TIMEOUT');
  });

  it('a call of which the time is over is tried again with a new context, whatever its function is', async () => {
    using told = new Told('retrying');
    const destroyed: number[] = [];
    const rows: string[] = [];
    const lateMade = deferred<void>();
    let made = 0;
    const sink = SinkBuilder.sinkBuilder('slow', async () => {
      made += 1;
      const number = made;
      if (number === 2) await lateMade.promise;
      return number;
    })
      .receiveFn<string>(async (context, row) => {
        if (context === 1) await never();
        rows.push(row);
      })
      .flushFn((context) => (context === 3 ? never() : undefined))
      .destroyFn((context) => void destroyed.push(context))
      .retryStrategy(AT_ONCE)
      .timeoutMs(20)
      .build();
    await drive(await sink.createWriter(openContext()), 'a');
    assert.deepEqual(
      [rows, destroyed],
      [
        ['a', 'a'],
        [1, 3, 4],
      ],
    );
    lateMade.resolve();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(destroyed, [1, 3, 4, 2], 'what is made behind its time is destroyed');
    const facts = told.events
      .map(({ data }) => Object(data))
      .filter(({ part }) => part === 'sink "slow"')
      .map(({ call, error }) => [call, error.code, error.message]);
    assert.deepEqual(facts, [
      ['receiveFn', 'TIMEOUT', 'receiveFn of sink "slow" has not settled within 20 ms'],
      ['createFn', 'TIMEOUT', 'createFn of sink "slow" has not settled within 20 ms'],
    ]);
  });

  it('what a call fails with behind the end is told to nobody, and no rejection is left over', async () => {
    const unhandled: unknown[] = [];
    const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    const late = deferred<void>();
    const sink = SinkBuilder.sinkBuilder('rows', () => undefined)
      .receiveFn<string>(() => late.promise)
      .destroyFn(() => late.promise)
      .build();
    const writer = await sink.createWriter(openContext());
    writer.write(['a']);
    writer.flush();
    const closing = assert.rejects(writer.close(), { code: 'TIMEOUT' });
    await closing;
    late.reject(undefined);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', onUnhandled);
    assert.deepEqual(unhandled, []);
    assert.equal(writer.progress().delivered, 0);
  });
});
