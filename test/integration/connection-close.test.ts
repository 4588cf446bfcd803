import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectOptions } from '../../src/mqtt/connection/options/connect-options.js';
import { type FakeScript, startFakeBroker } from '../support/brokers/fake-broker.js';
import { LIMIT } from '../support/limits.js';
import { connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { until } from '../support/until.js';

const silent = (): void => {};

/** A phase of a connection's life, and what keeps it there. */
interface Phase {
  readonly what: string;
  readonly script: FakeScript;
  readonly options?: ConnectOptions;
  readonly startClean?: boolean;
  readonly state: string;
}

const PHASES: readonly Phase[] = [
  {
    what: 'the credentials are asked for, and the provider fails later',
    script: {},
    options: {
      credentials: async (signal) => {
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        throw new Error('too late');
      },
    },
    state: 'connecting',
  },
  { what: 'an old session is thrown away', script: { connect: silent }, startClean: true, state: 'connecting' },
  { what: 'CONNACK is awaited', script: { connect: silent }, state: 'handshaking' },
  { what: 'SUBACK is awaited', script: { subscribe: silent }, state: 'subscribing' },
  {
    what: 'it backs off',
    script: { connect: (client) => client.send({ type: 'connack', sessionPresent: false, reasonCode: 0x88 }) },
    options: { reconnectPeriod: 60_000, maxReconnectPeriod: 60_000 },
    state: 'backing-off',
  },
];

describe('connection: closing', () => {
  for (const { what, script, options = {}, startClean = false, state } of PHASES) {
    it(`ends at once while ${what}, and leaves no socket and no rejection behind`, LIMIT, async () => {
      await using broker = await startFakeBroker(script);
      const rig = connectionRig(broker.url, options, { startClean, subscriptions: [wanted('a')] });
      const opening = assert.rejects(rig.open(), { code: 'ABORTED' });
      await until(() => rig.connection.state === state && (state !== 'handshaking' || broker.clients.length > 0));
      if (startClean) await until(() => broker.clients[0]?.connect !== undefined);
      const begun = performance.now();
      await Promise.all([rig.connection.close(), rig.connection.close()]);
      await opening;
      assert.ok(performance.now() - begun < 5000);
      assert.equal(rig.connection.state, 'closed');
      await until(() => broker.clients.every(({ ended }) => ended));
      // an unhandled rejection is found after a turn of the event loop, and fails the test
      await sleep(10);
    });
  }
});
