import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeadLetter } from '../../src/connector/dead-letter.js';
import { SinkBuilder } from '../../src/connector/index.js';
import { MillraceError } from '../../src/errors/millrace-error.js';
import { DeadLetters } from '../../src/mqtt/sink/index.js';
import { Sinks } from '../../src/pipeline/samples/sinks.js';
import { deferred } from '../support/deferred.js';
import { tempDir } from '../support/temp-dir.js';
import { durableSinkContract } from './durable-sink-contract.js';

const repeats = 'it knows nothing of stores: after a crash what was not known to be delivered comes again';

durableSinkContract<number>('Sinks.list', {
  start: async () => {
    const array: number[] = [];
    return { sink: Sinks.list(array), item: (sequence) => sequence, received: () => array, stop: () => {} };
  },
  guarantee: 'exactly-once',
  limits: { repeats, holding: 'an array takes every item at once', failure: 'an array does not fail' },
});

durableSinkContract<number>('SinkBuilder', {
  start: async () => {
    const array: number[] = [];
    let gate = deferred<void>();
    gate.resolve();
    const sink = SinkBuilder.sinkBuilder('built', () => array)
      .receiveFn<number>(async (list, item) => {
        await gate.promise;
        list.push(item);
      })
      .build();
    return {
      sink,
      item: (sequence) => sequence,
      received: () => array,
      hold: () => {
        gate = deferred<void>();
      },
      release: () => gate.resolve(),
      stop: () => gate.resolve(),
    };
  },
  guarantee: 'exactly-once',
  limits: { repeats, failure: 'it fails at an item only' },
});

durableSinkContract<DeadLetter>('DeadLetters.file', {
  start: async () => {
    const path = join(tempDir('dead-letters'), 'letters.jsonl');
    return {
      sink: DeadLetters.file(path),
      item: (sequence) => ({
        payload: Buffer.from(String(sequence)),
        attributes: { topic: 't', properties: undefined },
        error: new MillraceError('USER_FUNCTION_FAILED', 'bad', { cause: new Error('inner') }),
        attempt: 1,
        timestampMs: 0,
        origin: 'contract',
      }),
      received: () => {
        const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
        const lines = text.split('\n').slice(0, -1);
        return lines.map((line) => Number(Buffer.from(JSON.parse(line).payload, 'base64').toString()));
      },
      stop: () => {},
    };
  },
  guarantee: 'exactly-once',
  limits: { repeats, holding: 'a file takes every line at once', failure: 'the disk does not fail on demand' },
});
