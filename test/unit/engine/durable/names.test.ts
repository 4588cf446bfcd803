import assert from 'node:assert/strict';
import { chmodSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MillraceError } from '../../../../src/errors/index.js';
import { Engine, type JobOptions, Pipeline } from '../../../../src/index.js';
import { MemoryStores } from '../../../../src/store/index.js';
import { ManualSource } from '../../../support/ends/manual-source.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { Destination, durableSink } from '../../../support/rigs/durable-sink-rig.js';
import { tempDir } from '../../../support/temp-dir.js';
import { until } from '../../../support/until.js';

const OPTIONS: JobOptions = { name: 'names', processingGuarantee: 'exactly-once' };

const failsWith = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof MillraceError && error.code === code && message.test(`${error.message} ${error.advice}`);

const copy = (source: ManualSource<string>, destination: Destination, names: readonly [string, string]): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline.readFrom(source.source).setName(names[0]).writeTo(durableSink(destination)).setName(names[1]);
  return pipeline;
};

describe('names and directories of durable jobs', SUITE_LIMIT, () => {
  it('finds what it has stored under any name, and keeps jobs with like names apart', async () => {
    const stores = new MemoryStores();
    const names = ['a/b', 'a%2Fb', 'A/B', '..', ' ', 'ü/#+\u0000"', '漢'.repeat(50)];
    for (const name of names) {
      const source = new ManualSource<string>();
      const destination = new Destination();
      for (const round of ['first', 'second']) {
        const engine = Engine.embedded({ stores });
        const job = engine.newJob(copy(source, destination, [name, `${name}!`]), { ...OPTIONS, name });
        source.push(`${round} of ${name}`);
        await until(() => source.acknowledged === (round === 'first' ? 1 : 2));
        await job.drain();
      }
      assert.deepEqual([...new Set(destination.arrived.map(({ seq }) => seq))], [0, 1], name);
    }
  });

  it('says which name it cannot store under', async () => {
    for (const name of ['\ud800', 'x'.repeat(501), '漢'.repeat(60)]) {
      const stores = new MemoryStores();
      const engine = Engine.embedded({ stores });
      const asSource = engine.newJob(copy(new ManualSource(), new Destination(), [name, 'sink']), OPTIONS);
      await assert.rejects(
        asSource.join(),
        failsWith('INVALID_OPTIONS', /cannot be the name of something that is stored.*setName/),
      );
      const asSink = engine.newJob(copy(new ManualSource(), new Destination(), ['source', name]), {
        ...OPTIONS,
        name: 'b',
      });
      await assert.rejects(
        asSink.join(),
        failsWith('INVALID_OPTIONS', /cannot be the name of something that is stored/),
      );
    }
  });

  it('refuses a job that has no name: a number would find the state of another', () => {
    const engine = Engine.embedded({ stores: new MemoryStores() });
    const pipeline = copy(new ManualSource(), new Destination(), ['source', 'sink']);
    assert.throws(
      () => engine.newJob(pipeline, { processingGuarantee: 'exactly-once' }),
      failsWith('INVALID_OPTIONS', /needs a name.*newJob\(pipeline, \{ name:/),
    );
  });

  it('makes the directory for its owner alone, when the first job needs it', async () => {
    const parent = tempDir('engine');
    const dir = join(parent, 'made', 'store');
    await using engine = Engine.embedded({ dir });
    assert.equal(existsSync(dir), false);
    const job = engine.newJob(copy(new ManualSource(), new Destination(), ['source', 'sink']), OPTIONS);
    await job.whenRunning();
    assert.equal(statSync(dir).mode & 0o777, 0o700);
  });

  it('refuses a directory that it cannot make or write to, before any job', async (context) => {
    const parent = tempDir('engine');
    assert.throws(() => Engine.embedded({ dir: '' }), failsWith('INVALID_OPTIONS', /must not be empty/));
    if (process.getuid?.() === 0) return context.diagnostic('root may write everywhere');
    chmodSync(parent, 0o500);
    assert.throws(
      () => Engine.embedded({ dir: join(parent, 'store') }),
      failsWith('STORAGE_FAILED', /cannot be made in/),
    );
    chmodSync(parent, 0o700);
  });

  it('runs two jobs with equal parts in one directory, each with its own state', async () => {
    const stores = new MemoryStores();
    const engine = Engine.embedded({ stores });
    const sides = ['one', 'two'].map((name) => {
      const source = new ManualSource<string>();
      const destination = new Destination();
      const job = engine.newJob(copy(source, destination, ['source', 'sink']), { ...OPTIONS, name });
      source.push(`for ${name}`);
      return { name, source, destination, job };
    });
    for (const { name, source, destination } of sides) {
      await until(() => source.acknowledged === 1);
      assert.deepEqual(destination.items, [`for ${name}`]);
    }
    assert.throws(
      () => engine.newJob(copy(new ManualSource(), new Destination(), ['source', 'sink']), { ...OPTIONS, name: 'one' }),
      failsWith('INVALID_STATE', /a job named "one" is there already/),
    );
    await engine.shutdown();
    assert.deepEqual(
      sides.map(({ job }) => job.status),
      ['COMPLETED', 'COMPLETED'],
    );
  });
});
