import { startBenchMosquitto } from '../support/bench-mosquitto.js';
import type { BenchOptions } from '../support/bench-options.js';
import { compare } from '../support/compare.js';
import type { Comparison } from '../support/result.js';
import { runContender } from '../support/run-contender.js';

const CONTENDERS = [
  ['Millrace', 'sink-millrace'],
  ['MQTT.js', 'sink-mqttjs'],
  ['bare socket', 'sink-socket'],
] as const;

/** Through mosquitto, all with the same window: 20 is mosquitto's stock value, 1000 needs `max_inflight_messages 0`. */
export async function sinkCase(qos: 1 | 2, window: 20 | 1000, options: BenchOptions): Promise<Comparison> {
  const messages = Math.round(150_000 * options.scale);
  const entries = CONTENDERS.map(([contender, file]) => ({
    contender,
    measure: async () => {
      const broker = await startBenchMosquitto(window === 20 ? 20 : 0);
      try {
        return await runContender(file, { url: broker.url, toUrl: '', qos, messages, window, clientId: file });
      } finally {
        await broker.stop();
      }
    },
  }));
  return compare(`Sink through mosquitto, QoS ${qos}, window ${window}`, entries, options);
}
