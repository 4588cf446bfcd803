import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTraceState } from '@opentelemetry/api';
import { contextOf, propertiesOf } from '../../../src/opentelemetry/traces/trace-context.js';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';
const GOOD = `00-${TRACE}-${SPAN}-01`;

const read = (...properties: readonly (readonly [string, string])[]) =>
  contextOf((name) => properties.flatMap(([one, value]) => (one === name ? [value] : [])), createTraceState);

test('a context is read from user properties, and written as it was', () => {
  const context = read(['traceparent', GOOD], ['tracestate', 'a=1'], ['tracestate', 'b=2']);
  assert.equal(context?.isRemote, true);
  assert.deepEqual(context === undefined ? [] : propertiesOf(context), [
    ['traceparent', GOOD],
    ['tracestate', 'a=1,b=2'],
  ]);
});

test('of a later version what is known is taken, and of the flags the one that is', () => {
  assert.equal(read(['traceparent', `01-${TRACE}-${SPAN}-ff-more`])?.traceFlags, 1);
  assert.equal(read(['traceparent', `00-${TRACE}-${SPAN}-02`])?.traceFlags, 0);
});

test('what is not right is none, whatever it is', () => {
  const wrong = [
    '',
    'x',
    GOOD.toUpperCase(),
    `${GOOD}-more`,
    `${GOOD} `,
    `ff-${TRACE}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE}-${SPAN}`,
    `01-${TRACE}-${SPAN}-01-${'x'.repeat(100)}`,
  ];
  for (const value of wrong) assert.equal(read(['traceparent', value]), undefined, value);
  assert.equal(read(), undefined);
  assert.equal(read(['traceparent', GOOD], ['traceparent', GOOD]), undefined);
});

test('a trace state that is too long is left out, in both directions', () => {
  const long = `a=${'x'.repeat(511)}`;
  const context = read(['traceparent', GOOD], ['tracestate', long]);
  assert.equal(context?.traceState, undefined);
  const state = createTraceState(Array.from({ length: 30 }, (_, key) => `key${key}=${'v'.repeat(30)}`).join(','));
  const written = propertiesOf({ traceId: TRACE, spanId: SPAN, traceFlags: 1, traceState: state });
  assert.deepEqual(written, [['traceparent', GOOD]]);
});
