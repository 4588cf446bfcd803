import type { KillReport } from '../../test/support/kill/kill-rig.js';
import type { BridgeSystem } from '../../test/support/kill/kill-system.js';

/** One line of a table: a system under a fault. */
export interface EvidenceRow {
  readonly system: BridgeSystem;
  readonly rounds: number;
  readonly report: KillReport;
}

/** The table of one fault. */
export function evidenceTable(rows: readonly EvidenceRow[]): string[] {
  return [
    '| | rounds | sent | lost | duplicated | out of order | recovery, median | recovery, longest |',
    '|---|--:|--:|--:|--:|--:|--:|--:|',
    ...rows.map(({ system, rounds, report }) => {
      const { sent, lost, duplicates, disordered, recoveriesMs } = report;
      const sorted = [...recoveriesMs].sort((a, b) => a - b);
      const times = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)].map(milliseconds);
      const counts = [rounds, sent, lost.length, duplicates, disordered.length].map((count) =>
        count.toLocaleString('en-US'),
      );
      return `| ${system.title} | ${[...counts, ...times].join(' | ')} |`;
    }),
  ];
}

/** What of a system's promise its figures contradict. */
export function brokenPromises(rows: readonly EvidenceRow[]): string[] {
  return rows.flatMap(({ system, report }) => {
    const { lost, duplicates, phantoms, disordered } = report;
    const kept = lost.length + phantoms.length + disordered.length === 0;
    const holds = system.promise === 0 || (kept && (system.promise === 1 || duplicates === 0));
    return holds
      ? []
      : [`${system.title}: ${lost.length} lost, ${duplicates} duplicated, ${disordered.length} out of order`];
  });
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '' : `${Math.round(value).toLocaleString('en-US')} ms`;
}
