import { type BenchMosquitto, startBenchMosquitto } from '../support/bench-mosquitto.js';
import type { BenchOptions } from '../support/bench-options.js';
import { compare } from '../support/compare.js';
import type { ContenderTask } from '../support/contender.js';
import { fillBacklog } from '../support/fill-backlog.js';
import { runMosquittoPipe } from '../support/mosquitto-pipe.js';
import type { Comparison } from '../support/result.js';
import { type Measured, runContender } from '../support/run-contender.js';

const CONTENDERS: readonly (readonly [string, (task: ContenderTask) => Promise<Measured>])[] = [
  ['Millrace', (task) => runContender('bridge-millrace', task)],
  ['MQTT.js, acknowledges after publishing', (task) => runContender('bridge-mqttjs-safe', task)],
  ['MQTT.js, acknowledges on receipt (unsafe)', (task) => runContender('bridge-mqttjs-on-receipt', task)],
  ['mosquitto_sub \\| mosquitto_pub (unsafe)', runMosquittoPipe],
];

/** Drains a backlog of QoS 1 that broker A keeps in a session to broker B. */
export async function bridgeCase(window: 20 | 1000, options: BenchOptions): Promise<Comparison> {
  const messages = Math.round((window === 20 ? 100_000 : 200_000) * options.scale);
  const maxInflight = window === 20 ? 20 : 0;
  const entries = CONTENDERS.map(([contender, measure]) => ({
    contender,
    measure: async () => {
      const brokers: BenchMosquitto[] = [
        await startBenchMosquitto(maxInflight),
        await startBenchMosquitto(maxInflight),
      ];
      const [from = '', to = ''] = brokers.map(({ url }) => url);
      try {
        await fillBacklog(from, 'bench-bridge', { messages, qos: 1 });
        return await measure({ url: from, toUrl: to, qos: 1, messages, window, clientId: 'bench-bridge' });
      } finally {
        for (const broker of brokers) await broker.stop();
      }
    },
  }));
  const name = window === 20 ? 'stock window (20)' : 'unlimited window';
  return compare(`Bridge draining a backlog, QoS 1, ${name}`, entries, options);
}
