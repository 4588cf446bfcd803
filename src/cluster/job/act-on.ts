import type { ClaimsAction } from '../claims/claims-action.js';
import type { ClusterEvent } from '../node/cluster-event.js';
import type { NodePartitions } from '../node/node-partitions.js';

/** What the claims ask of a job: all that is not done by asking the members. */
export type JobAction = Exclude<ClaimsAction, { type: 'claim' | 'release' | 'forget' }>;

/** Does at this node what the claims say, and tells what they have seen. */
export function actOn(
  action: Exclude<JobAction, { type: 'superseded' }>,
  node: NodePartitions,
  tell: (event: ClusterEvent) => void,
  job: string,
): void {
  switch (action.type) {
    case 'open':
      node.open(action.claim);
      break;
    case 'drain':
      node.drain(action.partition);
      break;
    case 'stop':
      node.stop(action.partition, action.reason);
      break;
    case 'follow':
      node.follow(action.partition);
      break;
    case 'unfollow':
      node.unfollow(action.partition);
      break;
    case 'epochs-behind':
      tell({ kind: 'epochs-behind', job, partition: action.partition });
      break;
    case 'node-joined':
      tell({ kind: 'node-joined', job, node: action.node });
      break;
    case 'node-gone':
      tell({ kind: 'node-gone', job, node: action.node, silentMs: action.silentMs });
      break;
  }
}
