import type { SinkDefinition } from '../../../src/connector/sink.js';
import { type PostgresSinkOptions, PostgresSinks } from '../../../src/postgres/index.js';
import { onCleanup } from '../cleanup.js';
import type { Postgres } from '../servers/postgres.js';
import { MemoryOutboxes } from '../store/memory-outboxes.js';
import { DurableSinkDriver } from './durable-sink-driver.js';

/** What a numbered row is. */
export interface Numbered {
  readonly n: number;
}

let tables = 0;

/** A table of its own for numbered rows, and what stands for the store of the job that writes them. */
export class PostgresRig {
  readonly table: string;
  readonly server: Postgres;
  /** What a next `open` finds; replace it to lose, copy or restore the store. */
  store = new MemoryOutboxes();

  private constructor(server: Postgres, table: string) {
    this.server = server;
    this.table = table;
  }

  /** `columns` of SQL beside the number itself. */
  static async create(server: Postgres, n = 'n int NOT NULL'): Promise<PostgresRig> {
    tables += 1;
    const rig = new PostgresRig(server, `numbers_${tables}`);
    await server.query(`CREATE TABLE ${rig.table} (id serial, ${n})`);
    return rig;
  }

  sink(options: PostgresSinkOptions = {}): SinkDefinition<Numbered> {
    const { server, table } = this;
    const common = { connection: server.url, name: table, createTable: true, batchSize: 64 };
    return PostgresSinks.table<Numbered>({ ...common, ...options, table, columns: ['n'] });
  }

  /** Opens it over what is stored, as the next process of the job does. */
  async open(options: PostgresSinkOptions = {}): Promise<DurableSinkDriver<Numbered>> {
    this.store = this.store.reopen();
    const driver = await DurableSinkDriver.open({ sink: this.sink(options), store: this.store });
    // whatever becomes of its test
    onCleanup(() => driver.close());
    return driver;
  }

  /** The numbers in the table, in the order in which they were inserted. */
  async numbers(): Promise<number[]> {
    const rows = await this.server.query(`SELECT n FROM ${this.table} ORDER BY id`);
    return rows.map(({ n }) => Number(n));
  }

  /** What the table of positions has of it. */
  async position(): Promise<Readonly<Record<string, unknown>> | undefined> {
    const [row] = await this.server.query('SELECT * FROM millrace_sinks WHERE sink = $1', [this.table]);
    return row;
  }
}

/** From `from` up to, not including, `to`. */
export const numbered = (from: number, to: number): readonly Numbered[] =>
  Array.from({ length: to - from }, (_, index) => ({ n: from + index }));
