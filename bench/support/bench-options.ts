import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Factor on the number of messages. */
  readonly scale: number;
  readonly rounds: number;
  /** Part of a case's name; undefined for all. */
  readonly only: string | undefined;
  readonly json: boolean;
  /** Put the tables into docs/benchmarks.md; with `only`, in the place of those of the same titles. */
  readonly write: boolean;
}

/** `--quick` is a look, not a measurement: a tenth of the messages, once. */
export function parseBenchOptions(args: readonly string[]): BenchOptions {
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
    scale: values.quick ? 0.1 : 1,
    rounds: Number(values.rounds ?? (values.quick ? 1 : 3)),
    only: values.only,
    json: values.json,
    write: values.write,
  };
}
