import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accept, acceptResumed, type FakeClient, grant, startFakeBroker } from '../support/brokers/fake-broker.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { LIMIT } from '../support/limits.js';
import { type ConnectionRig, connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { Told } from '../support/told.js';
import { until } from '../support/until.js';

const KEPT = { startClean: false };
/** Is it a connection of the session, and not one that stands beside it? */
const isOurs = (client: FakeClient): boolean => client.connect?.clientId === 'rig';
const resume = (client: FakeClient): void => (isOurs(client) ? acceptResumed(client) : accept(client));

const codeOf = (error: unknown): unknown => Reflect.get(Object(error), 'code');

const verdicts = (told: Told): readonly unknown[] =>
  told.events.map(({ data }) => Reflect.get(Object(data), 'verdict'));

describe('connection: client-id conflicts (R19a)', () => {
  for (const version of [5, 4] as const) {
    for (const traffic of ['quiet', 'busy'] as const) {
      it(
        `ends the ${traffic} fight of two clients over one id on a real broker within seconds (D11, MQTT ${version})`,
        LIMIT,
        async () => {
          await using broker = await startMosquitto();
          const rigs = [0, 1].map(() =>
            connectionRig(
              broker.url,
              { protocolVersion: version, reconnectPeriod: 300, maxReconnectPeriod: 30_000 },
              { subscriptions: [wanted('t')] },
            ),
          );
          const begun = performance.now();
          await Promise.all(rigs.map((rig) => Promise.race([rig.open(), until(() => rig.failures.length > 0)])));
          const traffic$ = traffic === 'busy' ? publishing(broker) : undefined;
          await until(() => rigs.some((rig) => rig.failures.length > 0));
          traffic$?.[Symbol.dispose]();
          assert.equal(rigs.flatMap((rig) => rig.failures)[0]?.code, 'CLIENT_ID_CONFLICT');
          assert.ok(performance.now() - begun < 45_000);
          await Promise.all(rigs.map((rig) => rig.connection.close()));
        },
      );
    }
  }

  it(
    'names a fight in which no connection lives until its SUBSCRIBE is answered, and not the subscription',
    LIMIT,
    async () => {
      let holder: FakeClient | undefined;
      await using broker = await startFakeBroker({
        connect: (client) => {
          resume(client);
          if (!isOurs(client)) return;
          holder?.fin();
          holder = client;
        },
        // a broker under load
        subscribe: () => {},
      });
      const options = { reconnectPeriod: 300, maxReconnectPeriod: 30_000 };
      const rigs = [0, 1].map(() => connectionRig(broker.url, options, { ...KEPT, subscriptions: [wanted('t')] }));
      const ends = rigs.map((rig) => rig.open().then(() => undefined, codeOf));
      assert.equal(await Promise.race(ends), 'CLIENT_ID_CONFLICT');
      await Promise.all(rigs.map((rig) => rig.connection.close()));
      await Promise.all(ends);
    },
  );

  it('finds the other client also when it comes a second later than the fight has it', LIMIT, async () => {
    let ours = 0;
    await using broker = await startFakeBroker({
      connect: (client) => {
        resume(client);
        if (!isOurs(client)) return;
        ours += 1;
        // three are reason for a trial
        setTimeout(() => client.fin(), ours <= 3 ? 60 : 1000);
      },
    });
    const rig = connectionRig(broker.url, { maxReconnectPeriod: 50 }, KEPT);
    await rig.open();
    await until(() => rig.failures.length === 1);
    assert.equal(rig.failures[0]?.code, 'CLIENT_ID_CONFLICT');
    assert.equal(ours, 6, 'the first trial has found it');
  });

  it(
    'fails when the broker says three times in a row that the session was taken over (0x8E), and not before',
    LIMIT,
    async () => {
      await using broker = await startFakeBroker({
        connect: (client) => {
          acceptResumed(client);
          client.send({ type: 'disconnect', reasonCode: 0x8e });
        },
      });
      const rig = connectionRig(broker.url, {}, KEPT);
      await rig.open();
      await until(() => rig.failures.length === 1);
      assert.equal(rig.failures[0]?.code, 'CLIENT_ID_CONFLICT');
      assert.equal(broker.clients.length, 3);
    },
  );

  it('asked wrongly: one 0x8E, by a late CONNECT of our own, is no conflict', LIMIT, async () => {
    await using broker = await startFakeBroker({ connect: acceptResumed });
    const rig = connectionRig(broker.url, {}, KEPT);
    await rig.open();
    (await broker.client(0)).send({ type: 'disconnect', reasonCode: 0x8e });
    await until(() => rig.connected.length === 2);
    assert.equal(rig.disconnects[0]?.code, 'DISCONNECTED_BY_BROKER');
    assert.match(rig.disconnects[0]?.advice ?? '', /another client uses this client id/);
    assert.deepEqual(rig.failures, []);
    await rig.connection.close();
  });

  it('asked wrongly: a broker that dies 0.9 s after each start is away (S4)', LIMIT, async () => {
    await using broker = await startMosquitto({ persistence: true });
    using told = new Told('client-id-examined');
    const rig = connectionRig(broker.url, { maxReconnectPeriod: 100 }, { subscriptions: [wanted('t')] });
    await rig.open();
    let before = 0;
    for (let deaths = 0; deaths < 4 || told.events.length === 0; deaths += 1) {
      await new Promise((resolve) => setTimeout(resolve, 900));
      // counted here: it may be back before `start` says that the broker runs
      before = rig.connected.length;
      await broker.kill();
      await broker.start();
    }
    await until(() => rig.connection.state === 'running' && rig.connected.length > before);
    assert.deepEqual(rig.failures, []);
    assert.ok(!verdicts(told).includes('taken-over'));
    await rig.connection.close();
  });

  it('asked wrongly: a broker that closes every connection as soon as it is accepted is away', LIMIT, async () => {
    await using broker = await startFakeBroker({
      connect: (client) => {
        resume(client);
        client.fin();
      },
    });
    using told = new Told('client-id-examined');
    const rig = connectionRig(broker.url, { maxReconnectPeriod: 50 }, KEPT);
    await rig.open();
    await until(() => told.events.length === 2);
    assert.ok(verdicts(told).every((verdict) => verdict === 'away'));
    assert.deepEqual(rig.failures, []);
    await rig.connection.close();
  });

  it(
    'asked wrongly: a broker that ends our session as soon as it is resumed, for a fault of its own, is no other client',
    LIMIT,
    async () => {
      await using broker = await startFakeBroker({
        connect: (client) => {
          resume(client);
          if (isOurs(client)) client.fin();
        },
      });
      using told = new Told('client-id-examined');
      const rig = connectionRig(broker.url, { maxReconnectPeriod: 50 }, KEPT);
      await rig.open();
      await until(() => told.events.length === 2);
      assert.deepEqual(verdicts(told), ['unclear', 'unclear']);
      assert.deepEqual(rig.failures, []);
      await rig.connection.close();
    },
  );

  it('asked wrongly: a broker that closes at what we acknowledge is no other client', LIMIT, async () => {
    await using broker = await startFakeBroker({
      connect: (client) => {
        resume(client);
        if (isOurs(client))
          client.send({
            type: 'publish',
            topic: 't',
            payload: new Uint8Array(1),
            qos: 2,
            packetId: 7,
            dup: false,
            retain: false,
          });
      },
      pubcomp: (client) => client.fin(),
      pubrec: (client, { packetId }) =>
        void setTimeout(() => client.send({ type: 'pubrel', packetId, reasonCode: 0 }), 100),
    });
    using told = new Told('client-id-examined');
    const rig = connectionRig(
      broker.url,
      { maxReconnectPeriod: 50 },
      { ...KEPT, subscriptions: [wanted('t', { qos: 2 })] },
    );
    await rig.open();
    await until(() => told.events.length === 2);
    assert.deepEqual(verdicts(told), ['lived', 'lived']);
    assert.deepEqual(rig.failures, []);
    await rig.connection.close();
  });

  it('speaks of the subscription when a broker closes at a SUBSCRIBE that it does not take (S4)', LIMIT, async () => {
    await using broker = await startFakeBroker({
      connect: resume,
      subscribe: (client, packet) => (packet.subscriptions.length > 8 ? client.fin() : grant(client, packet)),
    });
    const subscriptions = Array.from({ length: 20 }, (_, index) => wanted(`t/${index}`));
    const options = { maxReconnectPeriod: 50, subscribeBatchSize: 20 };
    const rig = connectionRig(broker.url, options, { ...KEPT, subscriptions });
    await assert.rejects(rig.open(), {
      code: 'SUBSCRIPTION_REFUSED',
      message: /closes each connection at the SUBSCRIBE of the 20 filters/,
    });
    assert.match(rig.disconnects[0]?.message ?? '', /before it answered the SUBSCRIBE of 20 filters/);
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
        let ended = 0;
        await using broker = await startFakeBroker({
          connect: (client) => {
            resume(client);
            if (!isOurs(client) || ended === 6) return;
            ended += 1;
            // a reset at once would eat the CONNACK
            setTimeout(() => {
              end(client);
              client.fin();
            }, 30);
          },
        });
        const rig = connectionRig(broker.url, {}, KEPT);
        await rig.open();
        await until(() => ended === 6 && rig.connection.state === 'running');
        assert.deepEqual(rig.failures, []);
        await rig.connection.close();
      },
    );
  }

  it('meets resets soon after CONNACK with growing waits, not with a storm (S4)', LIMIT, async () => {
    await using broker = await startFakeBroker({
      connect: (client) => {
        resume(client);
        setTimeout(() => client.reset(), 30);
      },
    });
    const rig = connectionRig(broker.url, { reconnectPeriod: 10, maxReconnectPeriod: 30_000 }, KEPT);
    await rig.open();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    assert.ok(broker.clients.length < 25, `${broker.clients.length} connections in 3 s`);
    await rig.connection.close();
  });

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
});

/** Publishes to `t` until it is disposed of. */
function publishing(broker: Mosquitto): Disposable {
  const rig: ConnectionRig = connectionRig(broker.url, { clientId: 'publisher' });
  let seq = 0;
  const timer = setInterval(() => {
    if (rig.connection.connected && rig.connection.session.credit > 0) rig.publish(seq++, 't');
  }, 5);
  void rig.open();
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      void rig.connection.close();
    },
  };
}
