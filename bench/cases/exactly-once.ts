import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type BenchMosquitto, startBenchMosquitto } from '../support/bench-mosquitto.js';
import type { BenchOptions } from '../support/bench-options.js';
import { brokersAtWork } from '../support/brokers-at-work.js';
import { compare } from '../support/compare.js';
import { fillBacklog } from '../support/fill-backlog.js';
import { type Column, type Comparison, figure, figureColumn } from '../support/result.js';
import { type Measured, runContender } from '../support/run-contender.js';
import { WARM_CPU, WARM_RATE } from '../support/warm-half.js';

/** So many that what is compiled at first is a small part of the whole. */
const BACKLOG = 120_000;
/** MQTT.js on mosquitto 2.0.11 falls to some fifty messages a second after about twenty thousand of QoS 2. */
const MQTT_JS_BACKLOG = 10_000;

/** A file system in memory: what remains without a disk. */
const MEMORY = '/dev/shm';

interface Contender {
  readonly contender: string;
  readonly file: string;
  readonly backlog: number;
  readonly dir?: string;
}

const CONTENDERS: readonly Contender[] = [
  { contender: 'Millrace, exactly once', file: 'bridge-exactly-once', backlog: BACKLOG },
  ...(existsSync(MEMORY)
    ? [{ contender: '… its store in memory', file: 'bridge-exactly-once', backlog: BACKLOG, dir: MEMORY }]
    : []),
  { contender: 'Millrace, at least once', file: 'bridge-millrace', backlog: BACKLOG },
  {
    contender: 'MQTT.js, acknowledges on receipt (unsafe)',
    file: 'bridge-mqttjs-on-receipt',
    backlog: MQTT_JS_BACKLOG,
  },
];

const brokersCpu = ({ figures }: Measured): number => figures?.brokersCpuMicros ?? Number.NaN;

const BROKERS: Column = {
  heading: 'CPU µs/message of both brokers',
  cell: ({ measured }) => figure(brokersCpu(measured) / measured.messages, 1),
};

const PROCESSORS: Column = {
  heading: '% of all processors, with the brokers',
  cell: ({ measured }) => {
    const availableMicros = measured.wallMs * 1000 * availableParallelism();
    return figure((100 * (measured.cpuMicros + brokersCpu(measured))) / availableMicros, 0);
  },
};

const FURTHER = [
  WARM_RATE,
  WARM_CPU,
  BROKERS,
  PROCESSORS,
  figureColumn('messages/commit', 'messagesPerCommit', 0),
  figureColumn('ms/commit', 'commitMs', 1),
  figureColumn('% of the time in a commit', 'commitShare', 0),
];

/**
 * Drains a backlog of QoS 2 that broker A keeps in a session to broker B. With 1,000 broker B has no limit. Broker A has one even so:
 * without, mosquitto gives the packet ids of a long backlog twice.
 */
export async function exactlyOnceCase(window: 20 | 1000, options: BenchOptions): Promise<Comparison> {
  const entries = CONTENDERS.map(({ contender, file, backlog, dir }) => ({
    contender,
    measure: async () => {
      const messages = Math.round(backlog * options.scale);
      const brokers: BenchMosquitto[] = [
        await startBenchMosquitto(window),
        await startBenchMosquitto(window === 20 ? 20 : 0),
      ];
      const [from = '', to = ''] = brokers.map(({ url }) => url);
      try {
        await fillBacklog(from, 'bench-bridge', { messages, qos: 2 });
        const task = {
          url: from,
          toUrl: to,
          qos: 2,
          messages,
          window,
          clientId: 'bench-bridge',
          ...(dir && { dir }),
        } as const;
        return await runContender(file, task, brokersAtWork(brokers.map(({ pid }) => pid)));
      } finally {
        for (const broker of brokers) await broker.stop();
      }
    },
  }));
  const name = window === 20 ? 'stock window (20)' : 'unlimited window';
  const comparison = await compare(`Bridge draining a backlog, QoS 2, ${name}`, entries, options);
  return { ...comparison, further: FURTHER };
}
