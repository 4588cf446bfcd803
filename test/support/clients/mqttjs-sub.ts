import { connectAsync } from 'mqtt';
import { onCleanup } from '../cleanup.js';
import { until } from '../until.js';
import type { MosquittoSub, SeenMessage } from './mosquitto-sub.js';

/**
 * An independent witness that outlives a restart of its broker: MQTT.js. mosquitto's own client prints a message twice when the broker
 * sends it again after a restart with DUP 1, although it had answered with PUBREC; MQTT.js hands it on once, at PUBREL.
 */
export async function startMqttJsSub(url: string, clientId: string, topic: string): Promise<MosquittoSub> {
  const messages: SeenMessage[] = [];
  const connects: number[] = [0];
  let lastAt = performance.now();
  const client = await connectAsync(url, { clientId, clean: false, protocolVersion: 4, reconnectPeriod: 100 });
  client.on('error', () => {});
  client.on('reconnect', () => connects.push(messages.length));
  client.on('message', (name, payload, { qos, retain }) => {
    lastAt = performance.now();
    messages.push({ topic: name, payload, text: payload.toString(), qos, retain, atMs: lastAt });
  });
  await client.subscribeAsync(topic, { qos: 2 });
  const close = async () => {
    await client.endAsync(true);
    return { code: 0, signal: null };
  };
  onCleanup(async () => void (await close()));
  return {
    messages,
    connects,
    get texts() {
      return messages.map(({ text }) => text);
    },
    untilCount: async (count) => {
      await until(() => messages.length >= count, { what: `${count} messages` });
      return messages;
    },
    untilQuiet: async (quietMs) => {
      const since = performance.now();
      const quiet = () => performance.now() - Math.max(since, lastAt) >= quietMs;
      await until(quiet, { what: `${quietMs} ms without a message` });
      return messages;
    },
    close,
    [Symbol.asyncDispose]: async () => void (await close()),
  };
}
