import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makePrivateDirectory } from '../../../../src/store/directory/private-directory.js';
import { LIMIT } from '../../../support/limits.js';
import { tempDir } from '../../../support/temp-dir.js';

const modeOf = (path: string): number => statSync(path).mode & 0o777;
const onlyPosix = process.platform === 'win32' ? 'Windows has other rights' : false;
const onlyLinux = process.platform === 'linux' ? false : 'only Linux has /proc';

test('what is missing of a path is made for its owner only, and what is there keeps its rights', {
  ...LIMIT,
  skip: onlyPosix,
}, async () => {
  const there = join(tempDir('directory'), 'there');
  mkdirSync(there, { mode: 0o755 });
  const path = join(there, 'a', 'b');
  await makePrivateDirectory(path);
  await makePrivateDirectory(path);
  assert.deepEqual([there, join(there, 'a'), path].map(modeOf), [0o755, 0o700, 0o700]);
});

test('two that make the same path at once both get it', LIMIT, async () => {
  const path = join(tempDir('directory'), 'a', 'b', 'c');
  await Promise.all([1, 2, 3].map(() => makePrivateDirectory(path)));
  assert.ok(statSync(path).isDirectory());
});

test('a file in the way is an error', LIMIT, async () => {
  const file = join(tempDir('directory'), 'file');
  writeFileSync(file, '');
  await assert.rejects(makePrivateDirectory(file), { code: 'EEXIST' });
  await assert.rejects(makePrivateDirectory(join(file, 'a')), { code: 'ENOTDIR' });
});

test('a directory whose name cannot be flushed, and was not made by us, is taken as it is', {
  ...LIMIT,
  skip: onlyLinux,
}, async () => {
  await makePrivateDirectory('/proc/self');
});

test('a place where nothing can be made is an error, and not a wait for ever', {
  ...LIMIT,
  skip: onlyLinux,
}, async () => {
  await assert.rejects(makePrivateDirectory('/proc/millrace/a'), { code: 'ENOENT' });
});
