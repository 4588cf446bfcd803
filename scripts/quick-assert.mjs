/*
 * Loaded before the tests. A failing `assert.ok(x)` without a message makes Node read the source file to quote the expression.
 * tsx gives it one very long line, in which that search takes minutes and blocks the process: the test seems to hang. Here
 * such a call gets a plain message; the stack names the line.
 */
import { createRequire } from 'node:module';

const assert = createRequire(import.meta.url)('node:assert');

for (const target of [assert, assert.strict]) {
  const original = target.ok;
  target.ok = function ok(...args) {
    const [value, message] = args;
    if (value || args.length === 0 || message !== undefined) return original(...args);
    throw new assert.AssertionError({
      message: `${String(value)} is not truthy`,
      actual: value,
      expected: true,
      operator: '==',
      stackStartFn: ok,
    });
  };
}
