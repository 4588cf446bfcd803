import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MetricsRegistry } from '../../../../src/metrics/metrics-registry.js';
import { Link, type LinkEnd } from '../../../../src/mqtt/connection/link.js';
import type { Transport } from '../../../../src/mqtt/connection/transport/transport.js';
import { Session } from '../../../../src/mqtt/protocol/session/session.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { until } from '../../../support/until.js';

/** A transport that never gets rid of its bytes. */
function stuckTransport(): Transport {
  return {
    bufferedBytes: 1,
    progressAt: performance.now(),
    start: () => {},
    write: () => {},
    setReading: () => {},
    close: async () => {},
    destroy: () => {},
  };
}

function startLink(writeTimeoutMs: number): readonly LinkEnd[] {
  const ends: LinkEnd[] = [];
  const session = new Session({
    clientId: 'c',
    maxInflight: 10,
    maximumPacketSize: 1000,
    receiveMaximum: 10,
    topicAliasMaximum: 0,
    connackTimeoutMs: 60_000,
    pingrespTimeoutMs: 10_000,
    ackTimeoutMs: 60_000,
  });
  const count = new MetricsRegistry().counter('bytes_total', 'bytes');
  const listener = { onEvents: () => {}, onDrain: () => {}, onEnd: (end: LinkEnd) => void ends.push(end) };
  const link = new Link({
    session,
    transport: stuckTransport(),
    writeTimeoutMs,
    listener,
    received: count,
    sent: count,
  });
  link.start({ version: 5, clean: true, keepAlive: 0, sessionExpiryInterval: 0 });
  return ends;
}

describe('link: stalled writes', SUITE_LIMIT, () => {
  it('ends when the socket takes nothing in time', async () => {
    const begun = performance.now();
    const ends = startLink(200);
    await until(() => ends.length > 0);
    assert.equal(ends[0]?.error.code, 'TIMEOUT');
    assert.ok(performance.now() - begun >= 200);
  });

  it('gives the socket its time again when it was this process that stalled', async () => {
    const ends = startLink(1000);
    const busyUntil = performance.now() + 2000;
    while (performance.now() < busyUntil);
    await sleep(100);
    assert.deepEqual(ends, []);
    await until(() => ends.length > 0);
  });
});
