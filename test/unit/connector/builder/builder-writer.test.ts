import assert from 'node:assert/strict';
import { it } from 'node:test';
import { BuilderWriter } from '../../../../src/connector/builder/builder-writer.js';
import { deferred } from '../../../../src/internal/deferred.js';

it('what receiveFn failed at never counts as delivered: nothing behind it is received, whoever flushes', async () => {
  const failure = deferred<void>();
  const received: number[] = [];
  const writer = new BuilderWriter<undefined, number>({
    name: 's',
    context: undefined,
    functions: {
      create: () => undefined,
      receive: (_context, item) => {
        received.push(item);
        return item === 1 ? failure.promise : undefined;
      },
    },
    firstSeq: undefined,
  });
  writer.write([1]);
  writer.flush();
  writer.write([2]);
  const told = assert.rejects(writer.ready(), { code: 'USER_FUNCTION_FAILED' });
  failure.reject(new Error('the database is away'));
  await told;
  writer.flush();
  assert.deepEqual(received, [1]);
  assert.equal(writer.progress().delivered, 0);
  assert.throws(() => writer.write([3]), { code: 'USER_FUNCTION_FAILED' });
  await writer.close();
});
