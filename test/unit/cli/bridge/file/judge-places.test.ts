import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { judgePlaces } from '../../../../../src/cli/bridge/file/check/judge-places.js';
import { rightPlan, TWO_WAY } from '../../../../support/bridge-files.js';
import { tempDir } from '../../../../support/temp-dir.js';

/** What is found of a route with this `dir` and this file for dead letters. */
async function judged(folder: string, dir: string, letters: string): Promise<readonly string[]> {
  const text = TWO_WAY.replace('brokers:', `dir: ${dir}\nbrokers:`)
    .replace('guarantee: at-least-once', 'guarantee: exactly-once')
    .replace('clientId: site7-up', `clientId: site7-up\n    deadLetters: { file: ${letters} }`);
  const plan = await rightPlan(text, { folder });
  const [route] = plan.routes.values();
  assert.ok(route);
  return (await judgePlaces(route, plan.dir)).map(({ level, check, message }) => `${level} ${check}: ${message}`);
}

test('what a route writes to is looked at, and neither made nor changed', async () => {
  const folder = tempDir('judge-places');
  assert.deepEqual(await judged(folder, 'new/state', 'new.jsonl'), []);
  assert.deepEqual(readdirSync(folder), []);
  mkdirSync(join(folder, 'state'));
  writeFileSync(join(folder, 'letters.jsonl'), 'a line\n');
  const before = statSync(join(folder, 'letters.jsonl'));
  assert.deepEqual(await judged(folder, 'state', 'letters.jsonl'), []);
  assert.deepEqual(
    [statSync(join(folder, 'letters.jsonl')).mtimeMs, readdirSync(join(folder, 'state'))],
    [before.mtimeMs, []],
  );
});

test('a place that cannot be written is a problem, with what is in the way', async () => {
  const folder = tempDir('judge-places');
  writeFileSync(join(folder, 'file'), '');
  mkdirSync(join(folder, 'open'));
  chmodSync(join(folder, 'open'), 0o777);
  symlinkSync(join(folder, 'file'), join(folder, 'link'));
  for (const [dir, letters, said] of [
    ['file/state', 'ok.jsonl', /^problem dir: .*file\/state cannot be written: what leads to it is no directory$/],
    ['open', 'ok.jsonl', /^problem dir: .*open can be written to by others: chmod 700 .*open$/],
    ['file', 'ok.jsonl', /^problem dir: .*file is no directory: Name a directory$/],
    [
      'state',
      'none/letters.jsonl',
      /^problem deadLetters: .*letters.jsonl cannot be written: there is no such directory$/,
    ],
    ['state', 'link', /^problem deadLetters: .*link is a symbolic link: Remove it/],
    ['state', 'open', /^problem deadLetters: .*open is no regular file/],
  ] as const) {
    const [found = '', ...more] = await judged(folder, dir, letters);
    assert.deepEqual(more, []);
    assert.match(found, said);
  }
});

test('a place of another user is for that user to check', { skip: process.geteuid?.() !== 0 }, async () => {
  const folder = tempDir('judge-places');
  mkdirSync(join(folder, 'state'));
  chownSync(join(folder, 'state'), 65_532, 65_532);
  const [found = ''] = await judged(folder, 'state', 'ok.jsonl');
  assert.match(found, /^unknown dir: .*state belongs to user 65532: /);
});
