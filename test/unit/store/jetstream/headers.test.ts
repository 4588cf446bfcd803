import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const SRC = fileURLToPath(new URL('../../../../src', import.meta.url));

/** Every header of NATS that a source file names, with the file. */
const headersIn = (folder: string): ReadonlyMap<string, string> =>
  new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .flatMap((file) =>
        [...readFileSync(join(folder, file), 'utf8').matchAll(/\bNats-[A-Za-z-]+/gi)].map(
          ([name]) => [name, file] as const,
        ),
      ),
  );

describe('what is sent to NATS', () => {
  it('is never Nats-Expected-Last-Msg-Id: on 2.14 and 2.15 one mismatch ends a replicated stream for good', () => {
    const headers = headersIn(SRC);
    assert.ok(headers.has('Nats-Expected-Last-Sequence'), 'the search finds what is there');
    for (const [name, file] of headers) assert.doesNotMatch(name, /last-msg-id/i, file);
  });

  it('is never Nats-Msg-Id in a log: what the server knows by its id it acknowledges without looking at the place (JA3)', () => {
    assert.deepEqual(
      [...headersIn(join(SRC, 'store'))].filter(([name]) => /^nats-msg-id$/i.test(name)),
      [],
    );
  });
});
