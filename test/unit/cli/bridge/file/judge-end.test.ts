import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeEnd } from '../../../../../src/cli/bridge/file/check/judge-end.js';
import type { Probed } from '../../../../../src/cli/client/probe-broker.js';
import { MillraceError } from '../../../../../src/errors/millrace-error.js';
import type { ServerLimits } from '../../../../../src/mqtt/protocol/session/session-event.js';
import { rightPlan, TWO_WAY } from '../../../../support/bridge-files.js';
import { SERVER_LIMITS } from '../../../../support/server-limits.js';

const LIMITS: ServerLimits = { ...SERVER_LIMITS, sessionExpiryInterval: 604_800 };

async function judged(
  end: 'from' | 'to',
  {
    limits = {},
    version = 5,
    granted,
    guarantee = 'at-least-once',
    error,
    filters = '[plant/#]',
  }: {
    limits?: Partial<ServerLimits>;
    version?: 5 | 4;
    granted?: 0 | 1 | 2;
    guarantee?: string;
    error?: MillraceError;
    filters?: string;
  },
): Promise<readonly string[]> {
  const text = TWO_WAY.replace('guarantee: at-least-once', `guarantee: ${guarantee}`)
    .replace('[plant/#]', filters)
    .replace('brokers:', 'dir: state\nbrokers:');
  const [route] = (await rightPlan(text)).routes.values();
  assert.ok(route);
  const { qos } = route.options;
  const probed: Probed = {
    connected: { version, limits: { ...LIMITS, ...limits } },
    granted:
      end === 'from' && error === undefined ? [{ filter: 'plant/#', requested: qos, granted: granted ?? qos }] : [],
    error,
  };
  return judgeEnd(route, end, { probed, asked: 604_800 })
    .filter(({ level }) => level === 'problem' || level === 'warning')
    .map(({ level, check, message }) => `${level} ${check}${check === 'qos' && end === 'to' ? `: ${message}` : ''}`);
}

test('what a broker grants or takes below the QoS is a problem where the guarantee needs it, else a warning', async () => {
  assert.deepEqual(await judged('from', {}), []);
  assert.deepEqual(await judged('from', { granted: 1, guarantee: 'exactly-once' }), ['problem qos']);
  assert.deepEqual(await judged('from', { granted: 0 }), ['problem qos']);
  assert.deepEqual(await judged('from', { granted: 0, guarantee: 'none' }), ['warning qos']);
  assert.deepEqual(await judged('to', { limits: { maximumQoS: 1 }, guarantee: 'exactly-once' }), [
    'problem qos: it takes at most QoS 1: exactly-once is refused',
  ]);
  assert.deepEqual(await judged('to', { limits: { maximumQoS: 0 } }), [
    'warning qos: it takes at most QoS 0: qos: 0, or messages above it go to onError',
  ]);
});

test('a session that is not kept is a problem, one that is kept for less than asked a warning, none without a guarantee', async () => {
  assert.deepEqual(await judged('from', { limits: { sessionExpiryInterval: 0 } }), ['problem session']);
  assert.deepEqual(await judged('from', { limits: { sessionExpiryInterval: 3600 } }), ['warning session']);
  assert.deepEqual(await judged('from', { limits: { sessionExpiryInterval: 0 }, guarantee: 'none' }), []);
  // without a store the publishing side begins anew at each start
  assert.deepEqual(await judged('to', { limits: { sessionExpiryInterval: 0 } }), []);
  assert.deepEqual(await judged('to', { limits: { sessionExpiryInterval: 0 }, guarantee: 'exactly-once' }), [
    'problem session',
  ]);
});

test('a refused filter, an old version, a size and retained messages that are not kept are told', async () => {
  const error = new MillraceError('SUBSCRIPTION_REFUSED', 'refused');
  assert.deepEqual(await judged('from', { error }), ['problem subscribe']);
  assert.deepEqual(await judged('from', { version: 4, limits: { sessionExpiryInterval: undefined } }), [
    'warning version',
  ]);
  assert.deepEqual(await judged('to', { limits: { retainAvailable: false, maximumPacketSize: 100 } }), [
    'warning retain',
    'warning size',
  ]);
});

test('shared filters are a problem where the broker has none, and a warning below 5.0, where most take them for a topic', async () => {
  const filters = '[plant/#, $share/g/x]';
  assert.deepEqual(await judged('from', { filters }), []);
  assert.deepEqual(await judged('from', { filters, limits: { sharedSubscriptionAvailable: false } }), [
    'problem subscribe',
  ]);
  assert.deepEqual(await judged('from', { filters, version: 4, limits: { sessionExpiryInterval: undefined } }), [
    'warning version',
    'warning subscribe',
  ]);
});

test('a broker that takes few messages at a time is told', async () => {
  assert.deepEqual(await judged('to', { limits: { receiveMaximum: 10 } }), ['warning window']);
});
