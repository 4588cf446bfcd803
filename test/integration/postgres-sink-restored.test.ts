import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Engine, type Job, type JobOptions, MillraceError, Pipeline } from '../../src/index.js';
import { type PostgresSinkOptions, PostgresSinks } from '../../src/postgres/index.js';
import { backupDirectory } from '../../src/store/index.js';
import { ManualSource } from '../support/ends/manual-source.js';
import { LIMIT } from '../support/limits.js';
import { type Postgres, postgresAbsence, startPostgres } from '../support/servers/postgres.js';
import { tempDir } from '../support/temp-dir.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

/* What comes of a table whose job goes on from a backup, or begins with a snapshot: real directories and a real server. */

const DURABLE = { processingGuarantee: 'exactly-once', restart: { maxAttempts: 0 } } as const;

let tables = 0;

/** A table of running counts, and the source that they are of. */
class Counts {
  readonly source = new ManualSource<string>();
  readonly place = tempDir('restored');
  readonly dir = join(this.place, 'state');
  readonly table: string;
  readonly #server: Postgres;

  private constructor(server: Postgres) {
    tables += 1;
    this.table = `counts_${tables}`;
    this.#server = server;
  }

  static async create(server: Postgres): Promise<Counts> {
    const counts = new Counts(server);
    await server.query(`CREATE TABLE ${counts.table} (id serial, job text, n int)`);
    return counts;
  }

  /** One run of a job in a directory. */
  async run(
    job: JobOptions & { readonly name: string },
    { dir = this.dir, sink = {} }: { readonly dir?: string; readonly sink?: PostgresSinkOptions },
    work: (job: Job) => Promise<void>,
  ): Promise<void> {
    await using engine = Engine.embedded({ dir });
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(this.source.source)
      .groupingKey(() => 'all')
      .mapStateful(
        () => ({ n: 0 }),
        (state) => {
          state.n += 1;
          return { job: job.name, n: state.n };
        },
      )
      .setName('counts')
      .writeTo(
        PostgresSinks.table<{ job: string; n: number }>({
          connection: this.#server.url,
          name: this.table,
          createTable: true,
          ...sink,
          table: this.table,
          columns: ['job', 'n'],
        }),
      );
    const running = engine.newJob(pipeline, { ...DURABLE, ...job });
    await running.whenRunning();
    await work(running);
    if (running.status !== 'COMPLETED') await running.drain();
  }

  /** So many more items, and the rows that they lead to. */
  async take(count: number): Promise<void> {
    const before = (await this.rows()).length;
    this.source.push(...Array.from({ length: count }, () => 'item'));
    await until(async () => (await this.rows()).length === before + count);
  }

  /** As `job n`, in the order in which they were inserted. */
  async rows(): Promise<readonly string[]> {
    const rows = await this.#server.query(`SELECT job, n FROM ${this.table} ORDER BY id`);
    return rows.map(({ job, n }) => `${job} ${n}`);
  }

  /** What a run is refused with. */
  async refused(
    job: JobOptions & { readonly name: string },
    options: { readonly dir: string },
  ): Promise<MillraceError> {
    try {
      await this.run(job, options, async (running) => running.join());
    } catch (error) {
      return MillraceError.from(error);
    }
    return assert.fail('it was to be refused');
  }
}

const countsOf = (job: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${job} ${from + index}`);

/** Puts a copy in place, as the documents say. */
const restored = (copy: string): string => {
  rmSync(join(copy, 'backup.json'));
  return copy;
};

describe('a sink to PostgreSQL, and a store that is not the one that it knows', {
  ...LIMIT,
  skip: postgresAbsence() ?? false,
}, () => {
  let server: Postgres;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.stop('immediate'));

  it('a backup of a job that has gone on since is refused, and nothing is written; the position is taken over where that is said', async () => {
    const counts = await Counts.create(server);
    const [live, still] = [join(counts.place, 'live'), join(counts.place, 'still')];
    await counts.run({ name: 'orders' }, {}, async (job) => {
      await counts.take(3);
      await backupDirectory(counts.dir, live);
      await job.suspend();
      await backupDirectory(counts.dir, still);
      await job.resume();
      await counts.take(2);
    });
    const before = await counts.rows();
    assert.deepEqual(before, countsOf('orders', 1, 5));
    for (const copy of [live, still]) {
      const error = await counts.refused({ name: 'orders' }, { dir: restored(copy) });
      assert.equal(error.code, 'DATABASE_NOT_OURS');
      assert.match(error.message, /went back to a backup/);
      assert.match(error.advice ?? '', /onUnknownPosition: 'takeOver'/);
    }
    assert.deepEqual(await counts.rows(), before);

    // the table is brought to what the store has had, and the source begins where that was
    await server.query(`DELETE FROM ${counts.table} WHERE n > 3`);
    using told = new Told('sink-position-reset');
    await counts.run({ name: 'orders' }, { dir: still, sink: { onUnknownPosition: 'takeOver' } }, () => counts.take(2));
    await counts.run({ name: 'orders' }, { dir: still }, () => counts.take(1));
    assert.deepEqual(await counts.rows(), countsOf('orders', 1, 6));
    assert.deepEqual(told.names, ['sink-position-reset']);
    // and the one that it was taken from is refused in its turn
    assert.equal((await counts.refused({ name: 'orders' }, { dir: counts.dir })).code, 'DATABASE_NOT_OURS');
  });

  it('a backup of a job that has not run since goes on where that was: each row is in once', async () => {
    const counts = await Counts.create(server);
    const copy = join(counts.place, 'copy');
    await counts.run({ name: 'orders' }, {}, () => counts.take(3));
    await backupDirectory(counts.dir, copy);
    await counts.run({ name: 'orders' }, { dir: restored(copy) }, () => counts.take(2));
    assert.deepEqual(await counts.rows(), countsOf('orders', 1, 5));
  });

  it('a job of another name that begins with a snapshot has a position of its own, and that of the first goes on', async () => {
    const counts = await Counts.create(server);
    await counts.run({ name: 'orders' }, {}, async (job) => {
      await counts.take(3);
      await job.exportSnapshot('three');
    });
    const begun = { name: 'trial', initialSnapshot: 'three' };
    await counts.run(begun, {}, () => counts.take(2));
    await counts.run({ name: 'orders' }, {}, () => counts.take(1));
    assert.deepEqual(await counts.rows(), [...countsOf('orders', 1, 3), ...countsOf('trial', 4, 5), 'orders 4']);
  });

  it('one that begins with it under the name of the first, in another directory, is refused until the position is taken over', async () => {
    const counts = await Counts.create(server);
    await counts.run({ name: 'orders' }, {}, async (job) => {
      await counts.take(3);
      await job.exportSnapshot('three');
    });
    const dir = join(counts.place, 'anew');
    cpSync(join(counts.dir, 'snapshots'), join(dir, 'snapshots'), { recursive: true });
    const begun = { name: 'orders', initialSnapshot: 'three' };
    const error = await counts.refused(begun, { dir });
    assert.equal(error.code, 'DATABASE_NOT_OURS');
    assert.match(error.message, /another store/);
    await counts.run(begun, { dir, sink: { onUnknownPosition: 'takeOver' } }, () => counts.take(2));
    assert.deepEqual(await counts.rows(), countsOf('orders', 1, 5));
  });
});
