import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { LmdbStores } from '../../../../src/store/index.js';
import { LIMIT } from '../../../support/limits.js';
import { memoryDir } from '../../../support/memory-dir.js';
import { historyFile } from '../../../support/store/run-store-writer.js';

const key = (number: number): string => `row/${String(number).padStart(9, '0')}`;

test('rows that come and go do not make the file grow, whatever ranges are left open', LIMIT, async () => {
  const dir = join(memoryDir('lmdb'), 'store');
  const stores = await LmdbStores.open(dir);
  const store = await stores.open('history', 0);
  const left: Iterator<unknown>[] = [];
  const churn = async (from: number, to: number): Promise<number> => {
    for (let number = from; number < to; number++) {
      await store.commit(
        new Map([
          [key(number), new Uint8Array(5_000)],
          [key(number - 50), undefined],
        ]),
      );
      if (number % 10 === 0) {
        const records = store.range('row/', 'row0')[Symbol.iterator]();
        records.next();
        left.push(records);
      }
    }
    return statSync(historyFile(dir)).size;
  };
  const before = await churn(0, 300);
  const after = await churn(300, 1_500);
  assert.ok(after <= before * 1.5, `from ${before} to ${after} bytes`);
  for (const records of left) records.next();
  await stores.close();
});

test('opening takes as long for a hundred thousand records as for none', LIMIT, async () => {
  const dir = join(memoryDir('lmdb'), 'store');
  const stores = await LmdbStores.open(dir);
  const large = await stores.open('history', 0);
  for (let start = 0; start < 100_000; start += 20_000) {
    await large.commit(
      new Map(Array.from({ length: 20_000 }, (_, index) => [key(start + index), new Uint8Array(100)])),
    );
  }
  await (await stores.open('history', 1)).close();
  await large.close();
  const openMs = async (partition: number): Promise<number> => {
    const times: number[] = [];
    for (let round = 0; round < 5; round++) {
      const started = performance.now();
      const store = await stores.open('history', partition);
      times.push(performance.now() - started);
      await store.close();
    }
    return Math.min(...times);
  };
  const none = await openMs(1);
  const many = await openMs(0);
  assert.ok(many < none * 3 + 20, `${many} ms with records, ${none} ms without`);
  await stores.close();
});
