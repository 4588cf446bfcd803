import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodePacket } from '../../src/mqtt/protocol/codec/encode/encode-packet.js';
import type { Packet, PacketType } from '../../src/mqtt/protocol/packet.js';
import { type FakeClient, type FakeScript, startFakeBroker } from '../support/brokers/fake-broker.js';
import { keepingScript } from '../support/brokers/keeping-broker.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { type ConnectionRig, connectionRig, wanted } from '../support/rigs/connection-rig.js';
import { durableRig } from '../support/rigs/durable-rig.js';
import { MemoryRecord } from '../support/store/memory-record.js';
import { until } from '../support/until.js';

/*
 * A broker that is stopped says so behind whatever it had to say, and one segment brings both: the answer is handled on a connection that is
 * over already. Nothing may come of that but the next connection.
 */

const STOPPING: Packet = { type: 'disconnect', reasonCode: 0x8b };

/** The first packet of this type that is sent to the client is the last one of its connection. */
class LastWords {
  said = false;
  readonly #type: PacketType;

  constructor(type: PacketType) {
    this.#type = type;
  }

  readonly send = (client: FakeClient, packet: Packet): void => {
    const isLast = !this.said && packet.type === this.#type && client.connect?.clean === false;
    const packets = isLast ? [packet, STOPPING] : [packet];
    client.sendBytes(Buffer.concat(packets.map((one) => encodePacket(one, 5))));
    if (!isLast) return;
    this.said = true;
    client.fin();
  };

  /** The client as a script sees it. */
  of(client: FakeClient): FakeClient {
    const { index, connect, packets, ended, gotFin, pendingBytes } = client;
    return {
      ...{ index, connect, packets, ended, gotFin, pendingBytes },
      send: (packet) => this.send(client, packet),
      sendBytes: (bytes) => client.sendBytes(bytes),
      setReading: (reading) => client.setReading(reading),
      fin: () => client.fin(),
      reset: () => client.reset(),
    };
  }
}

const message: Packet = {
  type: 'publish',
  topic: 'in',
  payload: new Uint8Array(3),
  qos: 2,
  retain: false,
  dup: false,
  packetId: 9,
};

const scriptOf = (words: LastWords): FakeScript => {
  const keeping = keepingScript();
  const { send } = words;
  return {
    connect: (client, packet) => keeping.connect(words.of(client), packet),
    subscribe: (client, packet) => {
      keeping.subscribe?.(words.of(client), packet);
      if (packet.subscriptions.some(({ filter }) => filter === 'in')) send(client, message);
    },
    unsubscribe: (client, packet) => keeping.unsubscribe?.(words.of(client), packet),
    publish: (client, { qos, packetId }) => {
      if (qos > 0) send(client, { type: qos === 1 ? 'puback' : 'pubrec', packetId, reasonCode: 0 });
    },
    pubrec: (client, { packetId }) => send(client, { type: 'pubrel', packetId, reasonCode: 0 }),
    pubrel: (client, { packetId }) => send(client, { type: 'pubcomp', packetId, reasonCode: 0 }),
    pingreq: (client) => send(client, { type: 'pingresp' }),
    disconnect: (client, packet) => keeping.disconnect?.(client, packet),
  };
};

const LIVES: Readonly<Record<string, (url: string) => ConnectionRig>> = {
  'without a store': (url) =>
    connectionRig(
      url,
      { keepalive: 1 },
      { subscriptions: [wanted('in', { qos: 2 })], keepSession: true, startClean: false },
    ),
  'with a store': (url) =>
    durableRig(url, {
      record: new MemoryRecord(),
      options: { keepalive: 1 },
      input: { subscriptions: [wanted('in', { qos: 2 })] },
    }),
};

describe('connection: what a broker says last', SUITE_LIMIT, () => {
  for (const [life, open] of Object.entries(LIVES)) {
    for (const type of ['connack', 'suback', 'publish', 'puback', 'pubrec', 'pubrel', 'pubcomp', 'pingresp'] as const) {
      it(`${type} and DISCONNECT in one segment lead to the next connection, ${life}`, () => goesOn(type, open));
    }
  }

  it('so do the answer for a marker and DISCONNECT', () => goesOn('unsuback', LIVES['with a store'] ?? assert.fail()));
});

async function goesOn(type: PacketType, open: (url: string) => ConnectionRig): Promise<void> {
  const words = new LastWords(type);
  await using broker = await startFakeBroker(scriptOf(words));
  const rig = open(broker.url);
  await rig.open();
  for (const [seq, qos] of [
    [0, 1],
    [1, 2],
  ] as const) {
    await until(() => rig.connection.session.credit > 0);
    rig.publish(seq, 'out', { qos });
  }
  // what was to follow a SUBACK that came last never came
  await until(() => words.said && rig.delivered.length === 2 && (type === 'suback' || rig.messages.length > 0));
  await until(() => rig.connection.state === 'running' && rig.connection.session.inflight === 0);
  assert.deepEqual(rig.failures, []);
  await rig.connection.close();
}
