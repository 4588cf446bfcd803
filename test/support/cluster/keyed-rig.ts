import { ClusterEngine } from '../../../src/cluster/engine/cluster-engine.js';
import type { ClusterPlace } from '../../../src/cluster/engine/cluster-place.js';
import type { ClusterJob } from '../../../src/cluster/job/cluster-job.js';
import { MqttSinks, MqttSources, Pipeline, QualityOfService } from '../../../src/index.js';
import { type Mosquitto, startMosquitto } from '../brokers/mosquitto.js';
import { onCleanup } from '../cleanup.js';
import { connectPeer } from '../clients/mqtt-peer.js';
import { MemoryCluster } from './memory-place.js';

export const KEYED_JOB = { name: 'keyed', processingGuarantee: 'exactly-once', partitions: 3 } as const;
export const DEVICES = 8;
const LEASE_MS = 600;

export interface Reading {
  readonly device: string;
  readonly number: number;
}

export const readings = (broker: Mosquitto) =>
  MqttSources.builder()
    .clientId('meters')
    .broker(broker.url)
    .topic('in/+')
    .qualityOfService(QualityOfService.EXACTLY_ONCE)
    .keepSession()
    .mapToItemFn((topic, message): Reading => ({ device: topic, number: Number(message.toString()) }));

export const lines = (broker: Mosquitto) =>
  MqttSinks.builder<string>().clientId('meters-out').broker(broker.url).topic('out').build();

/** Counts the readings of each device. */
export const counting = (broker: Mosquitto, spread: 'shared' | 'first'): Pipeline => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(readings(broker).spread(spread).build())
    .groupingKey(({ device }) => device)
    .mapStateful(
      () => ({ seen: 0 }),
      (state, device, { number }) => {
        state.seen += 1;
        return `${device} ${state.seen} ${number}`;
      },
    )
    .setName('count')
    .writeTo(lines(broker));
  return pipeline;
};

/** Nodes in this process, what they share, a broker, and what came out. */
export class KeyedRig {
  readonly memory = new MemoryCluster();
  readonly broker: Mosquitto;
  readonly seen: string[] = [];
  readonly #publisher: Awaited<ReturnType<typeof connectPeer>>;
  #nodes = 0;

  private constructor(broker: Mosquitto, publisher: Awaited<ReturnType<typeof connectPeer>>) {
    this.broker = broker;
    this.#publisher = publisher;
  }

  static async start(): Promise<KeyedRig> {
    const broker = await startMosquitto();
    const rig = new KeyedRig(broker, await connectPeer(broker.port, { clientId: 'publisher' }));
    const witness = await connectPeer(broker.port, { clientId: 'witness', clean: false });
    witness.client.on('message', (_, payload) => void rig.seen.push(payload.toString()));
    await witness.client.subscribeAsync('out', { qos: 2 });
    return rig;
  }

  /** Starts a node, which meets the others in memory, or where it is told. */
  node(
    pipeline: Pipeline,
    options: object = {},
    place: ClusterPlace = this.memory.place(),
  ): { readonly engine: ClusterEngine; readonly job: ClusterJob } {
    this.#nodes += 1;
    const parts = { place, node: `n${this.#nodes}`, leaseMs: LEASE_MS, standbys: 0, warnings: false };
    const engine = new ClusterEngine(parts);
    onCleanup(() => engine.shutdown());
    const job = engine.newJob(pipeline, { ...KEYED_JOB, ...options });
    job.join().catch(() => {});
    return { engine, job };
  }

  /** One reading of each device in each round. */
  async send(rounds: number, first = 0): Promise<void> {
    for (let number = first; number < first + rounds; number += 1)
      for (let device = 0; device < DEVICES; device += 1)
        await this.#publisher.publishAll(`in/${device}`, [String(number)], { qos: 2 });
  }
}

/** What the counts of each device are, and which readings were counted, as they came. */
export const byDevice = (
  seen: readonly string[],
): ReadonlyMap<string, { readonly counts: number[]; readonly numbers: number[] }> => {
  const devices = new Map<string, { counts: number[]; numbers: number[] }>();
  for (const line of seen) {
    const [device = '', count, number] = line.split(' ');
    const one = devices.get(device) ?? { counts: [], numbers: [] };
    devices.set(device, one);
    one.counts.push(Number(count));
    one.numbers.push(Number(number));
  }
  return devices;
};

export const upTo = (count: number, first = 0): number[] => Array.from({ length: count }, (_, index) => first + index);
export const ascending = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);
