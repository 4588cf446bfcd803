import { fileURLToPath } from 'node:url';
import { buildOnce } from '../build-once.js';
import type { Child } from '../child-process.js';
import { onCleanup } from '../cleanup.js';
import type { MosquittoSub } from '../clients/mosquitto-sub.js';
import { type Delivery, judgeDelivery, type Letter } from '../delivery-oracle.js';
import type { Postgres } from '../servers/postgres.js';
import { tempDir } from '../temp-dir.js';
import { until } from '../until.js';
import type { KillBroker } from './kill-brokers.js';
import { launch, nodeLaunch } from './kill-launch.js';
import { KillLoad } from './kill-load.js';

const PIPELINE = fileURLToPath(new URL('./postgres-pipeline.mjs', import.meta.url));

/** What a run is made of. */
export interface PostgresKillRun {
  readonly kind: 'in' | 'through';
  /** A program of node that does the same instead of `millrace run`. */
  readonly program?: string;
  readonly broker: KillBroker;
  readonly server: Postgres;
}

/** A copy would come sooner. */
const QUIET_MS = 250;

let runs = 0;

/** Publisher → broker → `millrace run` (a process) → table, all real. */
export class PostgresKillRig implements AsyncDisposable {
  readonly prefix: string;
  readonly load: KillLoad;
  readonly table: string;
  readonly #run: PostgresKillRun;
  readonly #dir = tempDir('kill-store');
  #process: Child | undefined;

  private constructor(run: PostgresKillRun, prefix: string, table: string) {
    this.#run = run;
    this.prefix = prefix;
    this.table = table;
    this.load = new KillLoad({ port: run.broker.mosquitto.port, prefix, qos: 2 });
    onCleanup(() => this[Symbol.asyncDispose]());
  }

  /** Everything but the process. `columns` of the table beside `topic` and `text`. */
  static async open(run: PostgresKillRun, columns = 'id serial'): Promise<PostgresKillRig> {
    runs += 1;
    const table = `killed_${runs}`;
    await run.server.query(`CREATE TABLE ${table} (${columns}, topic text NOT NULL, text text NOT NULL)`);
    return new PostgresKillRig(run, `kill-${process.pid}-${runs}`, table);
  }

  /** Starts the process. Resolves when it runs. */
  async start(): Promise<void> {
    await (await this.spawn()).waitForLine(/RUNNING/);
  }

  /** Starts the process and does not wait. */
  async spawn(): Promise<Child> {
    const { nodeArgs, main, index } = await buildOnce();
    const env = {
      KILL_MILLRACE: index,
      KILL_KIND: this.#run.kind,
      KILL_FROM: this.#run.broker.mosquitto.url,
      KILL_PREFIX: this.prefix,
      KILL_CLIENT_ID: this.prefix,
      KILL_DATABASE: this.#run.server.url,
      KILL_TABLE: this.table,
    };
    const { program } = this.#run;
    const command = [...nodeArgs, main, 'run', PIPELINE, '--dir', this.#dir, '--drain-timeout', '20'];
    const args = program === undefined ? command : [program];
    this.#process = launch(nodeLaunch(args, env));
    return this.#process;
  }

  /** SIGKILL. Rejects when the process had ended by itself. */
  async kill(): Promise<void> {
    const exit = await this.#process?.end('SIGKILL');
    if (exit?.signal !== 'SIGKILL') throw new Error(`ended by itself (${exit?.code}): ${this.tail()}`);
  }

  /** In order; it has a minute to write what it has. */
  async end(): Promise<number | null | undefined> {
    return (await this.#process?.end('SIGTERM'))?.code;
  }

  /** Rows of the table. */
  async count(): Promise<number> {
    const [row] = await this.#run.server.query(`SELECT count(*) AS count FROM ${this.table}`);
    return Number(row?.count);
  }

  /**
   * Waits until each message has a row, or the process has ended, or nothing more has come for `stillMs`, and judges. Without it, all must
   * come.
   */
  async settleRows(stillMs = Number.POSITIVE_INFINITY): Promise<Delivery> {
    await this.load.settle();
    const { sent } = this.load;
    let [seen, sinceMs] = [0, performance.now()];
    const isThere = async (): Promise<boolean> => {
      const count = await this.#messagesWithRow();
      if (count > seen) [seen, sinceMs] = [count, performance.now()];
      return this.#process?.running === false || count >= sent.length || performance.now() - sinceMs > stillMs;
    };
    await until(isThere, { intervalMs: 50, what: () => `${sent.length} rows\n${this.tail()}` });
    const rows = await this.#run.server.query(`SELECT topic, text FROM ${this.table} ORDER BY id`);
    return judgeDelivery(
      sent,
      rows.map(({ topic, text }): Letter => ({ topic: String(topic), text: String(text) })),
    );
  }

  async #messagesWithRow(): Promise<number> {
    const [row] = await this.#run.server.query(`SELECT count(DISTINCT text) AS count FROM ${this.table}`);
    return Number(row?.count);
  }

  /** Waits until as many messages came out as went in, or the process has ended, and then nothing more comes; judges. */
  async settleMessages(verifier: MosquittoSub): Promise<Delivery> {
    await this.load.settle();
    const { sent } = this.load;
    const isThere = () => this.#process?.running === false || verifier.messages.length >= sent.length;
    await until(isThere, { intervalMs: 50, what: () => `${sent.length} messages\n${this.tail()}` });
    await verifier.untilQuiet(QUIET_MS);
    const out = `${this.prefix}/out/`;
    return judgeDelivery(
      sent,
      verifier.messages.map(({ topic, text }): Letter => ({ topic: topic.slice(out.length), text })),
    );
  }

  /** The last lines of the process, for errors. */
  tail(): string {
    return [...(this.#process?.stdout ?? []), ...(this.#process?.stderr ?? [])].slice(-15).join('\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.end('SIGKILL');
    await this.load[Symbol.asyncDispose]();
  }
}
