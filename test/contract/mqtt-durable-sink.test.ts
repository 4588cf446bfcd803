import type { ConnectOptions } from '../../src/mqtt/connection/options/connect-options.js';
import { MqttSinks } from '../../src/mqtt/sink/index.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { startChaosProxy } from '../support/proxy/chaos-proxy.js';
import { type DurableSinkFixture, durableSinkContract } from './durable-sink-contract.js';

/** A sink behind a proxy that can hold back what the broker confirms, or cut the only connection that there will be. */
const start = (options: ConnectOptions, qos: 1 | 2) => async (): Promise<DurableSinkFixture<string>> => {
  const broker = await startMosquitto();
  const sub = await startMosquittoSub({ port: broker.port, topic: 't' });
  const proxy = await startChaosProxy({ to: broker });
  const sink = MqttSinks.builder<string>()
    .broker(proxy.url)
    .topic('t')
    .clientId('contract')
    .qualityOfService(qos)
    .autoReconnect(false)
    .connectOptionsFn(() => options)
    .build();
  return {
    sink,
    item: String,
    received: () => sub.texts.map(Number),
    hold: () => proxy.blackhole('to-client'),
    release: () => proxy.heal(),
    fail: () => proxy.cutAll(),
    stop: async () => {
      await proxy.close();
      await sub.close();
      await broker.stop();
    },
  };
};

for (const protocolVersion of [5, 4] as const) {
  durableSinkContract(`MqttSinks on mosquitto, version ${protocolVersion}, QoS 2`, {
    start: start({ protocolVersion }, 2),
    guarantee: 'exactly-once',
    limits: {},
  });
}

durableSinkContract('MqttSinks on mosquitto, version 5, QoS 1', {
  start: start({ protocolVersion: 5 }, 1),
  guarantee: 'at-least-once',
  limits: { repeats: 'QoS 1 is at least once' },
});
