import type { NatsServerProgram } from '../../../scripts/nats-servers.js';
import { streamName } from '../../../src/store/jetstream/names.js';
import { type Mosquitto, startMosquitto } from '../brokers/mosquitto.js';
import { onCleanup } from '../cleanup.js';
import { type MosquittoSub, startMosquittoSub } from '../clients/mosquitto-sub.js';
import { type NatsCluster, startNats } from '../nats/nats-cluster.js';
import { readSeenLog, type SeenLog } from '../nats/seen-log.js';
import { tempDir } from '../temp-dir.js';
import { until } from '../until.js';
import { CLUSTER_JOBS, type ClusterJobSpec } from './cluster-jobs.js';
import { ClusterNetwork } from './cluster-network.js';
import { ClusterNode } from './cluster-node.js';
import { JobFlow } from './job-flow.js';

/** What a rig is made of. */
export interface ClusterRigOptions {
  /** Default: the newest that is here. */
  readonly program?: NatsServerProgram;
  /** Default `CLUSTER_JOBS`. */
  readonly jobs?: readonly ClusterJobSpec[];
  /** Default three. */
  readonly nodes?: readonly string[];
  /** Messages of each job. Default 15: each commit is flushed by three servers. */
  readonly perSecond?: number;
  /** Default 0. */
  readonly standbys?: number;
  /** From which the jobs read. Default: a mosquitto. */
  readonly from?: Broker;
}

/** Where messages come from, or go to. */
interface Broker {
  readonly port: number;
  readonly url: string;
}

/** As it is by default: with a shorter one nodes of a busy machine take partitions from each other all the time. */
export const LEASE_MS = 3_000;
/** A copy would come sooner. */
const QUIET_MS = 1_000;

interface Parts {
  readonly servers: NatsCluster;
  readonly network: ClusterNetwork;
  readonly nodes: readonly ClusterNode[];
  readonly flows: readonly JobFlow[];
  readonly witness: MosquittoSub;
  /** Those that it has started. */
  readonly brokers: readonly Mosquitto[];
}

/**
 * Three NATS servers, two brokers and the nodes, each a process of its own; between nodes, servers and brokers a network that can be cut.
 * `mosquitto_pub` sends to one broker and `mosquitto_sub` sees what comes out of the other; faults touch neither of them.
 */
export class ClusterRig implements AsyncDisposable {
  readonly servers: NatsCluster;
  readonly network: ClusterNetwork;
  readonly nodes: readonly ClusterNode[];
  readonly flows: readonly JobFlow[];
  readonly #witness: MosquittoSub;
  readonly #brokers: readonly Mosquitto[];
  #taken = 0;

  private constructor({ servers, network, nodes, flows, witness, brokers }: Parts) {
    this.servers = servers;
    this.network = network;
    this.nodes = nodes;
    this.flows = flows;
    this.#witness = witness;
    this.#brokers = brokers;
    onCleanup(() => this[Symbol.asyncDispose]());
  }

  /** Resolves when all partitions run, under load. */
  static async start(options: ClusterRigOptions = {}): Promise<ClusterRig> {
    const { program, jobs = CLUSTER_JOBS, nodes: ids = ['a', 'b', 'c'], perSecond = 15, standbys = 0 } = options;
    const network = new ClusterNetwork();
    const routeVia = async (from: string, to: string, port: number) =>
      (await network.wire(from, to, port, { opaque: true })).port;
    const [servers, to, own] = await Promise.all([
      startNats({ ...(program && { program }), size: 3, routeVia }),
      startMosquitto(),
      options.from === undefined ? startMosquitto() : undefined,
    ]);
    const from = options.from ?? own;
    if (from === undefined) throw new Error('nothing to read from');
    const brokers = own === undefined ? [to] : [own, to];
    const around = { servers, network, jobs, standbys, from, to };
    const nodes = await Promise.all(ids.map((id) => makeNode(id, around)));
    const witness = await startMosquittoSub({ port: to.port, topic: '+/out/#', clientId: 'witness' });
    const flows = jobs.map((spec) => new JobFlow(spec, from.port));
    const rig = new ClusterRig({ servers, network, nodes, flows, witness, brokers });
    await Promise.all(nodes.map((node) => node.start()));
    for (const { spec } of flows) for (const partition of partitionsOf(spec)) await rig.owner(spec, partition);
    for (const flow of flows) flow.pour(perSecond);
    return rig;
  }

  /** The node that has a partition. */
  owner({ name }: ClusterJobSpec, partition: number): Promise<ClusterNode> {
    return until(() => this.nodes.find((node) => node.has(partition, name)), {
      what: () => `an owner of ${name} ${partition}:\n${this.tail()}`,
    });
  }

