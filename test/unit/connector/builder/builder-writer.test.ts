import assert from 'node:assert/strict';
import { it } from 'node:test';
import { PermanentError, SinkBuilder } from '../../../../src/index.js';
import { deferred } from '../../../../src/internal/deferred.js';
import { openContext } from '../../../support/ends/open-context.js';

it('what receiveFn failed at never counts as delivered: nothing behind it is received, whoever flushes', async () => {
  const failure = deferred<void>();
  const received: number[] = [];
  const sink = SinkBuilder.sinkBuilder('s', () => undefined)
    .receiveFn<number>((_context, item) => {
      received.push(item);
      return item === 1 ? failure.promise : undefined;
    })
    .build();
  const writer = await sink.createWriter(openContext());
  writer.write([1]);
  writer.flush();
  writer.write([2]);
  const told = assert.rejects(writer.ready(), { code: 'USER_FUNCTION_FAILED' });
  failure.reject(new PermanentError('not this one'));
  await told;
  writer.flush();
  assert.deepEqual(received, [1]);
  assert.equal(writer.progress().delivered, 0);
  assert.throws(() => writer.write([3]), { code: 'USER_FUNCTION_FAILED' });
  await writer.close();
});
