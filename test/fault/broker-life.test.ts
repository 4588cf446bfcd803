import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mosquitto } from '../support/brokers/mosquitto.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import {
  assertSound,
  BridgeRig,
  type RigBrokers,
  startBridge,
  startRigBrokers,
  stopRigBrokers,
} from '../support/rigs/bridge-rig.js';
import { until } from '../support/until.js';

/*
 * The brokers stop, come back, stand still or forget. BD is a broker that saved before it died, BL one that was killed, BA one
 * that keeps nothing. Losses that are the broker's own are told apart from ours.
 */

const QUALITIES = [1, 2] as const;

async function withBrokers(persistence: boolean, run: (brokers: RigBrokers) => Promise<void>): Promise<void> {
  const brokers = await startRigBrokers({ persistence });
  try {
    await run(brokers);
  } finally {
    await stopRigBrokers(brokers);
  }
}

/** Everything that is told on a diagnostics channel while `run` runs. */
async function told(channel: string, run: () => Promise<void>): Promise<unknown[]> {
  const messages: unknown[] = [];
  const listener = (message: unknown) => messages.push(message);
  subscribe(channel, listener);
  try {
    await run();
    return messages;
  } finally {
    unsubscribe(channel, listener);
  }
}

const WAYS: Readonly<Record<string, (broker: Mosquitto) => Promise<unknown>>> = {
  'an orderly restart': (broker) => broker.restart(),
  'a kill after a save': async (broker) => {
    await broker.saveThenKill();
    await broker.start();
  },
};

