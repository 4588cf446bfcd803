import type { ResolvedRestart } from '../../engine/job/restart-policy.js';
import type { JobRunOptions } from '../../engine/opening/job-run-options.js';
import type { JobRun } from '../../engine/run/job-run.js';
import { type StoppedEarly, stoppedEarlyWords } from '../../engine/run/stopped-early.js';
import { MillraceError } from '../../errors/index.js';
import type { OperatorWarnings } from '../../metrics/warnings/operator-warnings.js';
import type { LocalViews } from '../../store/log/local-view.js';
import { type LogHeads, LogStores } from '../../store/log/log-stores.js';
import type { Restored } from '../../store/log/opening/open-log-store.js';
import type { PartitionLogs } from '../../store/log/partition-log.js';
import type { Claim } from '../claims/change.js';
import type { LossReason } from '../claims/claims-action.js';
import type { PartitionSignal } from '../claims/partition-life.js';
import type { Said } from './claims-driver.js';
import type { ClusterJobEvent } from './cluster-event.js';
import { LocalFailures } from './local-failures.js';
import { PartitionFollower } from './partition-follower.js';
import { PartitionRunner } from './partition-runner.js';

/** What the partitions of a job at this node are made of. */
export interface NodePartitionsParts {
  /** Of each run, but for its partition and store. */
  readonly run: JobRunOptions;
  /** It has state, or stores what it sends. */
  readonly durable: boolean;
  readonly restart: ResolvedRestart;
  /** Shared with other jobs: they are closed by who opened them. */
  readonly logs: PartitionLogs;
  readonly views: LocalViews;
  readonly heads: LogHeads;
  readonly pass: (partition: number, signal: Exclude<PartitionSignal, 'claim'>) => void;
  /** It could not be opened here, for reasons of this node. Gives for how long others come before it, in milliseconds. */
  readonly unfit: (partition: number) => number;
  /** A run of it went well here. */
  readonly proved: (partition: number) => void;
  readonly tell: (event: ClusterJobEvent) => void;
  /** Undefined: nothing is said as a warning. */
  readonly warnings: OperatorWarnings | undefined;
  /** A partition failed as it would anywhere. Resolves when that is told. */
  readonly failed: (error: MillraceError) => Promise<void>;
  /** The sources of a partition have ended. */
  readonly ended: () => void;
}

interface Opened {
  readonly runner: PartitionRunner;
  restored: Restored | undefined;
}

/** Runs and follows partitions of one job, as the claims of this node have it. */
export class NodePartitions {
  readonly #parts: NodePartitionsParts;
  readonly #stores: LogStores;
  readonly #local = new LocalFailures();
  readonly #opened = new Map<number, Opened>();
  /** Was opened, and has not come to its end. */
  readonly #begun = new Set<number>();
  /** Was opened, and does not run yet. */
  readonly #opening = new Set<number>();
  /** By partition, what a store may be opened with next. */
  readonly #epochs = new Map<number, number>();
  readonly #followers = new Map<number, Pick<PartitionFollower, 'isWarm' | 'close'>>();
  /** What is opened or closed of a partition waits for what was before. */
  readonly #turns = new Map<number, Promise<void>>();

