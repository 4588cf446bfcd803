import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RetryStrategies } from '../../src/index.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { LIMIT, SUITE_LIMIT } from '../support/limits.js';
import type { SeenFrame } from '../support/proxy/chaos-proxy.js';
import type { Frame } from '../support/proxy/mqtt-frames.js';
import {
  assertSound,
  type BridgeOptions,
  BridgeRig,
  type RigBrokers,
  startBridge,
  startRigBrokers,
  stopRigBrokers,
} from '../support/rigs/bridge-rig.js';
import { until } from '../support/until.js';

/*
 * Group E of the fault matrix: what happens between an at-least-once sink and its broker. As long as the process lives, QoS 2
 * makes no duplicate.
 */

const QUALITIES = [1, 2] as const;
let brokers: RigBrokers;

const bridge = (options: BridgeOptions) => startBridge(brokers, options);

/** The same acknowledgement with another reason code (5.0). */
const withReason = (code: number) => (frame: Frame) => {
  const [high = 0, low = 0] = frame.bytes.subarray(2, 4);
  return [Uint8Array.from([frame.bytes[0] ?? 0x40, 3, high, low, code])];
};

/** The most QoS 1 and 2 messages that a connection of the sink ever had in flight. */
function mostInFlight(frames: readonly SeenFrame[], connection: number): number {
  const flying = new Set<number | undefined>();
  let most = 0;
  for (const frame of frames.filter((one) => one.connection === connection)) {
    if (frame.type === 'publish') flying.add(frame.packetId);
    if (frame.type === 'puback' || frame.type === 'pubcomp') flying.delete(frame.packetId);
    most = Math.max(most, flying.size);
  }
  return most;
}

/** The connections of the sink on which it published. */
function publishing(rig: BridgeRig): number[] {
  return [...new Set(rig.sink.frames('client', 'publish').map(({ connection }) => connection))];
}

