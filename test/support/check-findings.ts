import assert from 'node:assert/strict';
import type { CliResult } from './start-cli.js';

/** What `millrace check --json` tells. */
export interface Told {
  readonly level: string;
  readonly version: number;
  readonly check: string;
  readonly message: string;
}

export const findingsOf = ({ stdout, stderr }: CliResult): readonly Told[] => {
  assert.equal(stdout.length, 1, stderr.join('\n'));
  return JSON.parse(stdout[0] ?? '').findings;
};

export const levelOf = (findings: readonly Told[], check: string, version: number): readonly string[] =>
  findings.filter((one) => one.check === check && one.version === version).map(({ level }) => level);

export const unkind = (findings: readonly Told[]): readonly Told[] => findings.filter(({ level }) => level !== 'ok');
