import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { OpenContext } from '../../../src/connector/open-context.js';
import { Engine, Pipeline, RetryStrategies, Sinks, type Table, Tables, TestSources } from '../../../src/index.js';
import { MetricsRegistry } from '../../../src/metrics/index.js';
import { LIMIT } from '../../support/limits.js';
import { tempDir } from '../../support/temp-dir.js';
import { Told } from '../../support/told.js';
import { until } from '../../support/until.js';

const context = (): OpenContext => ({
  job: 'job',
  guarantee: 'none',
  metrics: new MetricsRegistry(),
  signal: new AbortController().signal,
});

const invalid = (message: RegExp) => ({ code: 'INVALID_OPTIONS', message });
const failed = (message: RegExp) => ({ code: 'USER_FUNCTION_FAILED', message });

describe('lookup', () => {
  it('gives the row of each item, and undefined where there is none', LIMIT, async () => {
    const sites = Tables.loaded('sites', () => new Map([['a', 'north']]));
    const found: string[] = [];
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(TestSources.items('a', 'b'))
      .lookup(sites, (device) => device, (device, site) => `${device}: ${site ?? 'nowhere'}`) // biome-ignore format: one line
      .writeTo(Sinks.list(found));
    await Engine.embedded().newJob(pipeline).join();
    assert.deepEqual(found, ['a: north', 'b: nowhere']);
    await sites.reload();
  });

  it('waits with the job for the first load, which is tried again as the stage says', LIMIT, async () => {
    using told = new Told('retrying', 'retry-over', 'table-loaded');
    let calls = 0;
    const table = Tables.loaded('flaky', async () => {
      calls += 1;
      if (calls < 3) throw new Error('away');
      return [[1, 'one']] as const;
    });
    const found: (string | undefined)[] = [];
    const pipeline = Pipeline.create();
    const createRetryStrategy = RetryStrategies.custom().maxAttempts(5).intervalMs(1).build();
    pipeline
      .readFrom(TestSources.items(1))
      .lookup(table, (item) => item, (_, row) => row, { createRetryStrategy }) // biome-ignore format: one line
      .writeTo(Sinks.list(found));
    await Engine.embedded().newJob(pipeline).join();
    assert.deepEqual(found, ['one']);
    assert.deepEqual(told.names, ['retrying', 'retrying', 'table-loaded', 'retry-over']);
  });

  it('fails the job when the first load can never pass', LIMIT, async () => {
    const pipeline = Pipeline.create();
    const table = Tables.loaded('large', () => [[1, 1], [2, 2]] as const, { maxRows: 1 }); // biome-ignore format: one line
    pipeline.readFrom(TestSources.items(1)).lookup(table, (item) => item, () => 1).writeTo(Sinks.noop()); // biome-ignore format: one line
    await assert.rejects(Engine.embedded().newJob(pipeline).join(), failed(/more than 1 rows/));
  });

  it(
    'opens a table once for all stages of a run that have it, and closes it with the last of them',
    LIMIT,
    async () => {
      const calls: string[] = [];
      const table: Table<number, string> = {
        name: 'one',
        open: async () => {
          calls.push('open');
          return { get: (key) => `row ${key}`, close: async () => void calls.push('close') };
        },
      };
      const found: string[] = [];
      const pipeline = Pipeline.create();
      pipeline
      .readFrom(TestSources.items(1))
      .lookup(table, (item) => item, (item, row) => ({ item, row })) // biome-ignore format: one line
      .lookup(table, ({ item }) => 2 * item, (one, row) => `${one.row}, ${row}`) // biome-ignore format: one line
        .writeTo(Sinks.list(found));
      const engine = Engine.embedded();
      await engine.newJob(pipeline).join();
      assert.deepEqual(calls, ['open', 'close']);
      await engine.newJob(pipeline).join();
      assert.deepEqual(calls, ['open', 'close', 'open', 'close']);
      assert.deepEqual(found, ['row 1, row 2', 'row 1, row 2']);
    },
  );

  it(
    'an attempt to open such a table that fails has failed for each of the stages, and is made again as each says',
    LIMIT,
    async () => {
      using told = new Told('retrying');
      let attempts = 0;
      const table = Tables.loaded('flaky', async () => {
        attempts += 1;
        if (attempts === 1) throw new Error('away');
        return [[1, 'one']] as const;
      });
      const found: string[] = [];
      const pipeline = Pipeline.create();
      const createRetryStrategy = RetryStrategies.custom().maxAttempts(5).intervalMs(1).build();
      pipeline
      .readFrom(TestSources.items(1))
      .lookup(table, (item) => item, (item, row) => `${item} ${row}`, { createRetryStrategy }) // biome-ignore format: one line
      .setName('first')
      .lookup(table, () => 1, (text, row) => `${text} ${row}`, { createRetryStrategy }) // biome-ignore format: one line
        .setName('second')
        .writeTo(Sinks.list(found));
      await Engine.embedded().newJob(pipeline).join();
      assert.deepEqual(found, ['1 one one']);
      assert.deepEqual(told.events.map(({ data }) => Object(data).part).sort(), ['stage "first"', 'stage "second"']);
    },
  );

  it('is refused with what is no table, and a key that is a promise fails', LIMIT, async () => {
    const stage = Pipeline.create().readFrom(TestSources.items(1));
    const none = { name: 'x' } as unknown as Table<number, string>;
    assert.throws(() => stage.lookup(none, (item) => item, () => 1), invalid(/lookup: it is no table/)); // biome-ignore format: one line
    const table = Tables.loaded('t', () => []);
    assert.throws(() => stage.lookup(table, 'id' as never, () => 1), invalid(/keyFn must be a function/));
    const pipeline = Pipeline.create();
    const key = (async () => 1) as never;
    pipeline.readFrom(TestSources.items(1)).lookup(table, key, () => 1).writeTo(Sinks.noop()); // biome-ignore format: one line
    await assert.rejects(Engine.embedded().newJob(pipeline).join(), failed(/keyFn returned a promise/));
  });
});

