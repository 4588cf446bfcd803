import type { ClaimsAction } from '../../../../../src/cluster/claims/claims-action.js';
import { CLUSTER_FORMAT } from '../../../../../src/cluster/manifest/cluster-manifest.js';
import { Members } from '../../../../../src/cluster/members/members.js';
import { ClaimsDriver } from '../../../../../src/cluster/node/claims-driver.js';
import { MillraceError } from '../../../../../src/errors/index.js';
import type { ClusterNode, NodeSetting } from '../cluster-node.js';
import type { Schedule } from '../schedule.js';
import { MillPartitions, type MillPartitionsParts } from './mill-partitions.js';

/** What one process of a node is made of. */
export interface MillNodeParts
  extends Omit<MillPartitionsParts, 'pass'>,
    Pick<NodeSetting, 'name' | 'bucket' | 'opening' | 'ended'>,
    Pick<Schedule, 'partitions' | 'standbys' | 'leaseMs'> {}

const LOOK_MS = 50;

/** A node with the real claims, and mills in the place of engines: one process of it. */
export class MillNode implements ClusterNode {
  readonly #parts: MillNodeParts;
  readonly #mills: MillPartitions;
  #driver: ClaimsDriver | undefined;

  constructor(parts: MillNodeParts) {
    this.#parts = parts;
    this.#mills = new MillPartitions({
      ...parts,
      pass: (partition, signal) => {
        try {
          this.#driver?.pass(partition, signal);
        } catch (error) {
          parts.complain(String(error));
        }
      },
    });
    void this.#join();
  }

  runs(partition: number): boolean {
    return this.#driver?.stateOf(partition) === 'running' && this.#mills.runs(partition);
  }

  leave(): void {
    this.#driver?.leave();
    const look = (): void => {
      if (this.#driver?.hasLeft === false) setTimeout(look, LOOK_MS);
      else void (this.#driver?.close() ?? Promise.resolve()).then(this.#parts.ended);
    };
    look();
  }

  async #join(): Promise<void> {
    const { name, bucket, partitions, standbys, leaseMs, ended } = this.#parts;
    try {
      const members = new Members(bucket, 'job');
      await members.settleManifest({ format: CLUSTER_FORMAT, partitions, hash: 'none', plan: [], epochBase: 0 });
      await members.begin(false);
      const options = { node: name, partitions, standbys, leaseMs };
      this.#driver = await ClaimsDriver.join(members, options, {
        act: (action) => this.#act(action),
        said: () => this.#mills.said(),
        desired: () => {},
        unreachable: () => {},
        failed: (error) => this.#fail(error),
      });
      this.#driver.start();
    } catch (error) {
      // its supervisor starts it again
      if (MillraceError.from(error).code === 'CLUSTER_UNREACHABLE') ended();
      else this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#parts.complain(`failed: ${String(error)}`);
  }

  #act(action: Exclude<ClaimsAction, { type: 'claim' | 'release' | 'forget' }>): void {
    if (action.type === 'open') {
      this.#parts.opening();
      this.#mills.open(action.claim);
    } else if (action.type === 'drain') this.#mills.drain(action.partition);
    else if (action.type === 'stop') this.#mills.stop(action.partition);
    else if (action.type === 'follow') this.#mills.follow(action.partition);
    else if (action.type === 'unfollow') this.#mills.unfollow(action.partition);
    else if (action.type === 'superseded') this.#parts.ended();
    else if (action.type === 'epochs-behind')
      this.#parts.complain(`epochs of partition ${action.partition} are behind`);
  }
}
