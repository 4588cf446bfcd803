import type { ConnectOptions } from '../../src/mqtt/connection/options/connect-options.js';
import type { QualityOfService } from '../../src/mqtt/protocol/quality-of-service.js';
import { MqttSinks } from '../../src/mqtt/sink/index.js';
import { startAedes } from '../support/brokers/aedes-broker.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { type SinkFixture, sinkContract } from './sink-contract.js';

/** A broker and what it hands out on topic `t`. */
interface Destination {
  readonly port: number;
  received(): readonly string[];
  stop(): Promise<void>;
}

const mosquitto = async (): Promise<Destination> => {
  const broker = await startMosquitto();
  const sub = await startMosquittoSub({ port: broker.port, topic: 't' });
  const stop = async () => {
    await sub.close();
    await broker.stop();
  };
  return { port: broker.port, received: () => sub.texts, stop };
};

const aedes = async (): Promise<Destination> => {
  const broker = await startAedes();
  const texts: string[] = [];
  broker.aedes.on('publish', ({ topic, payload }) => {
    if (topic === 't') texts.push(payload.toString());
  });
  return { port: broker.port, received: () => texts, stop: () => broker.stop() };
};

/** A sink behind a proxy that can hold back what the broker confirms, or cut the only connection that there will be. */
const start =
  (destination: () => Promise<Destination>, qos: QualityOfService, options: ConnectOptions) =>
  async (): Promise<SinkFixture<string>> => {
    const broker = await destination();
    const proxy = await startChaosProxy({ to: broker });
    const sink = MqttSinks.builder<string>()
      .broker(proxy.url)
      .topic('t')
      .clientId('contract')
      .qualityOfService(qos)
      .autoReconnect(false)
      .maxBufferedMessages(500)
      .connectOptionsFn(() => options)
      .build();
    return {
      sink,
      item: String,
      received: () => broker.received().map(Number),
      hold: () => proxy.blackhole('to-client'),
      release: () => proxy.heal(),
      fail: () => proxy.cutAll(),
      stop: async () => {
        await proxy.close();
        await broker.stop();
      },
    };
  };

for (const qos of [1, 2] as const) {
  for (const protocolVersion of [5, 4, 3] as const) {
    sinkContract(`MqttSinks on mosquitto, version ${protocolVersion}, QoS ${qos}`, {
      start: start(mosquitto, qos, { protocolVersion }),
      limits: {},
    });
  }
  sinkContract(`MqttSinks on aedes, QoS ${qos}`, {
    start: start(aedes, qos, { protocolVersion: 4 }),
    limits: {},
  });
}
