import { parseArgs } from 'node:util';

/** How the evidence is gathered. */
export interface EvidenceOptions {
  /** A few rounds of everything. */
  readonly quick: boolean;
  /** How the names of sections begin that are played; undefined: all. */
  readonly only: string | undefined;
  /** Whether docs/evidence.md is written: by a full run, or by a full section with --write, which replaces that section. */
  readonly writes: boolean;
  /** Of the random moments. */
  readonly seed: number;
  /** Gives the first number, or with `quick` the second. */
  rounds(full: number, quick: number): number;
  /** Progress, on stderr. */
  tell(text: string): void;
}

/** Reads the arguments. Throws when there is no such section. */
export function parseEvidenceOptions(args: readonly string[], sections: readonly string[]): EvidenceOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      write: { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
    },
  });
  const { quick, only, write } = values;
  if (only !== undefined && !sections.some((name) => name.startsWith(only)))
    throw new Error(`--only is one of ${sections.join(', ')}`);
  return {
    quick,
    only,
    writes: !quick && (only === undefined || write),
    seed: Number(values.seed),
    rounds: (full, few) => (quick ? few : full),
    tell: (text) => void process.stderr.write(`${text}\n`),
  };
}
