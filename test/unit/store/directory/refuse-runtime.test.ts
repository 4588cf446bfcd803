import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuseRuntime } from '../../../../src/store/directory/refuse-runtime.js';
import { rejectsWith } from '../../../support/rejects-with.js';

test('a store in Deno or Bun is refused by name, before a native part can end the process', async () => {
  for (const [key, name] of Object.entries({ deno: 'Deno', bun: 'Bun' })) {
    const { message, advice } = await rejectsWith(
      'UNSUPPORTED',
      (async () => refuseRuntime({ node: '24.0.0', [key]: '1.0.0' }))(),
    );
    assert.match(message, new RegExp(`does not work in ${name}`));
    assert.match(advice ?? '', /in Node/);
  }
});

test('a store in Node is not', () => {
  assert.doesNotThrow(() => refuseRuntime(process.versions));
});
