import type { ClusterPlace } from '../../../src/cluster/engine/cluster-place.js';
import type { ClusterJobOptions } from '../../../src/cluster/job/cluster-job-options.js';
import { MqttSinks, MqttSources, Pipeline, QualityOfService } from '../../../src/index.js';
import type { Mosquitto } from '../brokers/mosquitto.js';
import { BrokerEnds } from './broker-ends.js';
import { type JobNode, joinJob, quickEngine } from './job-node.js';
import { MemoryCluster } from './memory-place.js';

export const KEYED_JOB = { name: 'keyed', processingGuarantee: 'exactly-once', partitions: 3 } as const;
export const DEVICES = 8;

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
  readonly seen: readonly string[];
  readonly #ends: BrokerEnds;
  #nodes = 0;

  private constructor(ends: BrokerEnds) {
    this.broker = ends.broker;
    this.seen = ends.seen;
    this.#ends = ends;
  }

  static async start(): Promise<KeyedRig> {
    return new KeyedRig(await BrokerEnds.start());
  }

  /** Starts a node, which meets the others in memory, or where it is told. */
  node(
    pipeline: Pipeline,
    options: Partial<ClusterJobOptions> = {},
    place: ClusterPlace = this.memory.place(),
  ): JobNode {
    this.#nodes += 1;
    return joinJob(quickEngine({ place, node: `n${this.#nodes}` }), pipeline, { ...KEYED_JOB, ...options });
  }

  /** One reading of each device in each round. */
  async send(rounds: number, first = 0): Promise<void> {
    await this.#ends.publishRounds(DEVICES, upTo(rounds, first).map(String));
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