describe('brokers that die and come back', SUITE_LIMIT, () => {
  for (const qos of QUALITIES) {
    for (const [way, restart] of Object.entries(WAYS)) {
      it(`C1 ${way} of the source's broker loses nothing (S${qos}, BD)`, LIMIT, async () => {
        await withBrokers(true, async (brokers) => {
          await using rig = await startBridge(brokers, { qos });
          // The sink stands still meanwhile, so that messages are on their way when the broker goes.
          rig.sink.blackhole('to-client');
          await rig.publish(300);
          await restart(brokers.from);
          rig.sink.heal();
          await rig.publish(60);
          assertSound(await rig.settle(), { once: qos === 2 });
          assert.equal(rig.metric('millrace_sessions_lost_total', 'source'), 0);
        });
      });
    }

    it(
      `an orderly restart of the sink's broker loses nothing and doubles nothing at QoS 2 (QoS ${qos}, BD)`,
      LIMIT,
      async () => {
        await withBrokers(true, async (brokers) => {
          await using rig = await startBridge(brokers, { qos, sinkConnect: { maxInflight: 10 } });
          await rig.publish(100);
          const stopping = rig.sink.cut({ when: { from: 'server', type: qos === 1 ? 'puback' : 'pubcomp', nth: 5 } });
          await rig.publish(200);
          await stopping.fired();
          await brokers.to.restart();
          assertSound(await rig.settle(), { once: qos === 2 });
          assert.equal(rig.metric('millrace_sessions_lost_total'), 0);
        });
      },
    );
  }

  it(
    'C3 an amnesic broker of the source: the session is named lost, subscribed again, and the job goes on (BA)',
    LIMIT,
    async () => {
      await withBrokers(false, async (brokers) => {
        const lost = await told('millrace:session-lost', async () => {
          await using rig = await startBridge(brokers, { qos: 2 });
          await rig.publish(90);
          await rig.settle();
          await brokers.from.kill();
          await brokers.from.start();
          await until(() => rig.source.count('server', 'suback') === 2, { what: 'another SUBACK' });
          await rig.publish(90);
          assertSound(await rig.settle(), { once: true });
        });
        assert.equal(lost.length, 1);
      });
    },
  );

  it(
    'C4 after an amnesic restart the broker uses its packet ids again, and no new message is taken for an old one (S2)',
    LIMIT,
    async () => {
      await withBrokers(false, async (brokers) => {
        await using rig = await startBridge(brokers, { qos: 2 });
        // PUBRELs never come: the ids stay in our set.
        const held = rig.source.drop({
          from: 'server',
          type: 'pubrel',
          times: 1000,
          where: () => rig.source.connections === 1,
        });
        await rig.publish(15);
        await held.fired({ count: 15 });
        await until(() => rig.job.metrics().itemsDelivered === 15);
        await brokers.from.kill();
        await brokers.from.start();
        await until(() => rig.source.count('server', 'suback') === 2, { what: 'another SUBACK' });
        await rig.publish(15);
        assertSound(await rig.settle(), { once: true });
        const ids = rig.source.frames('server', 'publish').map(({ packetId }) => packetId);
        assert.ok(new Set(ids).size < ids.length, 'the broker did use ids again');
      });
    },
  );

  for (const side of ['from', 'to'] as const) {
    it(
      `C6 a broker that stands still (SIGSTOP, ${side}) is given up and found again when it goes on`,
      LIMIT,
      async () => {
        await withBrokers(false, async (brokers) => {
          const connect = { keepalive: 2, pingTimeout: 300, connackTimeout: 300, ackTimeout: 600 };
          await using rig = await startBridge(brokers, { qos: 1, sourceConnect: connect, sinkConnect: connect });
          await rig.publish(60);
          await rig.settle();
          brokers[side].suspend();
          if (side === 'to') await rig.publish(60);
          const proxy = side === 'from' ? rig.source : rig.sink;
          const before = proxy.connections;
          await until(() => proxy.connections >= before + 2, { what: 'two more attempts' });
          assert.ok(proxy.connections < before + 20, 'no storm');
          brokers[side].resume();
          await rig.publish(60);
          assertSound(await rig.settle(), { once: false });
        });
      },
    );
  }

  for (const version of [5, 4] as const) {
    it(
      `R5a a lost CONNACK leaves an empty session behind: it is subscribed again although "present" (${version})`,
      LIMIT,
      async () => {
        await withBrokers(false, async (brokers) => {
          const unverified = await told('millrace:session-unverified', async () => {
            await using rig = await BridgeRig.open(brokers, { qos: 2, version });
            const fault = rig.source.dropConnack();
            await rig.running();
            await fault.fired();
            const [, second] = rig.source.frames('server', 'connack');
            assert.equal(second?.bytes[2], 1, 'the broker says that the session is present');
            await rig.publish(60);
            assertSound(await rig.settle(), { once: true });
          });
          assert.equal(unverified.length, 1);
        });
      },
    );

    it(`R5a a CONNACK lost at a reconnect, on either side, loses and doubles nothing (${version})`, LIMIT, async () => {
      await withBrokers(false, async (brokers) => {
        await using rig = await startBridge(brokers, { qos: 2, version });
        for (const proxy of [rig.source, rig.sink]) {
          await rig.publish(60);
          const fault = proxy.dropConnack();
          proxy.cutAll();
          await rig.publish(60);
          await fault.fired();
          assertSound(await rig.settle(), { once: true });
        }
      });
    });
  }

  for (const version of [5, 4] as const) {
    it(
      `R5a a broker that forgot us and whose CONNACK is lost says "present" of an empty session: it is subscribed again (${version})`,
      LIMIT,
      async () => {
        await withBrokers(false, async (brokers) => {
          await using rig = await startBridge(brokers, { qos: 1, version });
          await rig.publish(30);
          await rig.settle();
          await brokers.from.stop();
          const fault = rig.source.dropConnack();
          await brokers.from.start();
          await fault.fired();
          await until(() => rig.metric('millrace_connected') === 2 && rig.source.count('server', 'suback') === 2, {
            what: () => `another SUBACK; ${rig.describe()}`,
          });
          assert.equal(rig.source.frames('server', 'connack').at(-1)?.bytes[2], 1);
          await rig.publish(30);
          assertSound(await rig.settle(), { once: true });
        });
      },
    );
  }

  for (const version of [5, 4] as const) {
    it(
      `both links closed in order again and again, soon after CONNACK, are no client-id conflict while messages flow (${version})`,
      LIMIT,
      async () => {
        await withBrokers(false, async (brokers) => {
          await using rig = await startBridge(brokers, { qos: 2, version });
          for (let round = 0; round < 12; round += 1) {
            await rig.publish(30);
            await until(() => rig.source.active > 0 && rig.sink.active > 0, { what: 'both links' });
            await sleep(120);
            rig.source.cutAll('fin');
            rig.sink.cutAll('fin');
          }
          assertSound(await rig.settle(), { once: true });
          assert.ok(rig.source.connections > 6);
        });
      },
    );
  }

  it('both links cut again and again while messages flow: QoS 2 loses and doubles nothing', LIMIT, async () => {
    await withBrokers(false, async (brokers) => {
      await using rig = await startBridge(brokers, { qos: 2 });
      for (let round = 0; round < 12; round += 1) {
        await rig.publish(150);
        (round % 2 === 0 ? rig.source : rig.sink).cutAll(round % 4 < 2 ? 'rst' : 'fin');
        await sleep(40);
      }
      assertSound(await rig.settle(), { once: true });
    });
  });
});
