import { SinkBuilder } from '../../src/connector/index.js';
import { PermanentError } from '../../src/errors/index.js';
import { Sinks } from '../../src/pipeline/index.js';
import { type SinkFixture, sinkContract } from './sink-contract.js';

sinkContract<number>('Sinks.list', {
  start: async () => {
    const list: number[] = [];
    return { sink: Sinks.list(list), item: (sequence) => sequence, received: () => list, stop: () => {} };
  },
  limits: { holding: 'an array confirms at once', failure: 'an array cannot fail' },
});

sinkContract<number>('Sinks.noop', {
  start: async () => ({ sink: Sinks.noop(), item: (sequence) => sequence, received: () => [], stop: () => {} }),
  limits: { holding: 'it confirms at once', failure: 'it cannot fail', receipt: 'it keeps nothing' },
});

sinkContract<number>('Sinks.logger', {
  start: async () => {
    const { log } = console;
    const lines: number[] = [];
    const sink = Sinks.logger<number>((item) => `item ${item}`);
    console.log = (line: string) => {
      lines.push(Number(line.replace('item ', '')));
    };
    const stop = (): void => {
      console.log = log;
    };
    return { sink, item: (sequence) => sequence, received: () => lines, stop };
  },
  limits: { holding: 'the console confirms at once', failure: 'the console cannot fail' },
});

/** A destination whose confirmations can be held back. */
class Table {
  readonly rows: number[] = [];
  #gate: Promise<void> = Promise.resolve();
  #open: () => void = () => {};
  #failure: Error | undefined;

  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  release(): void {
    this.#open();
  }

  fail(): void {
    this.#failure = new PermanentError('the table is gone');
    this.release();
  }

  async add(row: number): Promise<void> {
    await this.#gate;
    this.addNow(row);
  }

  addNow(row: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.rows.push(row);
  }

  async commit(): Promise<void> {
    await this.#gate;
    if (this.#failure !== undefined) throw this.#failure;
  }
}

const fixtureOf = (table: Table, sink: SinkFixture<number>['sink']): SinkFixture<number> => ({
  sink,
  item: (sequence) => sequence,
  received: () => table.rows,
  hold: () => table.hold(),
  release: () => table.release(),
  fail: () => table.fail(),
  stop: () => table.release(),
});

sinkContract<number>('SinkBuilder with an async receiveFn', {
  start: async () => {
    const table = new Table();
    const sink = SinkBuilder.sinkBuilder('table', () => table)
      .receiveFn<number>((to, row) => to.add(row))
      .build();
    return fixtureOf(table, sink);
  },
  limits: {},
});

sinkContract<number>('SinkBuilder with receiveFn and an async flushFn', {
  start: async () => {
    const table = new Table();
    const sink = SinkBuilder.sinkBuilder('table', () => table)
      .receiveFn<number>((to, row) => to.addNow(row))
      .flushFn((to) => to.commit())
      .build();
    return fixtureOf(table, sink);
  },
  limits: {},
});
