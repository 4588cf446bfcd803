import type { LossReason } from '../../cluster/claims/claims-action.js';
import type { ClusterEvent } from '../../cluster/node/cluster-event.js';
import type { Reporter } from './reporter.js';

const BEFORE = { failed: 'had failed', completed: 'was completed', cancelled: 'was cancelled' } as const;

/** What a node of a cluster sees of the others and of its partitions, as lines. */
export function tellClusterEvent(event: ClusterEvent, reporter: Reporter): void {
  const { kind, ...facts } = event;
  const told = 'error' in event ? { ...facts, error: event.error?.toJSON() } : facts;
  reporter.tell({ event: kind, text: textOf(event), facts: told });
}

function textOf(event: ClusterEvent): string | undefined {
  switch (event.kind) {
    case 'node-joined':
      return `node ${event.node} takes part`;
    case 'node-gone':
      return `node ${event.node} is gone: nothing was seen of it for ${seconds(event.silentMs)}; what it had is taken over`;
    case 'begun-again':
      return `job "${event.job}" is begun again: it ${BEFORE[event.after]}${event.error === undefined ? '' : ` (${event.error.message})`}`;
    case 'ended-before':
      return `job "${event.job}" ${BEFORE[event.after]} before: it runs again only with --begin-again`;
    case 'cluster-unreachable':
      return `${event.error.message}; trying again`;
    case 'partition-claimed':
      return undefined;
    default:
      return `partition ${event.partition} ${partitionText(event)}`;
  }
}

type PartitionEvent = Exclude<
  ClusterEvent,
  {
    readonly kind:
      | 'begun-again'
      | 'ended-before'
      | 'node-joined'
      | 'node-gone'
      | 'cluster-unreachable'
      | 'partition-claimed';
  }
>;

const STATE_FROM = { view: 'what this node had', snapshot: 'a snapshot', log: 'its log' } as const;

function partitionText(event: PartitionEvent): string {
  switch (event.kind) {
    case 'partition-running': {
      const { from, restoreMs } = event;
      return `runs here${from === undefined ? '' : `, its state from ${STATE_FROM[from]} (${seconds(restoreMs)})`}`;
    }
    case 'partition-lost':
      return `was stopped here: ${lossText(event.reason)}; nothing is lost`;
    case 'partition-released':
      return event.error === undefined
        ? 'has ended here in order'
        : `has failed here while it ended: ${event.error.message}; nothing is lost`;
    case 'partition-restarting':
      return `failed: ${event.error.message}; it runs again in ${seconds(event.waitMs)}`;
    case 'partition-unfit':
      return `could not be opened here ${event.failures} times: ${event.error.message}; others come before this node for ${seconds(event.forMs)}`;
    case 'commit-stalled':
      return `waits for a commit, for ${seconds(event.stalledMs)} now: the servers choose a leader, or are away; nothing is lost`;
    case 'snapshot-failed':
      return `got no snapshot: ${event.error.message}; its log grows until the next one`;
    case 'records-removed':
      return 'has lost records of its log, which somebody has removed; a snapshot is taken in their place, nothing is lost';
    case 'epochs-behind':
      return `runs nowhere: its claims were made anew behind its log. Stop all nodes, then run: millrace cluster repair --job ${event.job}`;
  }
}

function lossText(reason: LossReason): string {
  switch (reason.type) {
    case 'moved':
      return reason.by === undefined ? 'its claim was given back' : `node ${reason.by} has it now`;
    case 'fenced':
      return 'another node writes its log';
    case 'beats-late':
      return `nobody took a beat of this node for ${seconds(reason.silentMs)}, so another may have it`;
    case 'superseded':
      return "another process runs under this node's id";
  }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
