import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const ROOT = new URL('../../', import.meta.url);
const NUMBERS = ['no', 'one', 'two', 'three', 'four', 'five', 'six'];

test('the README counts and names the runtime dependencies that there are', () => {
  const { dependencies } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8'));
  const names = Object.keys(dependencies);
  const said = /; (\w+)\s+runtime dependencies \(([^)]*)\)/.exec(readFileSync(new URL('README.md', ROOT), 'utf8'));
  assert.equal(said?.[1], NUMBERS[names.length]);
  const named = [...(said?.[2] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name);
  assert.deepEqual(named.sort(), names.sort());
});
