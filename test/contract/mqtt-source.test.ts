import { after, before } from 'node:test';
import { MqttSources } from '../../src/mqtt/source/mqtt-sources.js';
import { startAedes } from '../support/brokers/aedes-broker.js';
import { type Mosquitto, startMosquitto } from '../support/brokers/mosquitto.js';
import { connectPeer } from '../support/clients/mqtt-peer.js';
import { type SourceFixture, sourceContract } from './source-contract.js';

let clients = 0;
const freshId = () => `contract-${process.pid}-${++clients}`;

/** Without auto-reconnect a takeover by another client is the end of the source. */
const sourceOf = (clientId: string, url: string, how: { qos: 0 | 1 | 2; protocolVersion?: 5 | 4 | 3 | undefined }) =>
  MqttSources.builder()
    .clientId(clientId)
    .broker(url)
    .keepSession()
    .autoReconnect(false)
    // 3.1 has no session-present flag, so that there every first start may find an unknown session (R6)
    .onUnknownSession(how.protocolVersion === 3 ? 'discard' : 'fail')
    .topic(`${clientId}/+`)
    .qualityOfService(how.qos)
    .connectOptionsFn(() => ({ protocolVersion: how.protocolVersion }))
    .mapToItemFn((_topic, message) => Number(message.toString()))
    .build();

const fixtureOf = async (
  source: SourceFixture<number>['source'],
  broker: { readonly port: number; readonly clientId: string; readonly qos: 0 | 1 | 2 },
): Promise<Pick<SourceFixture<number>, 'source' | 'produce' | 'sequenceOf' | 'fail' | 'stop'>> => {
  const peer = await connectPeer(broker.port);
  let made = 0;
  return {
    source,
    produce: async (count) => {
      const from = made;
      made += count;
      const payloads = Array.from({ length: count }, (_, index) => String(from + index));
      await peer.publishAll(`${broker.clientId}/x`, payloads, { qos: broker.qos });
    },
    sequenceOf: (item) => item,
    fail: async () => {
      const thief = await connectPeer(broker.port, { clientId: broker.clientId, clean: false });
      await thief.close();
    },
    stop: () => peer.close(),
  };
};

let mosquitto: Mosquitto;
before(async () => {
  mosquitto = await startMosquitto();
});
after(() => mosquitto.stop());

const NO_MEMORY = {
  redelivery: 'QoS 0 is sent once',
  acknowledgement: 'QoS 0 has no acknowledgement',
  durable: 'QoS 0 is sent once',
};
/** Copies of a QoS 1 message cannot be told from new messages. */
const TWICE = { once: 'QoS 1 comes again when the acknowledgement is lost' };
/** It handles the packets of one read side by side. PUBRECs that come one by one are answered. */
const LOSES_PUBRECS = 'aedes 1.2 answers only the last of several PUBRECs that come together';

const onMosquitto = (qos: 0 | 1 | 2, protocolVersion: 5 | 4 | 3): void => {
  sourceContract(`mosquitto, QoS ${qos}, version ${protocolVersion}`, {
    start: async () => {
      const clientId = freshId();
      const source = sourceOf(clientId, mosquitto.url, { qos, protocolVersion });
      const answered = new RegExp(`^Received ${qos === 1 ? 'PUBACK' : 'PUBREC'} from ${clientId} `);
      return {
        ...(await fixtureOf(source, { port: mosquitto.port, clientId, qos })),
        acknowledged: () => mosquitto.log.filter((line) => answered.test(line)).length,
      };
    },
    limits: [NO_MEMORY, TWICE, {}][qos] ?? {},
  });
};

for (const version of [5, 4, 3] as const) {
  for (const qos of [0, 1, 2] as const) onMosquitto(qos, version);
}

for (const qos of [0, 1, 2] as const) {
  sourceContract(`aedes, QoS ${qos}`, {
    start: async () => {
      const clientId = freshId();
      const broker = await startAedes();
      let acknowledged = 0;
      broker.aedes.on('ack', (_packet, client) => {
        if (client.id === clientId) acknowledged += 1;
      });
      const fixture = await fixtureOf(sourceOf(clientId, broker.url, { qos }), { port: broker.port, clientId, qos });
      return {
        ...fixture,
        acknowledged: () => acknowledged,
        stop: async () => {
          await fixture.stop();
          await broker.stop();
        },
      };
    },
    limits:
      [NO_MEMORY, TWICE, { redelivery: LOSES_PUBRECS, acknowledgement: LOSES_PUBRECS, durable: LOSES_PUBRECS }][qos] ??
      {},
  });
}
