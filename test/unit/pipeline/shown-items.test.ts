import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine, Pipeline, Sinks, TestSources } from '../../../src/index.js';
import { LIMIT } from '../../support/limits.js';

const ITEMS: readonly unknown[] = ['text', { device: 'boiler', all: new Map([['k', 1n]]) }, Symbol('s'), undefined];

const SHOWN = ['text', "{ device: 'boiler', all: Map(1) { 'k' => 1n } }", 'Symbol(s)', 'undefined'];

test('peek and the logger show what is in an item, and a text as it is', LIMIT, async (t) => {
  const print = t.mock.method(console, 'log', () => {});
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.items(...ITEMS))
    .peek()
    .setName('seen')
    .writeTo(Sinks.logger());
  await Engine.embedded().newJob(pipeline).join();
  const lines = print.mock.calls.map(({ arguments: [line] }) => String(line));
  assert.deepEqual(lines, [...SHOWN.map((text) => `seen: ${text}`), ...SHOWN]);
});
