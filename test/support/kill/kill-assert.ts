import assert from 'node:assert/strict';
import type { KillReport } from './kill-rig.js';

/** Nothing lost, nothing made up, in order, and nothing twice. */
export function assertOnce(report: KillReport): void {
  assertKept(report);
  assert.equal(report.duplicates, 0, 'duplicates');
}

/** Nothing lost, nothing made up, in order; copies are allowed. */
export function assertKept({ lost, phantoms, disordered }: KillReport): void {
  assert.deepEqual({ lost, phantoms, disordered }, { lost: [], phantoms: [], disordered: [] });
}

/** A report as one line, for the output of a test. */
export function reportLine({ sent, lost, duplicates, recoveriesMs }: KillReport): string {
  const sorted = [...recoveriesMs].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)];
  const recovery =
    median === undefined
      ? ''
      : `, recovery ${Math.round(median)} ms (median), ${Math.round(sorted.at(-1) ?? 0)} ms (most)`;
  return `${sent} sent, ${lost.length} lost, ${duplicates} duplicated${recovery}`;
}
