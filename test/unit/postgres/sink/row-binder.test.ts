import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bindColumns, bindValues } from '../../../../src/postgres/sink/row-binder.js';

test('an async bindFn, and an async column, are refused by their names, and their rejections are nobody’s', async () => {
  const lost = (() => Promise.reject(new Error('nobody waits for it'))) as never;
  const refused = (message: string) => ({ code: 'USER_FUNCTION_FAILED', message });
  assert.throws(() => bindValues(lost)({}), refused('bindFn returned a promise'));
  assert.throws(() => bindColumns({ a: lost })({}), refused('column "a" returned a promise'));
  // an unhandled rejection would come now
  await new Promise((resolve) => setImmediate(resolve));
});
