import type { DeadLetter } from '../../../src/connector/dead-letter.js';
import { MillraceError } from '../../../src/errors/millrace-error.js';
import type { SqlStatements } from '../../../src/postgres/connection/database-client.js';
import { ExactRows } from '../../../src/postgres/sink/outbox/exact-rows.js';
import { letterOfRefused } from '../../../src/postgres/sink/outbox/postgres-outbox-writer.js';
import { RowOutbox } from '../../../src/postgres/sink/outbox/row-outbox.js';
import { PositionTable } from '../../../src/postgres/sink/position/position-table.js';
import { encodeRow } from '../../../src/postgres/sink/stored-row.js';
import { sqlErrorKind } from '../../../src/postgres/sql/sql-error-kind.js';
import { sqlFacts } from '../../../src/postgres/sql/sql-facts.js';
import type { SeededRandom } from '../seeded-random.js';
import { MemoryOutboxes } from '../store/memory-outboxes.js';
import { type Fault, rowsStatement, SimPostgres } from './sim-postgres.js';

const LIMITS = { batchSize: 8, batchBytes: 1024, batches: 2 };

/** Rows that the database refuses. */
export const isBad = (number: number): boolean => number % 11 === 4;

/** A process of the job: its outbox, and its way to the database. */
interface Life {
  readonly outbox: RowOutbox;
  readonly rows: ExactRows;
  session: SqlStatements | undefined;
}

/** What a history came to. */
export interface HistoryEnd {
  readonly made: number;
  readonly rows: readonly number[];
  /** The numbers in the letters that a commit has. */
  readonly letters: readonly number[];
  readonly crashes: number;
  readonly cuts: number;
  /** Processes that were taken for dead and were told so when they went on. */
  readonly fenced: number;
  /** How often a transaction was sent before the one in front was answered. */
  readonly ahead: number;
  /** Statements that a server did when their connection was long given up. */
  readonly late: number;
}

/**
 * A job that makes numbered rows, over simulated crashes, cuts and processes that were taken for dead and go on: the parts of the sink that
 * decide, against a store and a database that keep what was durable and nothing else.
 */
