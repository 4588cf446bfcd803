import type { JobInspection, PartitionInspection } from '../../cluster/engine/inspect-job.js';
import type { SeenNode } from '../../cluster/engine/see-members.js';

/** A job for people: its partitions and its nodes, a line each. */
export function statusText({ job, desired, partitions, nodes, watchedMs }: JobInspection): string {
  const error = desired.status === 'failed' ? ` (${desired.error.code}: ${desired.error.message})` : '';
  return [
    `job ${job}: ${desired.status} is desired${error}`,
    ...table(
      ['partition', 'owner', 'state', 'claim', 'epoch', 'head', 'bytes', 'copies'],
      partitions.map(partitionCells),
    ),
    ...table(
      ['node', 'state', 'runs', 'follows'],
      nodes.map((node) => nodeCells(node, watchedMs)),
    ),
  ].join('\n');
}

function partitionCells({ index, owner, state, epoch, log, problem }: PartitionInspection): readonly string[] {
  const place = [`${index}`, owner ?? '-', state, `${epoch}`];
  if (problem !== undefined) return [...place, `${problem.code}: ${problem.message}`];
  if (log === undefined) return [...place, 'no log'];
  const copies = `${log.current} of ${log.replicas}`;
  const behind = log.epoch > epoch ? ' (the claims are behind the log: cluster repair)' : '';
  return [...place, `${log.epoch}`, `${log.head}`, `${log.bytes}`, `${copies}${behind}`];
}

function nodeCells({ beat, silentMs }: SeenNode, watchedMs: number): readonly string[] {
  const { node, accepts, running, warm, behind } = beat;
  const state =
    silentMs === undefined
      ? `no beat for ${seconds(watchedMs)}`
      : accepts
        ? `beat ${seconds(silentMs)} ago`
        : 'leaving';
  return [node, state, running.join(',') || '-', [...warm, ...behind].join(',') || '-'];
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Columns as wide as what is in them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => (row[column] ?? '').length)));
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
