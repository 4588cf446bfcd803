import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startChild } from '../support/child-process.js';
import { LIMIT } from '../support/limits.js';
import { programArgs } from '../support/program-args.js';
import { tempDir } from '../support/temp-dir.js';

const STRACE = '/usr/bin/strace';
const OPTIONS = { ...LIMIT, skip: existsSync(STRACE) ? false : 'strace is not installed' };

/** Appends 10 letters while a system call fails or kills the process at its nth call; call 1 of fsync is the directory's. */
const append = async (path: string, call: string, inject: string) => {
  const child = startChild(
    STRACE,
    [
      ...['-f', '-qq', '-o', `${path}.strace`, '-e', `trace=${call}`, '-e', `inject=${call}:${inject}`],
      ...[process.execPath, ...programArgs('test/support/ends/append-letters.ts'), path, '10'],
    ],
    // strace counts calls for each thread
    { env: { UV_THREADPOOL_SIZE: '1' } },
  );
  const exit = await child.exited;
  const fired = /INJECTED|SIGKILL/.test(readFileSync(`${path}.strace`, 'utf8'));
  return { exit, fired, said: child.stdout };
};

const lines = (path: string): string[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line) => Buffer.from(JSON.parse(line).payload, 'base64').toString());

describe('DeadLetters.file on a failing disk', OPTIONS, () => {
  it(
    'a failing fsync is STORAGE_FAILED, nothing of that batch is delivered and nothing is tried again (R13)',
    OPTIONS,
    async () => {
      const path = join(tempDir('letters'), 'letters.jsonl');
      const { said, fired } = await append(path, 'fsync', 'error=EIO:when=5');
      assert.ok(fired, 'the fault fired');
      assert.deepEqual(said, ['delivered 1', 'delivered 2', 'delivered 3', 'failed STORAGE_FAILED']);
    },
  );

  it('D5 a file that was found is not opened before its name is durable', OPTIONS, async () => {
    const path = join(tempDir('letters'), 'letters.jsonl');
    writeFileSync(path, '');
    const { fired } = await append(path, 'fsync', 'error=EIO:when=1');
    assert.ok(fired, 'the fault fired');
    assert.equal(readFileSync(path, 'utf8'), '', 'nothing is written');
  });

  it('killed at an fsync, everything that was delivered is in the file', OPTIONS, async () => {
    const path = join(tempDir('letters'), 'letters.jsonl');
    const { said, fired } = await append(path, 'fsync', 'signal=KILL:when=7');
    assert.ok(fired, 'the fault fired');
    assert.equal(said.at(-1), 'delivered 5');
    assert.deepEqual(lines(path).slice(0, 5), ['0', '1', '2', '3', '4']);
  });
});
