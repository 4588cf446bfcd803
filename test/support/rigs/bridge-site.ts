import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineSnapshot, JobSnapshot } from '../../../src/http/index.js';
import { type Mosquitto, type MosquittoOptions, startMosquitto } from '../brokers/mosquitto.js';
import type { Child } from '../child-process.js';
import { ask } from '../http/ask.js';
import { startCli } from '../start-cli.js';
import { tempDir } from '../temp-dir.js';
import { until } from '../until.js';

/** Longer than a test waits. */
const DRAIN_SECONDS = 600;

/** Answers are made once a second. */
const SEEN_MS = 250;

/** Payloads that count. */
export const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, index) => String(from + index));

/** From the site to the cloud; more keys of it may follow. */
export const UP = `  up:
    from: edge
    to: cloud
    filters: [plant/#]
    exclude: [plant/cmd/#]
    topic: site7/{topic}
    clientId: site7-up
`;
/** The other way. */
export const DOWN = `  down:
    from: cloud
    to: edge
    filters: [site7/cmd/+]
    topic: plant/cmd/{level.3}
    clientId: site7-down
`;

/** Two brokers, and a file that bridges them. */
export class BridgeSite {
  readonly edge: Mosquitto;
  readonly cloud: Mosquitto;
  readonly folder = tempDir('bridge-file');
  readonly file = join(this.folder, 'bridge.yaml');
  /** Of the bridge: where the brokers are, and what else it is to have. */
  readonly environment: Record<string, string>;

  private constructor(edge: Mosquitto, cloud: Mosquitto) {
    this.edge = edge;
    this.cloud = cloud;
    this.environment = { EDGE: edge.url, CLOUD: cloud.url };
  }

  static async start(options: { edge?: MosquittoOptions; cloud?: MosquittoOptions } = {}): Promise<BridgeSite> {
    return new BridgeSite(...(await Promise.all([startMosquitto(options.edge), startMosquitto(options.cloud)])));
  }

  write(routes: string): void {
    const text = `dir: state\nbrokers:\n  edge: {url: '\${EDGE}'}\n  cloud: {url: '\${CLOUD}'}\nroutes:\n${routes}drainTimeout: ${DRAIN_SECONDS}\n`;
    writeFileSync(this.file, text, { mode: 0o600 });
  }

  /** Started, and every route of the file runs. */
  async run(routes: string, ...more: readonly string[]): Promise<Child> {
    this.write(routes);
    const bridge = startCli(['bridge', '-c', this.file, ...more], this.environment);
    for (const [, name] of routes.matchAll(/^ {2}(\w+):$/gm)) await bridge.waitForLine(new RegExp(`${name}: RUNNING`));
    return bridge;
  }

  /** What an operator sees of a bridge that has `--http 0`. */
  async watch(bridge: Child): Promise<Seen> {
    const [, port] = /HTTP at http:\/\/127\.0\.0\.1:(\d+)/.exec(await bridge.waitForLine(/HTTP at/)) ?? [];
    return new Seen(Number(port));
  }

  /** Reads it again; resolves with the line that says what came of it. */
  reload(bridge: Child, routes: string, line: RegExp = /: reloaded: /): Promise<string> {
    this.write(routes);
    bridge.signal('SIGHUP');
    return bridge.waitForLine(line);
  }
}

/** A bridge over HTTP, as an operator sees it: an answer may be a second old. */
export class Seen {
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  async ready(): Promise<{ readonly status: number; readonly reasons: readonly string[] }> {
    const { status, body } = await ask({ port: this.#port }, { path: '/ready' });
    return { status, reasons: JSON.parse(body).reasons ?? [] };
  }

  /** Resolves with the reason that matches. */
  untilReason(pattern: RegExp): Promise<string> {
    return this.#until(async () => (await this.ready()).reasons.find((reason) => pattern.test(reason)), pattern);
  }

  async untilReady(): Promise<void> {
    await this.#until(async () => (await this.ready()).status === 200, 'that it is ready');
  }

  async jobs(): Promise<EngineSnapshot> {
    return JSON.parse((await ask({ port: this.#port }, { path: '/api/jobs' })).body);
  }

  /** undefined: it does not run. */
  async route(name: string): Promise<JobSnapshot | undefined> {
    return (await this.jobs()).jobs.find((job) => job.name === name);
  }

  /** Resolves with how the route stands when that is so. */
  untilRoute(name: string, is: (route: JobSnapshot) => boolean): Promise<JobSnapshot> {
    return this.#until(async () => {
      const route = await this.route(name);
      return route !== undefined && is(route) ? route : undefined;
    }, is);
  }

  async metrics(): Promise<string> {
    return (await ask({ port: this.#port }, { path: '/metrics' })).body;
  }

  /** @returns the status of the answer */
  async control(name: string, action: string, token: string): Promise<number> {
    const headers = [`Authorization: Bearer ${token}`, 'Content-Type: application/json'];
    return (await ask({ port: this.#port }, { method: 'POST', path: `/api/jobs/${name}/${action}`, headers })).status;
  }

  async #until<T>(probe: () => Promise<T>, what: unknown): Promise<NonNullable<T>> {
    const seen = async () => JSON.stringify(await this.ready());
    return until(probe, { intervalMs: SEEN_MS, what: String(what) }).catch(async (error: unknown) => {
      throw new Error(`${error}: ${await seen()}`);
    });
  }
}