describe('E: the network between the sink and its broker', SUITE_LIMIT, () => {
  before(async () => {
    brokers = await startRigBrokers();
  });
  after(() => stopRigBrokers(brokers));

  for (const qos of QUALITIES) {
    for (const version of [5, 4] as const) {
      it(
        `E2 what was in flight at a cut goes out again first, with its ids and DUP 1, in order (QoS ${qos}, ${version})`,
        LIMIT,
        async () => {
          await using rig = await bridge({ qos, version });
          const answer = qos === 1 ? 'puback' : 'pubrec';
          const fault = rig.sink.cut({ when: { from: 'server', type: answer, nth: 20 } });
          await rig.publish(300);
          const delivery = await rig.settle();
          await fault.fired();
          assertSound(delivery, { once: qos === 2 });
          const [first = 0, second = 0] = publishing(rig);
          const published = (connection: number) =>
            rig.sink.frames('client', 'publish').filter((frame) => frame.connection === connection);
          const [before, after] = [published(first), published(second)];
          const repeated = after.filter(({ dup }) => dup);
          assert.ok(repeated.length > 0, 'something was in flight');
          assert.deepEqual(after.slice(0, repeated.length), repeated, 'first of all');
          const ids = repeated.map(({ packetId = 0 }) => packetId);
          assert.deepEqual(
            ids,
            [...ids].sort((a, b) => a - b),
          );
          for (const frame of repeated) {
            const original = before.find(({ packetId }) => packetId === frame.packetId);
            // What the client wrote while the connection was being cut never came to the proxy.
            if (original !== undefined) assert.deepEqual(withoutDup(frame.bytes), withoutDup(original.bytes));
          }
        },
      );
    }
  }

  for (const qos of QUALITIES) {
    it(`E2 cuts at every answer of the broker lose and reorder nothing (QoS ${qos})`, LIMIT, async () => {
      await using rig = await bridge({ qos });
      const types = qos === 1 ? (['puback'] as const) : (['pubrec', 'pubcomp'] as const);
      const faults = types.map((type) => rig.sink.cut({ when: { from: 'server', type, nth: 37, times: 5 } }));
      await rig.publish(400);
      const delivery = await rig.settle();
      for (const fault of faults) await fault.fired({ count: 5 });
      assertSound(delivery, { once: qos === 2 });
    });
  }

  for (const code of [0x80, 0x83, 0x97]) {
    it(`E3 a refusal 0x${code.toString(16)} for now is published again as a new message, in order`, LIMIT, async () => {
      await using rig = await bridge({ qos: 1, sink: { retryStrategy: RetryStrategies.indefinitely(30) } });
      // The broker took the message; only its answer says otherwise. So the retry is the one duplicate.
      const fault = rig.sink.replace({ from: 'server', type: 'puback', nth: 10 }, withReason(code));
      await rig.publish(60);
      const delivery = await rig.settle();
      await fault.fired();
      assertSound(delivery, { once: false });
      assert.equal(delivery.duplicates, 1);
      assert.equal(rig.metric('millrace_sink_retried_total'), 1);
    });
  }

  for (const code of [0x87, 0x90, 0x99]) {
    it(
      `E3 a refusal 0x${code.toString(16)} is permanent: by default it fails the job, with skip it is counted`,
      LIMIT,
      async () => {
        await using failing = await bridge({ sink: { retryStrategy: RetryStrategies.indefinitely(10) } });
        failing.sink.replace({ from: 'server', type: 'puback', nth: 5 }, withReason(code));
        await failing.publish(20);
        await until(() => failing.failure, { what: 'the job to fail' });
        assert.equal(failing.failure?.code, 'PUBLISH_REFUSED');
        assert.equal(failing.failure?.reasonCode, code);

        await using skipping = await bridge({ sink: { onError: 'skip' } });
        skipping.sink.replace({ from: 'server', type: 'puback', nth: 5 }, withReason(code));
        await skipping.publish(20);
        assertSound(await skipping.settle(), { once: true });
        assert.equal(skipping.metric('millrace_sink_refused_total'), 1);
      },
    );
  }

  it('E3 0x10, nobody subscribes, is success', LIMIT, async () => {
    await using rig = await bridge({});
    const fault = rig.sink.replace({ from: 'server', type: 'puback', nth: 3, times: 4 }, withReason(0x10));
    await rig.publish(30);
    assertSound(await rig.settle(), { once: true });
    assert.equal(fault.count, 4);
  });

  it('E4 acknowledgements for unknown ids, or given twice, do no harm to the window', LIMIT, async () => {
    await using rig = await bridge({ sinkConnect: { maxInflight: 5 } });
    const twice = rig.sink.duplicate({ from: 'server', type: 'puback', nth: 2, times: 10 });
    const unknown = rig.sink.replace({ from: 'server', type: 'puback', nth: 3, times: 10 }, ({ bytes }) => [
      Uint8Array.from([0x40, 2, 0xe9, 0x99]),
      bytes,
    ]);
    await rig.publish(100);
    assertSound(await rig.settle(), { once: true });
    await twice.fired({ count: 10 });
    await unknown.fired({ count: 1 });
    for (const connection of publishing(rig)) assert.ok(mostInFlight(rig.sink.seen, connection) <= 5);
  });

  it(
    'E5 a broker that owes acknowledgements is reconnected to; nothing is sent twice on a connection',
    LIMIT,
    async () => {
      await using rig = await bridge({ sinkConnect: { ackTimeout: 500 } });
      const fault = rig.sink.drop({
        from: 'server',
        type: 'puback',
        where: () => rig.sink.connections < 3,
        times: 1000,
      });
      await rig.publish(50);
      const delivery = await rig.settle();
      await fault.fired();
      assertSound(delivery, { once: false });
      const perConnection = publishing(rig).map((connection) =>
        rig.sink.frames('client', 'publish').filter((frame) => frame.connection === connection),
      );
      assert.ok(perConnection.length >= 2);
      for (const frames of perConnection) {
        assert.equal(new Set(frames.map(({ packetId }) => packetId)).size, frames.length);
      }
    },
  );

  for (const qos of QUALITIES) {
    it(
      `E6 the sink never has more in flight than the server's Receive Maximum, which may change (QoS ${qos})`,
      LIMIT,
      async () => {
        const limits = [1, 20, 7];
        await using rig = await BridgeRig.open(brokers, { qos });
        const fault = rig.sink.replace({ from: 'server', type: 'connack', times: 100 }, (frame) => {
          const nth = rig.sink.count('server', 'connack');
          return [withReceiveMaximum(frame.bytes, limits[Math.max(0, nth - 1) % limits.length] ?? 1)];
        });
        const cut = rig.sink.cut({ when: { from: 'client', type: 'publish', nth: 60, times: 2 }, at: 'after' });
        await rig.running();
        await rig.publish(300);
        assertSound(await rig.settle(), { once: qos === 2 });
        await cut.fired({ count: 2 });
        await fault.fired({ count: 3 });
        for (const [index, connection] of publishing(rig).entries()) {
          const limit = limits[index % limits.length] ?? 0;
          const most = mostInFlight(rig.sink.seen, connection);
          assert.ok(most <= limit, `connection ${connection}: ${most} in flight, Receive Maximum ${limit}`);
        }
      },
    );
  }

  it('E7 what the CONNACK calls too large is refused before it is sent (5.0)', LIMIT, async () => {
    await using small = await startMosquitto({ config: ['max_packet_size 300'] });
    await using rig = await startBridge(
      { from: brokers.from, to: small },
      { sink: { onError: 'skip', messageFn: padded(50) } },
    );
    await rig.publish(100);
    await until(() => rig.idle && rig.job.metrics().itemsReceived === 100, { what: () => rig.describe() });
    assert.equal(rig.metric('millrace_sink_refused_total'), 2);
    assert.equal(publishing(rig).length, 1);
    assert.ok(rig.sink.frames('client', 'publish').every(({ bytes }) => bytes.length <= 300));
  });

  it(
    'E7 where the broker only hangs up, the poisonous message is given up and the others are delivered (3.1.1)',
    LIMIT,
    async () => {
      await using small = await startMosquitto({ config: ['max_packet_size 300'] });
      const options = { version: 4, sink: { onError: 'skip', messageFn: padded(50) } } as const;
      await using rig = await startBridge({ from: brokers.from, to: small }, options);
      await rig.publish(100);
      await until(() => rig.idle && rig.job.metrics().itemsReceived === 100, {
        what: () => rig.describe(),
      });
      assert.equal(rig.metric('millrace_sink_refused_total'), 2);
      // five kills for each of the two; a connection on which others were acknowledged before the reset starts the count anew
      assert.ok(publishing(rig).length <= 40, `${publishing(rig).length} connections`);
    },
  );

  for (const qos of QUALITIES) {
    it(
      `E8 a sink without its broker fills its buffer, then the source holds back: nothing is dropped (QoS ${qos})`,
      LIMIT,
      async () => {
        const sourceConnect = { properties: { receiveMaximum: 200 } };
        const options = { qos, sourceConnect, sink: { maxBufferedMessages: 100 }, job: { maxItemsInFlight: 300 } };
        await using rig = await bridge(options);
        rig.sink.refuse();
        rig.sink.cutAll();
        await rig.publish(2_000);
        await sleep(300);
        const { itemsInFlight, itemsReceived } = rig.job.metrics();
        assert.ok(itemsInFlight <= 300, `${itemsInFlight} in flight`);
        assert.ok(itemsReceived <= 600, `${itemsReceived} received`);
        assert.ok(rig.metric('millrace_sink_buffered') <= 100);
        rig.sink.heal();
        assertSound(await rig.settle(), { once: qos === 2 });
        assert.equal(rig.source.connections, 1);
      },
    );
  }

  it('E9 QoS 0 messages among others are never counted as confirmed', LIMIT, async () => {
    await using rig = await bridge({
      sink: {
        messageFn: (item) => ({
          topic: `${rigRun(item.text)}/out/${item.topic}`,
          payload: item.text,
          qos: item.topic === 'c' ? 0 : 1,
          retain: item.topic === 'b',
        }),
      },
    });
    await rig.publish(90);
    assertSound(await rig.settle(), { once: true });
    assert.equal(rig.metric('millrace_sink_unconfirmed_total'), 30);
    assert.equal(rig.metric('millrace_sink_delivered_total'), 60);
    assert.equal(
      rig.sink.count('client', 'publish', ({ qos, retain }) => qos === 1 && retain),
      30,
    );
  });

  it('none: a sink that is gone bounds its buffer by its policy and counts what it drops', LIMIT, async () => {
    const sink = { maxBufferedMessages: 100, offlineOverflow: 'drop-oldest' } as const;
    await using rig = await bridge({ guarantee: 'none', forgetSession: true, sink });
    rig.sink.refuse();
    rig.sink.cutAll();
    await rig.publish(1_000);
    await until(() => rig.job.metrics().itemsReceived === 1_000, { what: () => rig.describe() });
    await until(() => rig.metric('millrace_sink_buffered') <= 100);
    rig.sink.heal();
    await until(() => rig.idle, { what: () => rig.describe() });
    await rig.witness.untilQuiet(150);
    const { lost, phantoms, disordered, duplicates } = rig.verdict();
    assert.deepEqual([phantoms, disordered, duplicates], [[], [], 0]);
    assert.equal(lost.length, rig.metric('millrace_sink_dropped_total'));
    assert.ok(lost.length >= 800 && lost.length <= 900, `${lost.length} lost`);
  });
});

function withoutDup(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[0] = (copy[0] ?? 0) & ~0x08;
  return copy;
}

/** Makes the message of every n-th item larger than 300 bytes. */
function padded(every: number): (item: { topic: string; text: string }) => { topic: string; payload: string } {
  let count = 0;
  return ({ topic, text }) => {
    count += 1;
    return { topic: `padded/${topic}`, payload: count % every === 0 ? text.padEnd(500) : text };
  };
}

/** The rig's name at the beginning of every text. */
function rigRun(text: string): string {
  return text.split('/')[0] ?? '';
}

/** The CONNACK of a 5.0 broker with another Receive Maximum (property 0x21) in place of its own. */
function withReceiveMaximum(connack: Uint8Array, limit: number): Uint8Array {
  const copy = Buffer.from(connack);
  const at = copy.indexOf(0x21, 5);
  if (at < 0) throw new Error('the broker sent no Receive Maximum');
  copy.writeUInt16BE(limit, at + 1);
  return copy;
}