export class PostgresHistory {
  readonly #random: SeededRandom;
  readonly #database = new SimPostgres(isBad);
  readonly #letters: DeadLetter[] = [];
  #store = new MemoryOutboxes();
  #life: Life | undefined;
  readonly #undead: Life[] = [];
  #faults = true;
  #made = 0;
  #crashes = 0;
  #cuts = 0;
  #fenced = 0;
  #ahead = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** So many steps under faults, then without, until all is done. */
  async play(steps: number): Promise<HistoryEnd> {
    for (let step = 0; step < steps; step += 1) await this.#step();
    this.#faults = false;
    this.#database.arrive();
    for (let idle = 0; idle < 2_000 && !this.#isDone; idle += 1) {
      await this.#write(await this.#alive());
      this.#commit(await this.#alive(), 0);
    }
    const letters = this.#letters.map(({ attributes }) => (attributes.item as readonly number[])[0] ?? -1);
    const { rows } = this.#database.state;
    const { late } = this.#database;
    const [crashes, cuts, fenced, ahead] = [this.#crashes, this.#cuts, this.#fenced, this.#ahead];
    return { made: this.#made, rows, letters, crashes, cuts, fenced, ahead, late };
  }

  get #isDone(): boolean {
    return this.#store.restore('rows').low === this.#made;
  }

  async #step(): Promise<void> {
    if (this.#random.chance(0.3)) this.#database.arrive();
    const life = await this.#alive();
    const choice = this.#random.below(20);
    if (choice < 6) this.#commit(life, this.#random.below(15));
    else if (choice < 16) await this.#write(life);
    else if (choice < 18) this.#crash(life);
    else await this.#haunt();
  }

  async #alive(): Promise<Life> {
    if (this.#life !== undefined) return this.#life;
    this.#store = this.#store.reopen();
    const store = this.#store;
    const restore = (name: string) => store.restore(name);
    const letterOf: ConstructorParameters<typeof RowOutbox>[0]['letterOf'] = (stored, refused) =>
      letterOfRefused('sink', stored, refused);
    const outbox = new RowOutbox({ restore, limits: LIMITS, letterOf });
    const positions = await PositionTable.begin({
      key: { table: { table: 'positions' }, job: 'job', sink: 'sink' },
      record: store.record('position'),
      policy: { onUnknownPosition: 'fail', onPositionLoss: 'fail' },
      createTable: true,
      end: store.restore(outbox.name).end,
    });
    const rows = new ExactRows({
      sink: 'sink',
      outbox,
      positions,
      statement: {
        check: async () => {},
        isStale: async () => false,
        execute: () => Promise.reject(new Error('it is one statement')),
        guarded: (batch, _guard, values) =>
          rowsStatement(
            batch.map(({ json }) => Number(JSON.parse(Buffer.from(json).toString())[0])),
            values,
          ),
      },
      failOnRefusal: false,
      onProgress: () => {},
      onFailed: () => {},
    });
    this.#life = { outbox, rows, session: undefined };
    return this.#life;
  }

  /** A commit of the store with new rows, of which the process hears, or at which it dies. */
  #commit(life: Life, count: number): void {
    const { outbox } = life;
    const { end } = this.#store.restore(outbox.name);
    const added = Array.from({ length: count }, (_, index) => {
      const json = JSON.stringify([end + index]);
      return { seq: end + index, bytes: encodeRow({ json, letter: undefined }) };
    });
    const snapshot = outbox.snapshot();
    if (this.#dies()) {
      this.#crash(life);
      return;
    }
    this.#store.apply({ name: outbox.name, added, snapshot, end: end + count });
    this.#made = end + count;
    this.#letters.push(...snapshot.refused.map(({ letter }) => letter));
    if (this.#dies()) {
      this.#crash(life);
      return;
    }
    outbox.committed(snapshot.mark);
    outbox.offer([...this.#store.restore(outbox.name).rows(outbox.next, end + count)]);
  }

  /** As the loop does it: a transaction and those that are sent behind it, or what a failure leads to. */
  async #write(life: Life): Promise<void> {
    try {
      if (life.session === undefined) {
        const session = this.#database.session(() => this.#fault());
        await life.rows.open(session);
        life.session = session;
      }
      await this.#writeBatches(life, life.session);
    } catch (error) {
      life.session = undefined;
      if (error instanceof MillraceError && !error.retryable) throw error;
    }
  }

  async #writeBatches({ rows }: Life, session: SqlStatements): Promise<void> {
    const sent: { readonly batch: ReturnType<ExactRows['batch']>; readonly ended: Promise<unknown> }[] = [];
    while (sent.length < rows.depth && (sent.length === 0 || rows.hasFullBatch)) {
      const batch = rows.batch();
      if (batch.length === 0) break;
      sent.push({
        batch,
        ended: rows.write(session, batch).then(
          () => undefined,
          (thrown: unknown) => ({ thrown }),
        ),
      });
    }
    if (sent.length > 1) this.#ahead += 1;
    for (const { batch, ended } of sent) {
      const failure = await ended;
      if (failure === undefined) {
        rows.written(batch.length);
        continue;
      }
      await Promise.all(sent.map((one) => one.ended));
      const { thrown } = failure as { readonly thrown: unknown };
      const isAlone = !rows.split(batch.length);
      const facts = sqlFacts(thrown);
      const [first] = batch;
      if (facts === undefined || first === undefined || sqlErrorKind(thrown) !== 'row') throw thrown;
      if (isAlone) await rows.refuse(session, first, facts);
      return;
    }
  }

  #dies(): boolean {
    return this.#faults && this.#random.chance(0.03);
  }

  #fault(): Fault | undefined {
    if (!this.#faults || !this.#random.chance(0.12)) return undefined;
    this.#cuts += 1;
    return this.#random.pick(['before', 'after', 'late', 'cancelled'] as const);
  }

  #crash(life: Life): void {
    this.#crashes += 1;
    this.#life = undefined;
    if (this.#random.chance(0.3)) this.#undead.push(life);
  }

  /** One that was taken for dead goes on. What it may do: nothing, unless nobody has come since. */
  async #haunt(): Promise<void> {
    const life = this.#undead.shift();
    const isFollowed = this.#life?.session !== undefined;
    if (life === undefined || !isFollowed) return;
    const before = this.#database.state;
    try {
      for (let attempt = 0; attempt < 20; attempt += 1) await this.#write(life);
      if (life.outbox.waiting > 0) throw new Error('an undead process was not told');
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error;
      this.#fenced += 1;
    }
    if (this.#database.state !== before) throw new Error('an undead process changed the database');
  }
}
