import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DeadLetter } from '../../src/connector/dead-letter.js';
import { MillraceError } from '../../src/errors/millrace-error.js';
import { DeadLetters } from '../../src/mqtt/sink/index.js';
import { tempDir } from '../support/temp-dir.js';
import { sinkContract } from './sink-contract.js';

sinkContract<DeadLetter>('DeadLetters.file', {
  start: async () => {
    const path = join(tempDir('dead-letters'), 'letters.jsonl');
    return {
      sink: DeadLetters.file(path),
      item: (sequence) => ({
        payload: Buffer.from(String(sequence)),
        attributes: { topic: 't', properties: undefined },
        error: new MillraceError('USER_FUNCTION_FAILED', 'bad'),
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
  limits: {
    holding:
      'an fsync of a real disk cannot be held back; test/unit/mqtt/sink/dead-letters/dead-letters.test.ts does it with a slow file',
    failure:
      'a real disk cannot be made to fail here; test/unit/mqtt/sink/dead-letters/dead-letters.test.ts does it with a failing file',
  },
});
