import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accept, acceptResumed, type FakeClient, startFakeBroker } from '../support/brokers/fake-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { LIMIT } from '../support/limits.js';
import { connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { until } from '../support/until.js';

describe('connection: client-id conflicts (R19)', () => {
  it('fails at once when the broker says "session taken over" (0x8E)', LIMIT, async () => {
    await using broker = await startFakeBroker();
    const rig = connectionRig(broker.url);
    await rig.open();
    (await broker.client(0)).send({ type: 'disconnect', reasonCode: 0x8e });
    await until(() => rig.failures.length === 1);
    assert.equal(rig.failures[0]?.code, 'CLIENT_ID_CONFLICT');
    assert.equal(broker.clients.length, 1);
  });

  it('fails after five closes in a row, each soon after CONNACK', LIMIT, async () => {
    await using broker = await startFakeBroker({
      connect: (client) => {
        if (client.index === 0) accept(client);
        else acceptResumed(client);
        client.fin();
      },
    });
    const rig = connectionRig(broker.url);
    await rig.open();
    await until(() => rig.failures.length === 1);
    assert.equal(rig.failures[0]?.code, 'CLIENT_ID_CONFLICT');
    assert.equal(broker.clients.length, 5);
  });

  for (const [how, end] of [
    ['a DISCONNECT that gives another reason', (client) => client.send({ type: 'disconnect', reasonCode: 0x8b })],
    ['a quota', (client) => client.send({ type: 'disconnect', reasonCode: 0x97 })],
    ['a reset', (client) => client.reset()],
  ] as const satisfies readonly (readonly [string, (client: FakeClient) => void])[]) {
    it(
      `does not take ${how} for a conflict, however often it ends a connection soon after CONNACK`,
      LIMIT,
      async () => {
        await using broker = await startFakeBroker({
          connect: (client) => {
            acceptResumed(client);
            if (client.index < 6) {
              // a reset at once would eat the CONNACK
              setTimeout(() => {
                end(client);
                client.fin();
              }, 30);
            }
          },
        });
        const rig = connectionRig(broker.url, {}, { startClean: false });
        await rig.open();
        await until(() => broker.clients.length === 7 && rig.connection.state === 'running');
        assert.deepEqual(rig.failures, []);
        await rig.connection.close();
      },
    );
  }

  it('continues after one takeover (G1)', LIMIT, async () => {
    await using broker = await startMosquitto();
    const first = connectionRig(broker.url, {}, { subscriptions: [wanted('t')] });
    await first.open();
    const second = connectionRig(broker.url, { autoReconnect: false }, { startClean: false });
    await second.open();
    await until(() => second.connection.state === 'idle', { what: 'the first takes its session back' });
    await until(() => first.connection.state === 'running' && first.connected.length === 2);
    assert.equal(first.connected[1]?.sessionPresent, true);
    first.publish(0, 't');
    await until(() => first.messages.length === 1);
    await first.connection.close();
  });

  it('ends the fight of two clients over one id on a real broker within seconds (D11)', LIMIT, async () => {
    await using broker = await startMosquitto();
    const rigs = [0, 1].map(() => connectionRig(broker.url, { reconnectPeriod: 100, maxReconnectPeriod: 30_000 }));
    const begun = performance.now();
    await Promise.allSettled(rigs.map((rig) => rig.open()));
    await until(() => rigs.some((rig) => rig.failures.length > 0));
    assert.ok(performance.now() - begun < 30_000);
    assert.deepEqual(rigs.flatMap((rig) => rig.failures.map(({ code }) => code))[0], 'CLIENT_ID_CONFLICT');
    await Promise.all(rigs.map((rig) => rig.connection.close()));
  });
});
