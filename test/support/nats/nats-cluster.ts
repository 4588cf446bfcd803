import { randomUUID } from 'node:crypto';
import type { NatsServerProgram } from '../../../scripts/nats-servers.js';
import { onCleanup } from '../cleanup.js';
import { freePorts } from '../free-port.js';
import { tempDir } from '../temp-dir.js';
import { until } from '../until.js';
import { writeNatsConfig } from './nats-config.js';
import { NatsProcess } from './nats-process.js';
import { newestNatsServer } from './nats-servers-here.js';

/** How servers are started. */
export interface NatsClusterOptions {
  /** Default: the newest that is here. */
  readonly program?: NatsServerProgram;
  /** Default 1. */
  readonly size?: 1 | 3;
  /** Default `always`. */
  readonly syncInterval?: string;
  /** Default true. */
  readonly jetStream?: boolean;
  /**
   * The port by which the first server reaches the routes of the second, which listen on the given one: that of a proxy. Servers then tell
   * nobody of their addresses. Default: that one itself.
   */
  readonly routeVia?: (from: string, to: string, port: number) => Promise<number>;
  /** Lines that are added to the configuration of each: users, limits. */
  readonly extra?: string;
}

/** Starts one server or three with JetStream on 127.0.0.1, and resolves when they can be used. */
export async function startNats(options: NatsClusterOptions = {}): Promise<NatsCluster> {
  for (let attempt = 1; ; attempt += 1) {
    const cluster = await NatsCluster.create(options);
    try {
      for (const server of cluster.servers) server.start();
      await cluster.ready();
      return cluster;
    } catch (error) {
      await cluster.end();
      // another process may have taken a port between the choice and the start
      if (attempt === 5 || !String(error).includes('address already in use')) throw error;
    }
  }
}

const nameOf = (index: number): string => `n${index + 1}`;

/** Servers that end with the test file at the latest. */
export class NatsCluster implements AsyncDisposable {
  readonly servers: readonly NatsProcess[];
  readonly version: string;
  readonly #forget: () => void;

  private constructor(servers: readonly NatsProcess[], version: string) {
    this.servers = servers;
    this.version = version;
    this.#forget = onCleanup(() => this.end());
  }

  /** Called by `startNats`: configurations and ports, nothing runs. */
  static async create(options: NatsClusterOptions): Promise<NatsCluster> {
    const { program = newestNatsServer(), size = 1, syncInterval = 'always', jetStream = true, extra = '' } = options;
    const { routeVia } = options;
    const dir = tempDir('nats');
    // its own: a server of another cluster that has got one of the ports must not become a member
    const cluster = `millrace-${randomUUID()}`;
    const ports = await freePorts(3 * size);
    const routes = ports.slice(0, size);
    const servers: NatsProcess[] = [];
    for (const [index, route] of routes.entries()) {
      const name = nameOf(index);
      const [port = 0, monitorPort = 0] = ports.slice(size + 2 * index);
      const to = await Promise.all(
        routes.map((port, other) => (other === index ? port : (routeVia?.(name, nameOf(other), port) ?? port))),
      );
      const ofCluster = size === 1 ? undefined : { cluster, port: route, to, sealed: routeVia !== undefined };
      const config = writeNatsConfig({
        name,
        port,
        monitorPort,
        dir,
        routes: ofCluster,
        syncInterval,
        jetStream,
        extra,
      });
      servers.push(new NatsProcess(name, port, monitorPort, program.path, config));
    }
    return new NatsCluster(servers, program.version);
  }

  /** Of all servers. */
  get urls(): readonly string[] {
    return this.servers.map(({ url }) => url);
  }

  /** Copies of a stream that the cluster can hold. */
  get replicas(): number {
    return this.servers.length;
  }

  /** Resolves when every server that runs can be used, and who places streams knows so. */
  async ready(): Promise<void> {
    const running = this.servers.filter(({ answers }) => answers);
    // at once: while one of three has never begun, the other two choose no leader, and wait for it
    await Promise.all(running.map((server) => server.ready()));
    if (running.length < 2) return;
    await until(() => this.#placesOn(running), {
      intervalMs: 20,
      what: `a leader that places streams on ${running.map(({ name }) => name)}`,
    });
  }

  /** Who leads a stream now; waits until somebody who answers does. */
  async leaderOf(stream: string): Promise<NatsProcess> {
    return until(() => this.#leaderOf(stream), { intervalMs: 50, what: `a leader of ${stream}` });
  }

  /** A server that holds the stream and does not lead it. */
  async followerOf(stream: string): Promise<NatsProcess> {
    const leader = await this.leaderOf(stream);
    const follower = this.servers.find((server) => server !== leader && server.answers);
    if (follower === undefined) throw new Error(`${stream} has no follower`);
    return follower;
  }

  /** Resolves when another server says that it leads a stream. The former one may say so too, when it hears nobody. */
  async movedFrom(former: NatsProcess, stream: string): Promise<void> {
    const others = this.servers.filter((server) => server !== former);
    const moved = async () => (await Promise.all(others.map((server) => isLeader(server, stream)))).includes(true);
    await until(moved, { intervalMs: 50, what: `another leader of ${stream} than ${former.name}` });
  }

  /** Resolves when the leader of a stream says that all its copies are current. */
  async whenCurrent(stream: string): Promise<void> {
    await until(async () => (await this.#detailOf(stream))?.replicas?.every(({ current }) => current), {
      intervalMs: 50,
      what: `current copies of ${stream}`,
    });
  }

  /** Ends all of them. */
  async end(): Promise<void> {
    this.#forget();
    await Promise.all(this.servers.map((server) => server.kill()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  /** A server may be healthy and still be away for the one that leads all: no stream of three copies can be made then. */
  async #placesOn(running: readonly NatsProcess[]): Promise<boolean> {
    for (const server of running) {
      const { leader, replicas = [] } = (await server.report())?.meta_cluster ?? {};
      if (leader !== server.name) continue;
      const usable = replicas.filter(({ current, offline }) => current && offline !== true).map(({ name }) => name);
      return running.every(({ name }) => name === leader || usable.includes(name));
    }
    return false;
  }

  async #leaderOf(stream: string): Promise<NatsProcess | undefined> {
    if (this.servers.length === 1) return this.servers[0];
    const leader = (await this.#detailOf(stream))?.leader;
    return this.servers.find((server) => server.name === leader && server.answers);
  }

  /** As who leads it has it: the others may be late. */
  async #detailOf(stream: string) {
    for (const server of this.servers) {
      const detail = await detailAt(server, stream);
      if (detail?.leader === server.name) return detail;
    }
    return undefined;
  }
}

const isLeader = async (server: NatsProcess, stream: string): Promise<boolean> =>
  (await detailAt(server, stream))?.leader === server.name;

/** A stream as one server has it. */
const detailAt = async (server: NatsProcess, stream: string) => {
  const accounts = (await server.report())?.account_details ?? [];
  return accounts.flatMap(({ stream_detail = [] }) => stream_detail).find(({ name }) => name === stream)?.cluster;
};
