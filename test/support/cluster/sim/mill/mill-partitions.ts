import type { Claim } from '../../../../../src/cluster/claims/change.js';
import type { PartitionSignal } from '../../../../../src/cluster/claims/partition-life.js';
import type { Said } from '../../../../../src/cluster/node/claims-driver.js';
import { PartitionFollower } from '../../../../../src/cluster/node/partition-follower.js';
import { MillraceError } from '../../../../../src/errors/index.js';
import type { LocalViews } from '../../../../../src/store/log/local-view.js';
import { LogStores } from '../../../../../src/store/log/log-stores.js';
import type { PartitionLogs } from '../../../../../src/store/log/partition-log.js';
import type { Store } from '../../../../../src/store/store.js';
import type { NodeSetting } from '../cluster-node.js';
import { Mill, type MillParts } from './mill.js';

/** What the partitions of a node work with. */
export interface MillPartitionsParts extends Pick<MillParts, 'connect' | 'someMs' | 'flaw'> {
  readonly logs: PartitionLogs;
  readonly views: LocalViews;
  /** So small that there are many snapshots. */
  readonly snapshotBytes: number;
  readonly pass: (partition: number, signal: Exclude<PartitionSignal, 'claim'>) => void;
  readonly opened: NodeSetting['opened'];
  readonly complain: (text: string) => void;
}

interface Run {
  readonly partition: number;
  readonly epoch: number;
  store: Store | undefined;
  mill: Mill | undefined;
  over: boolean;
}

const JOB = 'job';
const BACKOFF_MS = 50;
/** Some records: at a crash a view has the last one, or not. */
const BEHIND_BYTES = 400;
/** What ends an opening and is nobody's mistake. */
const OUTAGES: ReadonlySet<string> = new Set(['STORE_FENCED', 'STORAGE_FAILED', 'CLUSTER_UNREACHABLE']);

/** Runs and follows partitions as `NodePartitions` does, with mills in the place of engines. */
export class MillPartitions {
  readonly #parts: MillPartitionsParts;
  readonly #stores: LogStores;
  readonly #runs = new Map<number, Run>();
  readonly #epochs = new Map<number, number>();
  readonly #followers = new Map<number, PartitionFollower>();
  readonly #turns = new Map<number, Promise<void>>();

  constructor(parts: MillPartitionsParts) {
    const { logs, views, pass } = parts;
    this.#parts = parts;
    this.#stores = new LogStores({
      logs,
      views,
      snapshotBytes: parts.snapshotBytes,
      behindBytes: BEHIND_BYTES,
      epochOf: async ({ partition }) => this.#epochs.get(partition) ?? 0,
      onFenced: ({ partition }) => {
        pass(partition, 'fence');
        pass(partition, 'restore');
      },
      onRestored: ({ partition }) => pass(partition, 'open'),
    });
  }

  said(): Said {
    const those = (warm: boolean): readonly number[] =>
      [...this.#followers].flatMap(([partition, follower]) => (follower.isWarm === warm ? [partition] : []));
    return { ended: [], warm: those(true), behind: those(false) };
  }

  /** The mill that has the partition here. */
  runs(partition: number): boolean {
    return this.#runs.get(partition)?.mill !== undefined;
  }

  open({ partition, epoch }: Claim): void {
    const run: Run = { partition, epoch, store: undefined, mill: undefined, over: false };
    this.#runs.set(partition, run);
    this.#inTurn(partition, async () => {
      await this.#letGo(partition);
      this.#epochs.set(partition, epoch);
      if (!run.over) await this.#open(run);
      if (run.over) await this.#close(run, 'end');
    });
  }

  drain(partition: number): void {
    const run = this.#mustRun(partition);
    if (run === undefined) return;
    this.#inTurn(partition, async () => {
      if (run.over) return;
      await run.mill?.drain();
      if (!run.over) await this.#close(run, 'release');
    });
  }

  stop(partition: number): void {
    const run = this.#mustRun(partition);
    if (run === undefined) return;
    this.#end(run);
    this.#inTurn(partition, () => this.#close(run, 'end'));
  }

  follow(partition: number): void {
    const { logs, views } = this.#parts;
    this.#inTurn(partition, async () => {
      this.#followers.set(partition, new PartitionFollower({ job: JOB, partition, logs, views }));
    });
  }

  unfollow(partition: number): void {
    this.#inTurn(partition, () => this.#letGo(partition));
  }

  async #open(run: Run): Promise<void> {
    const { partition, epoch } = run;
    const { opened, connect, someMs, flaw, pass } = this.#parts;
    try {
      run.store = await this.#stores.open(JOB, partition);
      opened(partition, { epoch, store: run.store });
      if (run.over) return;
      const failed = (error: unknown): void => this.#fail(run, error);
      run.mill = new Mill({ partition, store: run.store, connect, someMs, flaw, failed });
      pass(partition, 'run');
    } catch (error) {
      this.#fail(run, error);
    }
  }

  /** A claim can be given back, or lost, before its partition is opened: that is its end. */
  #mustRun(partition: number): Run | undefined {
    const run = this.#runs.get(partition);
    if (run === undefined) this.#parts.pass(partition, 'end');
    return run;
  }

  #fail(run: Run, reason: unknown): void {
    const { code, message } = MillraceError.from(reason);
    if (run.over) return;
    if (!OUTAGES.has(code)) this.#parts.complain(`${code}: ${message}`);
    this.#end(run);
    if (code === 'STORE_FENCED') this.#parts.pass(run.partition, 'lose');
    this.#inTurn(run.partition, async () => {
      if (code !== 'STORE_FENCED') await new Promise((resolve) => setTimeout(resolve, BACKOFF_MS));
      await this.#close(run, 'end');
    });
  }

  #end(run: Run): void {
    run.over = true;
    run.mill?.stop();
    run.mill = undefined;
  }

  /** Once for each run. */
  async #close(run: Run, signal: 'end' | 'release'): Promise<void> {
    if (this.#runs.get(run.partition) !== run) return;
    this.#end(run);
    await run.store?.close();
    this.#runs.delete(run.partition);
    this.#parts.pass(run.partition, signal);
  }

  async #letGo(partition: number): Promise<void> {
    const follower = this.#followers.get(partition);
    this.#followers.delete(partition);
    await follower?.close();
  }

  #inTurn(partition: number, action: () => Promise<void>): void {
    const before = this.#turns.get(partition) ?? Promise.resolve();
    this.#turns.set(
      partition,
      before.then(action).catch((error: unknown) => this.#parts.complain(`partition ${partition}: ${String(error)}`)),
    );
  }
}
