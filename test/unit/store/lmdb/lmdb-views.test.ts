import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openLmdbFile } from '../../../../src/store/lmdb/file/lmdb-file.js';
import { LmdbViews } from '../../../../src/store/lmdb/view/lmdb-views.js';
import type { LocalView } from '../../../../src/store/log/local-view.js';
import { encodeBatch } from '../../../../src/store/log/record/batch-codec.js';
import { LOG_START, type LogPoint } from '../../../../src/store/log/record/log-point.js';
import { rejectsWith } from '../../../support/rejects-with.js';
import { tempDir } from '../../../support/temp-dir.js';
import { until } from '../../../support/until.js';

const POINT: LogPoint = { seq: 7, epoch: 2, number: 3, crc: 99, bytes: 1_000 };
const changes = new Map([
  ['a', Buffer.from('1')],
  ['b', Buffer.from('2')],
]);
const keysOf = (view: LocalView): string[] => [...view.range('', '~')].map(({ key }) => key);

/** A directory with the view of one partition, closed in order, of the log `log-1`. */
async function written(): Promise<{ dir: string; path: string }> {
  const dir = tempDir('views');
  const views = await LmdbViews.open(dir);
  const view = await views.open('job', 0, 'log-1');
  await view.apply(changes, POINT);
  await view.close();
  await views.close();
  const [job] = (await readdir(dir)).filter((name) => name.startsWith('job-'));
  return { dir, path: join(dir, job ?? '', 'partition-0.view') };
}

/** What a directory's view shows when it is opened. */
async function shown(dir: string, identity = 'log-1'): Promise<{ keys: string[]; applied: LogPoint }> {
  const views = await LmdbViews.open(dir);
  const view = await views.open('job', 0, identity);
  const found = { keys: keysOf(view), applied: view.applied };
  await view.close();
  await views.close();
  return found;
}

/** A file in which a byte of the value behind a key is another one. */
function changedRecord(file: Buffer, key: string, value: string): Buffer {
  const changed = Buffer.from(file);
  let found = 0;
  for (let at = changed.indexOf(`\x01${key}`); at >= 0; at = changed.indexOf(`\x01${key}`, at + 1)) {
    const end = at + 1 + key.length;
    const start = changed.indexOf(value, end);
    if (start < 0 || start > end + 16) continue;
    changed[start] = (changed[start] ?? 0) ^ 1;
    found += 1;
  }
  assert.ok(found > 0, `there is no record ${key}`);
  return changed;
}

/** Commits of a key each. */
const manyBodies = (count: number): Buffer[] =>
  Array.from(
    { length: count },
    (_, index) => encodeBatch(new Map([[`k${String(index).padStart(6, '0')}`, Buffer.from('v')]])).body,
  );

const EMPTY = { keys: [], applied: LOG_START };

