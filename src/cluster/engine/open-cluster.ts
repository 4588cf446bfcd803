import { randomBytes } from 'node:crypto';
import { ClusterEngine } from './cluster-engine.js';
import { type ClusterOptions, resolveClusterOptions } from './cluster-options.js';
import { openNatsPlace } from './nats-place.js';

/** Loaded by `Engine.cluster` alone: a process that is no node of a cluster has nothing of it in memory. */
export async function openCluster(options: ClusterOptions): Promise<ClusterEngine> {
  const resolved = resolveClusterOptions(options, `node-${randomBytes(6).toString('hex')}`);
  const { node, leaseMs, standbys, warnings } = resolved;
  return new ClusterEngine({ place: await openNatsPlace(resolved), node, leaseMs, standbys, warnings });
}