describe('a loaded table', () => {
  it('has what an async generator gives, the last row of a key', LIMIT, async () => {
    const rows = async function* () {
      yield ['a', 1] as const;
      yield ['a', 2] as const;
    };
    const table = await Tables.loaded('t', rows).open(context());
    assert.equal(table.get('a'), 2);
    await table.close();
  });

  it(
    'keeps its rows when a load fails, says so, tries again soon, and has the next rows as a whole',
    LIMIT,
    async (t) => {
      using told = new Told('table-failed', 'table-loaded');
      let load = async (): Promise<readonly (readonly [string, number])[]> => [['a', 1]];
      const table = Tables.loaded('t', () => load(), { reloadEveryMs: 5 });
      const open = await table.open(context());
      t.after(() => open.close());
      load = async () => Promise.reject(new Error('away'));
      await until(() => told.names.includes('table-failed'));
      assert.equal(open.get('a'), 1);
      const event = told.events.find(({ name }) => name === 'table-failed');
      const { job, table: name, rows, error } = Object(event?.data);
      assert.deepEqual([job, name, rows, error.code], ['job', 't', 1, 'USER_FUNCTION_FAILED']);
      load = async () => [['b', 2]];
      await until(() => open.get('b') === 2);
      assert.equal(open.get('a'), undefined);
    },
  );

  it('loads when it is told, once more behind a load that is under way, and tells what failed', LIMIT, async () => {
    let calls = 0;
    let release = (): void => {};
    const table = Tables.loaded('t', async () => {
      calls += 1;
      if (calls === 2) await new Promise<void>((resolve) => { release = resolve; }); // biome-ignore format: one line
      if (calls === 4) throw new Error('away');
      return [['calls', calls]] as const;
    });
    const open = await table.open(context());
    const under = table.reload();
    await until(() => calls === 2);
    const [next, same] = [table.reload(), table.reload()];
    release();
    await Promise.all([under, next, same]);
    assert.equal(open.get('calls'), 3);
    await assert.rejects(table.reload(), failed(/load of table "t"/));
    assert.equal(open.get('calls'), 3);
    await open.close();
    await table.reload();
    assert.equal(calls, 4, 'nobody has it open');
  });

  it('gives a load up behind its time, whose signal aborts, and at its end', LIMIT, async () => {
    const signals: AbortSignal[] = [];
    const table = Tables.loaded('t', (signal) => {
      signals.push(signal);
      return new Promise<never>(() => {});
    }, { timeoutMs: 5 }); // biome-ignore format: one line
    await assert.rejects(table.open(context()), { code: 'TIMEOUT' });
    assert.equal(signals[0]?.aborted, true);
  });

  it('refuses entries that are none, and too many of them', LIMIT, async () => {
    const open = (load: () => unknown, options = {}) => Tables.loaded('t', load as never, options).open(context());
    await assert.rejects(open(() => 3), failed(/has no entries/)); // biome-ignore format: one line
    await assert.rejects(open(() => [['a']]), failed(/not a pair/)); // biome-ignore format: one line
    await assert.rejects(open(() => [[{}, 1]]), failed(/not a pair/)); // biome-ignore format: one line
    await assert.rejects(open(() => 'ab'), failed(/not a pair|no entries/)); // biome-ignore format: one line
    assert.throws(
      () => Tables.loaded('', () => [], { reloadEveryMs: 0 }),
      invalid(/the name must be .*reloadEveryMs must be above 0/),
    );
  });
});

describe('a table of a file', () => {
  it('has a row for each line, follows the file, and names the line that is wrong', LIMIT, async () => {
    const path = join(tempDir('tables'), 'sites.csv');
    writeFileSync(path, '\uFEFFa,north\r\n\r\nb,south\n');
    const table = Tables.file(path, (line) => {
      const [device, site] = line.split(',');
      if (site === undefined) throw new Error('no site');
      return device === undefined ? undefined : ([device, site] as const);
    });
    const open = await table.open(context());
    assert.deepEqual([open.get('a'), open.get('b')], ['north', 'south']);
    writeFileSync(path, 'a,east\nnonsense\n');
    await assert.rejects(
      table.reload(),
      (error: Error) => /line 2/.test(String(error.cause ?? error)) || /line 2/.test(error.message),
    );
    assert.equal(open.get('a'), 'north');
    await open.close();
    await assert.rejects(Tables.file(`${path}.none`, () => undefined).open(context()), /ENOENT/);
  });
});
