import type { BenchOptions } from '../support/bench-options.js';
import { compare } from '../support/compare.js';
import type { Comparison } from '../support/result.js';
import { runContender } from '../support/run-contender.js';
import { startFakeBroker } from '../support/start-fake-broker.js';

const WINDOW = 1000;

const CONTENDERS = [
  ['Millrace', 'source-millrace'],
  ['MQTT.js', 'source-mqttjs'],
  ['bare socket', 'source-socket'],
] as const;

/** What is told of each message to nobody, and made spans of. */
const TRACED = [
  ['Millrace', 'source-millrace'],
  ['Millrace, traced', 'source-millrace-traced'],
] as const;

/** The same recorded stream to each, from a broker that only counts. */
export const sourceCase = (qos: 0 | 1 | 2, options: BenchOptions): Promise<Comparison> =>
  compareSources(`Source, QoS ${qos}, window ${WINDOW}`, { qos, contenders: CONTENDERS }, options);

/** What tracing costs a source. */
export const tracesCase = (options: BenchOptions): Promise<Comparison> =>
  compareSources(`Source with traces, QoS 1, window ${WINDOW}`, { qos: 1, contenders: TRACED }, options);

interface SourceWork {
  readonly qos: 0 | 1 | 2;
  readonly contenders: readonly (readonly [contender: string, file: string])[];
}

async function compareSources(
  title: string,
  { qos, contenders }: SourceWork,
  options: BenchOptions,
): Promise<Comparison> {
  const messages = Math.round((qos === 0 ? 2_000_000 : 600_000) * options.scale);
  const entries = contenders.map(([contender, file]) => ({
    contender,
    measure: async () => {
      const broker = await startFakeBroker({ qos, messages, window: WINDOW });
      try {
        const task = { url: broker.url, toUrl: '', qos, messages, window: WINDOW, clientId: file };
        return await runContender(file, task, broker);
      } finally {
        await broker.stop();
      }
    },
  }));
  return compare(title, entries, options);
}