  /** Resolves when another node has it. */
  async movedFrom(former: ClusterNode, { name }: ClusterJobSpec, partition: number): Promise<void> {
    await until(() => this.nodes.some((node) => node !== former && node.has(partition, name)), {
      what: () => `another owner of ${name} ${partition} than ${former.name}:\n${this.tail()}`,
    });
  }

  /** Resolves when all that was sent by now has come out. */
  async caughtUp(): Promise<void> {
    const counts = this.flows.map(({ load }) => load.sent.length);
    await until(
      () => {
        this.#take();
        return this.flows.every((flow, index) => flow.hasSeen(counts[index] ?? 0));
      },
      { intervalMs: 20, what: () => `what was sent: ${this.flows.map(behindOf).join(', ')}\n${this.tail()}` },
    );
    this.network.forget();
  }

  /** Ends the load, and resolves when all that was sent has come out and nothing more comes. */
  async settle(): Promise<void> {
    await Promise.all(this.flows.map(({ load }) => load.stop()));
    await this.caughtUp();
    await this.#windowsTold();
    await this.#witness.untilQuiet(QUIET_MS);
    this.#take();
  }

  /** The logs of all partitions, as a client of NATS sees them that knows nothing of this project. */
  logs(): Promise<readonly SeenLog[]> {
    const { urls } = this.servers;
    const names = this.flows.flatMap(({ spec }) =>
      partitionsOf(spec).map((partition) => streamName(spec.name, partition)),
    );
    return Promise.all(names.map((name) => readSeenLog(urls, name)));
  }

  /** The last words of the nodes and of the servers, for errors: whose fault it is that nothing goes on. */
  tail(): string {
    const nodes = this.nodes.map(({ name, lines, errors }) => {
      const told = lines.slice(-12).map((line) => JSON.stringify(line));
      return [`${name}:`, ...told, ...errors.slice(-6)].join('\n');
    });
    const servers = this.servers.servers.map(({ name, log }) => [`${name}:`, ...log.slice(-12)].join('\n'));
    return [...nodes, ...servers].join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await Promise.all(this.flows.map((flow) => flow[Symbol.asyncDispose]()));
    await this.#witness.close();
    await this.servers.end();
    await Promise.all(this.#brokers.map((broker) => broker.stop()));
    await this.network[Symbol.asyncDispose]();
  }

  /** Resolves when the results of all windows have come out that must. */
  async #windowsTold(): Promise<void> {
    const missing = () => this.flows.flatMap((flow) => (flow.spec.windows ? flow.windowsReport().missing : []));
    await until(
      () => {
        this.#take();
        return missing().length === 0;
      },
      { intervalMs: 50, what: () => `windows that must be told: ${missing().slice(0, 5).join('; ')}\n${this.tail()}` },
    );
  }

  #take(): void {
    const { messages } = this.#witness;
    for (; this.#taken < messages.length; this.#taken += 1) {
      const message = messages[this.#taken];
      if (message !== undefined) for (const flow of this.flows) flow.take(message);
    }
  }
}

interface Around {
  readonly servers: NatsCluster;
  readonly network: ClusterNetwork;
  readonly jobs: readonly ClusterJobSpec[];
  readonly standbys: number;
  readonly from: Broker;
  readonly to: Broker;
}

/** Every other node keeps what it has in a directory, the others in memory. */
const makeNode = async (nodeId: string, { servers, network, jobs, standbys, from, to }: Around) => {
  const peers = [
    ...servers.servers.map(({ name, port }) => ({ name, port, opaque: true })),
    { name: 'from', port: from.port, opaque: false },
    { name: 'to', port: to.port, opaque: false },
  ];
  const wires = await Promise.all(
    peers.map(async ({ name, port, opaque }) => [port, (await network.wire(nodeId, name, port, { opaque })).port]),
  );
  const dir = nodeId.charCodeAt(0) % 2 === 1 ? { dir: tempDir(`node-${nodeId}`) } : {};
  return new ClusterNode({
    engine: { servers: servers.urls, nodeId, leaseMs: LEASE_MS, standbys, ...dir },
    jobs,
    from: from.url,
    to: to.url,
    network: Object.fromEntries(wires),
  });
};

const partitionsOf = ({ partitions }: ClusterJobSpec): readonly number[] =>
  Array.from({ length: partitions }, (_, index) => index);

const behindOf = ({ spec, behind }: JobFlow): string => `${spec.name} is ${behind} behind`;
