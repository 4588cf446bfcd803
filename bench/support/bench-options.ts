import { parseArgs } from 'node:util';

/** What a case is told. */
export interface BenchOptions {
  /** Factor on the number of messages. */
  readonly scale: number;
  /** How often each contender is measured. */
  readonly rounds: number;
}

/** What a run is told. */
export interface RunOptions {
  /** A look, not a measurement: a tenth of the messages, once. */
  readonly quick: boolean;
  readonly scale: number;
  /** Of all cases; undefined: each has its own. */
  readonly rounds: number | undefined;
  /** Part of a case's name; undefined for all. */
  readonly only: string | undefined;
  readonly json: boolean;
  /** Put the tables into docs/benchmarks.md; with `only`, in the place of those of the same titles. */
  readonly write: boolean;
}

export function parseBenchOptions(args: readonly string[]): RunOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      rounds: { type: 'string' },
      json: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
    },
  });
  return {
    quick: values.quick,
    scale: values.quick ? 0.1 : 1,
    rounds: values.rounds === undefined ? (values.quick ? 1 : undefined) : Number(values.rounds),
    only: values.only,
    json: values.json,
    write: values.write && !values.quick,
  };
}
