import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { LmdbViews } from '../../../../src/store/lmdb/view/lmdb-views.js';
import type { LocalView } from '../../../../src/store/log/local-view.js';
import { LOG_START, type LogPoint } from '../../../../src/store/log/record/log-point.js';
import { rejectsWith } from '../../../support/rejects-with.js';
import { tempDir } from '../../../support/temp-dir.js';

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
  await view.apply([changes], POINT);
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
    await view.apply([new Map([['c', Buffer.from('3')]])], POINT);
    assert.deepEqual(keysOf(view), ['c']);
    await view.close();
    await views.close();
    assert.deepEqual(await shown(dir), { keys: ['c'], applied: POINT });
  });

  it('have one owner', async () => {
    const { dir } = await written();
    const views = await LmdbViews.open(dir);
    await rejectsWith('STORE_LOCKED', LmdbViews.open(dir));
    await views.close();
  });
});