describe('LmdbViews', () => {
  it('open a view with what it had, and up to where', async () => {
    const { dir } = await written();
    assert.deepEqual(await shown(dir), { keys: ['a', 'b'], applied: POINT });
  });

  it('make a view anew that is of another log', async () => {
    const { dir } = await written();
    assert.deepEqual(await shown(dir, 'log-2'), EMPTY);
    assert.deepEqual(await shown(dir, 'log-1'), EMPTY);
  });

  it('trust what a killed process left since the system was started, and nothing from before', async () => {
    const { dir, path } = await written();
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => undefined);
    if (boot !== undefined) {
      await writeFile(`${path}.boot`, boot.trim());
      assert.deepEqual(await shown(dir), { keys: ['a', 'b'], applied: POINT });
    }
    await writeFile(`${path}.boot`, 'another-start');
    assert.deepEqual(await shown(dir), EMPTY);
  });

  it('make a view anew whose file is damaged', async () => {
    const { dir, path } = await written();
    const file = await readFile(path);
    await writeFile(path, file.fill(0xa5, 0, 200));
    assert.deepEqual(await shown(dir), EMPTY);
  });

  it('make a view anew that showed what was not written, closed in order or not; until then it says so at each read', async () => {
    const { dir, path } = await written();
    const left = tempDir('left');
    const damage = changedRecord(await readFile(path), 'a', '1');
    await writeFile(path, damage);
    const views = await LmdbViews.open(dir);
    const view = await views.open('job', 0, 'log-1');
    assert.equal(view.applied.seq, POINT.seq);
    const error = { code: 'STORAGE_FAILED', message: /partition-0\.view.*"a"/, advice: /made anew/ };
    for (const read of [() => view.get('a'), () => keysOf(view), () => view.get('a')]) assert.throws(read, error);
    assert.equal(Buffer.from(view.get('b') ?? []).toString(), '2');
    await view.apply(new Map([['c', Buffer.from('3')]]), { ...POINT, seq: 8 });
    await until(() => readFileSync(`${path}.opening`, 'utf8').includes('opening'));
    cpSync(dir, left, { recursive: true });
    await view.close();
    await views.close();
    assert.deepEqual(await shown(dir), EMPTY);
    assert.deepEqual(await shown(left), EMPTY);
  });

  it('make a view anew that ended the process while it was opened (X8)', async () => {
    const { dir, path } = await written();
    await writeFile(`${path}.opening`, JSON.stringify({ state: 'opening', since: 0, short: 0 }));
    assert.deepEqual(await shown(dir), EMPTY);
  });

  it('say that a view is not whole before anything is written to it', async () => {
    const dir = tempDir('views');
    const views = await LmdbViews.open(dir);
    const view = await views.open('job', 0, 'log-1');
    const [job] = (await readdir(dir)).filter((name) => name.startsWith('job-'));
    const names = () => readdir(join(dir, job ?? ''));
    assert.ok((await names()).includes('partition-0.view.boot'));
    await view.close();
    assert.ok(!(await names()).includes('partition-0.view.boot'));
    await views.close();
  });

  it('empty a view at `reset`', async () => {
    const { dir } = await written();
    const views = await LmdbViews.open(dir);
    const view = await views.open('job', 0, 'log-1');
    await view.reset();
    assert.deepEqual({ keys: keysOf(view), applied: view.applied }, EMPTY);
    await view.apply(new Map([['c', Buffer.from('3')]]), POINT);
    assert.deepEqual(keysOf(view), ['c']);
    await view.close();
    await views.close();
    assert.deepEqual(await shown(dir), { keys: ['c'], applied: POINT });
  });

  it('have of bodies what their batches lead to, each value whole', async () => {
    const dir = tempDir('views');
    const views = await LmdbViews.open(dir);
    const view = await views.open('job', 0, 'log-1');
    await view.apply(new Map([['stage/00007', Buffer.from('to be removed')]]), LOG_START);
    const expected = new Map<string, string>();
    const bodies = Array.from({ length: 30 }, (_, body) => {
      const batch = new Map<string, Buffer | undefined>([['stage/00007', undefined]]);
      for (let change = 0; change < 500; change += 1) {
        const number = (change * 7_919 + body * 137) % 10_000;
        const value = number % 10 === 7 ? undefined : `${number} of ${body}${'ä'.repeat(number % 50)}`;
        batch.set(`stage/${number % 3 === 0 ? 'ü' : ''}${String(number).padStart(5, '0')}`, value === undefined ? value : Buffer.from(value)); // biome-ignore format: one change
      }
      for (const [key, value] of batch) {
        if (value === undefined) expected.delete(key);
        else expected.set(key, value.toString());
      }
      return encodeBatch(batch).body;
    });
    await view.applyBodies(bodies, POINT);
    const found = [...view.range('', '~')].map(({ key, value }) => [key, Buffer.from(value).toString()]);
    assert.deepEqual(new Map(found as [string, string][]), expected);
    assert.deepEqual([view.applied, view.reached], [POINT, POINT]);
    await view.close();
    await views.close();
  });

  it('write many commits in few transactions', async () => {
    const dir = tempDir('views');
    const views = await LmdbViews.open(dir);
    const view = await views.open('job', 0, 'log-1');
    const bodies = manyBodies(20_000);
    await view.applyBodies(bodies, POINT);
    await view.close();
    await views.close();
    const [job] = (await readdir(dir)).filter((name) => name.startsWith('job-'));
    const file = await openLmdbFile(join(dir, job ?? '', 'partition-0.view'), 'never');
    assert.ok(file.facts().commits <= 6, `${file.facts().commits} transactions for ${bodies.length} commits`);
    await file.close();
  });

  it('say how far bodies go of which a part is there, and up to where all is', async () => {
    const dir = tempDir('views');
    const views = await LmdbViews.open(dir);
    const view = await views.open('job', 0, 'log-1');
    await view.apply(changes, POINT);
    const further = { ...POINT, seq: POINT.seq + 2 };
    const applied = view.applyBodies(manyBodies(100_000), further);
    applied.catch(() => {});
    // the first of 25 transactions; what comes behind it finds the file closed
    while (view.get('k000000') === undefined) await new Promise(setImmediate);
    await view.close();
    await assert.rejects(applied);
    const again = await views.open('job', 0, 'log-1');
    assert.deepEqual([again.applied, again.reached], [POINT, further]);
    assert.ok(again.get('k000000') !== undefined && again.get('k099999') === undefined);
    const between = { ...POINT, seq: POINT.seq + 1 };
    await again.applyBodies(manyBodies(1), between);
    await again.close();
    const last = await views.open('job', 0, 'log-1');
    assert.deepEqual([last.applied, last.reached], [between, further], 'what is behind it is there yet');
    await last.applyBodies(manyBodies(100_000), further);
    assert.deepEqual([last.applied, last.reached], [further, further]);
    await last.close();
    await views.close();
  });

  it('say the same of very many changes of a batch, which are not one transaction', async () => {
    const dir = tempDir('views');
    const views = await LmdbViews.open(dir);
    const view = await views.open('job', 0, 'log-1');
    await view.apply(changes, POINT);
    const further = { ...POINT, seq: POINT.seq + 1 };
    const keys = Array.from({ length: 50_000 }, (_, index) => `k${String((index * 7_919) % 50_000).padStart(6, '0')}`);
    const batch = new Map<string, Buffer | undefined>(keys.map((key) => [key, Buffer.from(`${key} ä`)]));
    batch.set('a', undefined);
    const applied = view.apply(batch, further);
    applied.catch(() => {});
    while (view.get('k000000') === undefined) await new Promise(setImmediate);
    await view.close();
    await assert.rejects(applied);
    const again = await views.open('job', 0, 'log-1');
    assert.deepEqual([again.applied, again.reached], [POINT, further]);
    assert.equal(again.get('k049999'), undefined);
    await again.apply(batch, further);
    assert.deepEqual([again.applied, again.reached], [further, further]);
    const found = [...again.range('', '~')].map(({ key, value }) => [key, Buffer.from(value).toString()]);
    assert.deepEqual(found, [['b', '2'], ...[...keys].sort().map((key) => [key, `${key} ä`])]);
    await again.close();
    await views.close();
  });

  it('have one owner', async () => {
    const { dir } = await written();
    const views = await LmdbViews.open(dir);
    await rejectsWith('STORE_LOCKED', LmdbViews.open(dir));
    await views.close();
  });
});
