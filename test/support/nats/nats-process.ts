import { type Child, type Exit, startChild } from '../child-process.js';
import { until } from '../until.js';

/** What a server says of itself at `/jsz`, as far as tests read it. */
interface JetStreamReport {
  readonly meta_cluster?: {
    readonly leader?: string;
    /** The others, as the leader sees them. */
    readonly replicas?: readonly { readonly name: string; readonly current: boolean; readonly offline?: boolean }[];
  };
  readonly config?: { readonly sync_interval?: number; readonly sync_always?: boolean };
  readonly account_details?: readonly {
    readonly stream_detail?: readonly {
      readonly name: string;
      readonly cluster?: { readonly leader?: string; readonly replicas?: readonly { readonly current: boolean }[] };
    }[];
  }[];
}

/** One server of a cluster, in a process group of its own. */
export class NatsProcess {
  readonly name: string;
  readonly port: number;
  readonly monitorPort: number;
  readonly #program: string;
  readonly #config: string;
  #process: Child | undefined;
  #suspended = false;

  constructor(name: string, port: number, monitorPort: number, program: string, config: string) {
    this.name = name;
    this.port = port;
    this.monitorPort = monitorPort;
    this.#program = program;
    this.#config = config;
  }

  /** `nats://127.0.0.1:port` */
  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  /** Runs and is not suspended. */
  get answers(): boolean {
    return this.#process?.running === true && !this.#suspended;
  }

  /** Log lines of the current process. */
  get log(): readonly string[] {
    return this.#process?.stderr ?? [];
  }

  /** Starts it, on the same port and directory as before. `ready` tells when it can be used. */
  start(): void {
    this.#process = startChild(this.#program, ['-c', this.#config], { ownGroup: true });
    this.#suspended = false;
  }

  /** Resolves when it takes connections and its JetStream is there. */
  async ready(): Promise<void> {
    const process = this.#process;
    await until(() => process?.running === false || this.#isHealthy(), {
      intervalMs: 20,
      what: () => `${this.name} on ${this.port}\n${this.log.slice(-20).join('\n')}`,
    });
    if (process?.running === false) throw new Error(`${this.name} did not start:\n${this.log.join('\n')}`);
  }

  /** SIGKILL. */
  kill(): Promise<Exit> {
    return this.#end('SIGKILL');
  }

  /** SIGTERM: it hands over what it leads. */
  stop(): Promise<Exit> {
    return this.#end('SIGTERM');
  }

  /** SIGSTOP: its connections stay open and nothing is answered. */
  suspend(): void {
    this.#suspended = true;
    this.#process?.signal('SIGSTOP');
  }

  /** SIGCONT. */
  resume(): void {
    this.#suspended = false;
    this.#process?.signal('SIGCONT');
  }

  /** What it says of its JetStream; undefined when it does not answer. */
  async report(): Promise<JetStreamReport | undefined> {
    return this.answers ? this.#get('/jsz?accounts=true&streams=true') : undefined;
  }

  async #isHealthy(): Promise<boolean> {
    const health = await this.#get<{ readonly status?: string }>('/healthz');
    return health?.status === 'ok';
  }

  async #get<T>(path: string): Promise<T | undefined> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.monitorPort}${path}`, {
        signal: AbortSignal.timeout(2_000),
      });
      return response.ok ? ((await response.json()) as T) : undefined;
    } catch {
      return undefined;
    }
  }

  async #end(signal: NodeJS.Signals): Promise<Exit> {
    this.#suspended = false;
    return (await this.#process?.end(signal)) ?? { code: null, signal: null };
  }
}