  constructor(parts: NodePartitionsParts) {
    this.#parts = parts;
    const { views, heads, pass, tell } = parts;
    const { job } = parts.run;
    this.#stores = new LogStores({
      logs: lent(parts.logs),
      views: this.#local.watch(views),
      heads,
      epochOf: async ({ partition }) => this.#epochs.get(partition) ?? 0,
      onFenced: ({ partition }) => {
        pass(partition, 'fence');
        pass(partition, 'restore');
      },
      onRestored: ({ partition }, restored) => {
        const opened = this.#opened.get(partition);
        if (opened !== undefined) opened.restored = restored;
        pass(partition, 'open');
      },
      onRecordsRemoved: ({ partition }) => tell({ kind: 'records-removed', job, partition }),
      onSnapshotFailed: ({ partition }, error) => tell({ kind: 'snapshot-failed', job, partition, error }),
    });
  }

  /** The run of a partition, where it has one here. */
  runOf(partition: number): JobRun | undefined {
    return this.#opened.get(partition)?.runner.run;
  }

  said(): Said {
    const all = [...this.#followers];
    const those = (warm: boolean) => all.flatMap(([partition, { isWarm }]) => (isWarm === warm ? [partition] : []));
    const ended = [...this.#opened].flatMap(([partition, { runner }]) => (runner.hasEnded ? [partition] : []));
    return { ended, warm: those(true), behind: those(false) };
  }

  open({ partition, epoch }: Claim): void {
    const { job } = this.#parts.run;
    this.#parts.tell({ kind: 'partition-claimed', job, partition, epoch });
    const opened = this.#openedOf(partition);
    this.#begun.add(partition);
    this.#inTurn(partition, async () => {
      // one at a time has the view
      await this.#letGo(partition, true);
      await opened.runner.over;
      this.#epochs.set(partition, epoch);
      opened.restored = undefined;
      if (!this.#parts.durable) for (const signal of BEFORE_OPENING) this.#parts.pass(partition, signal);
      opened.runner.open();
    });
    this.#opening.add(partition);
    this.#parts.warnings?.starting();
  }

  drain(partition: number): void {
    if (this.#neverBegan(partition, 'release')) return;
    this.#inTurn(partition, async () => this.#opened.get(partition)?.runner.drain());
  }

  stop(partition: number, reason: LossReason): void {
    const { job } = this.#parts.run;
    this.#parts.tell({ kind: 'partition-lost', job, partition, reason });
    if (this.#neverBegan(partition, 'end')) return;
    this.#stopRun(partition, lostError(partition, reason));
  }

  follow(partition: number): void {
    const { run, durable, logs, views } = this.#parts;
    this.#inTurn(partition, async () => {
      const { job } = run;
      this.#followers.set(
        partition,
        durable ? new PartitionFollower({ job, partition, logs, views }) : NOTHING_TO_FOLLOW,
      );
    });
  }

  unfollow(partition: number): void {
    this.#inTurn(partition, () => this.#letGo(partition));
  }

  /** Stops all at once. */
  stopAll(error: MillraceError): void {
    for (const partition of this.#opened.keys()) this.#stopRun(partition, error);
  }

  /** Resolves when nothing runs and nothing is followed. Call behind `stopAll`, or when all has drained. */
  async close(): Promise<void> {
    for (const partition of [...this.#followers.keys()]) this.unfollow(partition);
    await Promise.all([...this.#turns.values()]);
    await Promise.all([...this.#opened.values()].map(({ runner }) => runner.over));
    await this.#stores.close();
  }

  /** A claim can be given back, or lost, before its partition is opened: that is its end. */
  #neverBegan(partition: number, signal: 'release' | 'end'): boolean {
    if (this.#begun.has(partition)) return false;
    this.#parts.pass(partition, signal);
    return true;
  }

  #stopRun(partition: number, error: MillraceError): void {
    const opened = this.#opened.get(partition);
    opened?.runner.stop(error);
    this.#inTurn(partition, async () => opened?.runner.stop(error));
  }

  async #letGo(partition: number, openedAgain = false): Promise<void> {
    const follower = this.#followers.get(partition);
    this.#followers.delete(partition);
    await follower?.close(openedAgain);
  }

  #inTurn(partition: number, action: () => Promise<void>): void {
    const before = this.#turns.get(partition) ?? Promise.resolve();
    this.#turns.set(partition, before.then(action));
  }

  #openedOf(partition: number): Opened {
    const known = this.#opened.get(partition);
    if (known !== undefined) return known;
    const runner = this.#makeRunner(partition);
    const opened: Opened = { runner, restored: undefined };
    this.#opened.set(partition, opened);
    return opened;
  }

  #makeRunner(partition: number): PartitionRunner {
    const { run, durable, restart, pass, unfit, proved, tell, failed, ended } = this.#parts;
    const { job } = run;
    const options = { ...run, partition, stores: durable ? this.#stores : undefined };
    return new PartitionRunner(options, restart, {
      pass: (signal) => {
        this.#isOpen(partition);
        if (signal === 'release' || signal === 'end') this.#begun.delete(partition);
        if (signal === 'lose') tell({ kind: 'partition-lost', job, partition, reason: { type: 'fenced' } });
        pass(partition, signal);
      },
      opened: () => {
        this.#isOpen(partition);
        const restored = this.#opened.get(partition)?.restored;
        tell({
          kind: 'partition-running',
          job,
          partition,
          from: restored?.from,
          restoreMs: restored?.elapsedMs ?? 0,
        });
        pass(partition, 'run');
      },
      released: (error) => tell({ kind: 'partition-released', job, partition, error }),
      stoppedEarly: (early) => this.#tellStoppedEarly(early),
      ended,
      isLocal: (error) => this.#local.isLocal(error),
      proved: () => proved(partition),
      unfit: (error, failures) =>
        tell({ kind: 'partition-unfit', job, partition, error, failures, forMs: unfit(partition) }),
      restarting: (error, waitMs) => tell({ kind: 'partition-restarting', job, partition, error, waitMs }),
      failed,
    });
  }

  /** It runs, or will not by this opening. */
  #isOpen(partition: number): void {
    if (this.#opening.delete(partition) && this.#opening.size === 0) this.#parts.warnings?.started();
  }

  #tellStoppedEarly(early: StoppedEarly): void {
    const { run, tell, warnings } = this.#parts;
    tell({ kind: 'stopped-early', job: run.job, ...early });
    const { text, advice } = stoppedEarlyWords(early, run.guarantee);
    warnings?.stoppedEarly(text, advice);
  }
}

/** Who stores nothing can take over at once. */
const NOTHING_TO_FOLLOW = { isWarm: true, close: async () => {} };

/** What a partition without a store has nothing to do for. */
const BEFORE_OPENING = ['fence', 'restore', 'open'] as const;

const lent = (logs: PartitionLogs): PartitionLogs => ({
  location: logs.location,
  open: (job, partition) => logs.open(job, partition),
  find: (job, partition) => logs.find?.(job, partition) ?? logs.open(job, partition),
  blobs: (job, partition) => logs.blobs(job, partition),
  close: async () => {},
});

const lostError = (partition: number, { type }: LossReason): MillraceError =>
  new MillraceError('ABORTED', `partition ${partition} was stopped here, for another node may have it (${type})`);
