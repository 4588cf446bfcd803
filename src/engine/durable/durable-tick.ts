import { MillraceError } from '../../errors/millrace-error.js';
import type { StoreBatch } from '../../store/store.js';
import { storeKeys } from '../layout/keys/store-keys.js';
import type { Overlay } from '../layout/overlay.js';
import type { SourceRecord } from '../layout/values/source-record.js';
import { encodeStored } from '../layout/values/stored-value.js';
import type { CommitPart } from '../tick/commit-part.js';
import type { RefusedOutput } from '../tick/lanes/refused-output.js';
import type { SourceCommit, SourceLane } from '../tick/lanes/source-lane.js';
import type { TickLanes } from '../tick/lanes/tick-lanes.js';
import type { UnitGate } from '../tick/unit-gate.js';
import { checkCommitSize, checkGathered } from './commit-size.js';
import { CommitTiming } from './commit-timing.js';
import { stageRows } from './outbox/stage-rows.js';
import type { DurableOutputLane } from './output-lane.js';

/** What completions may wait for another reason to commit (R9a). */
const SOON_MS = 1000;

export interface DurableTickOptions {
  /** All of them, for the sources and for what is refused. */
  readonly lanes: TickLanes;
  /** Says whether a unit is under way, and learns what cannot be stored. */
  readonly gate: UnitGate;
  /** Becomes the batch of a commit. */
  readonly overlay: Overlay;
  /** Those of the lanes, as what they are here. */
  readonly sinks: readonly DurableOutputLane[];
  /** What else changes with the inputs. */
  readonly parts: readonly CommitPart[];
  /** Bytes that one commit may have. */
  readonly maxCommitBytes: number;
}

/**
 * The commits of a durable job: what the tick machine did becomes one commit, and only then goes out. Pure like the machine. It owns which
 * commit is under way and what that has of the sources; what is committed stays with the lanes, outboxes and parts that made it.
 *
 * Order of calls: after each `tick` of the machine `DurableCustody` calls `seal`, and gives the batch, where there is one, to the store;
 * `handleCommitted` comes once it is durable, between two ticks. The next ticks go on meanwhile, `seal` gives nothing, and their work joins
 * the next commit. `seal` asks lanes and parts, `handleCommitted` tells readers and senders; none of them may call back. A batch that fails
 * ends the run: neither is called again.
 *
 * Invariant 1 (output commit): nothing leaves the process because of an input before what that input did is durable. Readers
 * acknowledge, senders release and rows are offered in `handleCommitted` and after it, never before.
 *
 * Invariant 2: position, state and outbox change in one commit or not at all. `seal` takes all of them between two ticks, and a tick
 * leaves no input half done: a position is covered when all its outputs are in an outbox and all its changes in the state.
 *
 * Invariant 3: after a crash at any instant, a restart with the store gives the same outputs as if the crash had not happened. The
 * stored position is where the broker goes on (R1 to R4), the stored rows and marks are what is sent again (R7 to R12).
 */
export class DurableTick {
  readonly #options: DurableTickOptions;
  /** What the commit under way has of the sources: they are answered by it. */
  #sealed: readonly SourceCommit[] = [];
  /** From `seal` to `handleCommitted`. Never reset after a failure: nothing may be sealed then (R13). */
  #committing = false;
  /** The commit under way has staged rows and nothing else. */
  #staging = false;
  /** Whether the commit under way has something of the inputs. */
  #hasInputs = false;
  readonly #timing = new CommitTiming();
  /** When completions began to wait. */
  #waitingSince: number | undefined;

  constructor(options: DurableTickOptions) {
    this.#options = options;
  }

  /** Whether a sealed commit is not durable yet. */
  get committing(): boolean {
    return this.#committing;
  }

  /** Whether everything that happened is durable and answered, but for completions that may wait. */
  get settled(): boolean {
    return !this.#committing && !this.#mustCommit();
  }

  /** Whether all that the inputs did is durable and they are answered; outboxes may go on delivering. */
  get covered(): boolean {
    return !(this.#committing && this.#hasInputs) && !this.#inputsChanged();
  }

  /** Whether `seal` gives nothing before a commit is durable, or before answers have come that it waits for. */
  get holding(): boolean {
    return this.#committing || this.#timing.waiting;
  }

  /** When `seal` has work that only time gives; Infinity for never. */
  deadline(): number {
    const soon = this.#waitingSince === undefined ? Number.POSITIVE_INFINITY : this.#waitingSince + SOON_MS;
    return Math.min(soon, this.#timing.deadline());
  }

  /**
   * What the next commit stores, or undefined while one is under way, when there is nothing to store, while answers that belong into it are
   * about to come (`CommitTiming`), and after a failure in the middle of a tick: that is not to be stored. In the middle of an input, and
   * where there is much, it stages rows (`Outbox`, B1).
   * @param last takes what could wait, too
   * @param more there is more to do at once
   * @throws MillraceError STATE_NOT_STORABLE and others of a part, MESSAGE_TOO_LARGE: nothing of it may be stored, the run must end
   */
  seal(now: number, last = false, more = false): StoreBatch | undefined {
    const { gate } = this.#options;
    this.#timing.observe(now, this.#awaited());
    if (this.#committing || gate.spoilt) return undefined;
    this.#end();
    const staged = this.#stage();
    if (staged !== undefined) return staged;
    if (gate.midUnit || !this.#due(now, last) || (!last && this.#waits(now, more))) return undefined;
    try {
      return this.#sealAll(now);
    } catch (error) {
      gate.spoil(MillraceError.from(error));
      throw error;
    }
  }

  /** Not where the run has failed: what it failed at comes again. */
  #end(): void {
    const { lanes, gate, sinks } = this.#options;
    if (gate.halted !== undefined || gate.midUnit) return;
    for (const [index, sink] of sinks.entries()) if (sink.hasEnd && lanes.finishedBefore(index)) sink.end();
  }

  /** Past the overlay, which may have a part of what an input changed: such a commit has rows alone, and answers nobody. */
  #stage(): StoreBatch | undefined {
    const { gate, sinks, maxCommitBytes } = this.#options;
    const batch = stageRows(sinks, maxCommitBytes, gate.midUnit);
    if (batch === undefined) return undefined;
    this.#committing = true;
    this.#staging = true;
    return batch;
  }

  /**
   * All of it between two ticks, or nothing (Invariant 2): what throws on the way has put things into the overlay that no commit may have.
   */
  #sealAll(now: number): StoreBatch | undefined {
    const { lanes, gate, overlay, sinks, parts } = this.#options;
    // first, since a letter becomes a row of a dead-letter sink, which belongs into the commit that says the message was refused (R9a)
    lanes.rejectStored(snapshotsOf(sinks));
    this.#hasInputs = this.#inputsChanged();
    const stateBytes = parts.reduce((sum, { changedBytes }) => sum + changedBytes, 0);
    // a letter may have failed the job
    if (gate.spoilt) return undefined;
    this.#sealed = commitsOf(lanes.sources);
    for (const { lane, upTo, state, pages } of this.#sealed) {
      const { name } = lane.options;
      overlay.put(storeKeys.source(name), encodeStored({ upTo, state } satisfies SourceRecord, `source "${name}"`));
      if (pages !== undefined) putPages(overlay, name, pages);
    }
    for (const lane of sinks) for (const outbox of lane.outboxes) outbox.seal(overlay);
    for (const part of parts) if (part.changed) part.sealInto(overlay);
    // behind all of them, and before it counts as under way: what is refused here ends the run, and the store has nothing of it
    const check = gate.careful ? checkCommitSize : checkGathered;
    check(overlay.bytes, this.#options.maxCommitBytes);
    this.#committing = true;
    this.#timing.sealed(now, stateBytes);
    this.#waitingSince = undefined;
    return overlay.seal();
  }

  /** What was sealed is durable: everything that waited for it goes out. */
  handleCommitted(now: number): void {
    const { overlay, sinks, parts } = this.#options;
    // what came meanwhile, before more is let out
    this.#timing.observe(now, this.#awaited());
    this.#committing = false;
    if (this.#staging) {
      this.#staging = false;
      return;
    }
    // before anybody is answered: who reads the overlay now finds in the store what was sealed
    overlay.committed();
    for (const part of parts) part.committed();
    for (const commit of this.#sealed) commit.lane.handleCommitted(commit);
    this.#sealed = [];
    for (const lane of sinks) {
      for (const outbox of lane.outboxes) outbox.committed();
      lane.flush();
    }
    this.#timing.durable(now, this.#awaited());
  }

  /** Answers to what was let out that are to come, at each port: most of them want a commit. */
  #awaited(): readonly number[] {
    const { lanes, sinks } = this.#options;
    const awaited = lanes.sources.map(({ options }) => options.reader.awaited ?? 0);
    for (const { outboxes } of sinks) for (const outbox of outboxes) awaited.push(outbox.awaited);
    return awaited;
  }

  #waits(now: number, more: boolean): boolean {
    return (more && this.#timing.gathers(now) && !this.#isUrgent()) || this.#timing.waits(now);
  }

  /** Whether a broker waits for the next commit; rows that it would let out do not count. */
  #isUrgent(): boolean {
    const { lanes, sinks } = this.#options;
    if (lanes.sources.some((lane) => lane.options.reader.dirty === true || lane.waitsForCommit)) return true;
    return sinks.some(({ outboxes }) => outboxes.some(({ urgencyOfAnswers }) => urgencyOfAnswers === 'now'));
  }

  /** Also notes when completions begin to wait, and forgets it when none does: so it is asked at each `seal`. */
  #due(now: number, last: boolean): boolean {
    if (this.#mustCommit()) return true;
    if (!this.#mayCommit()) {
      this.#waitingSince = undefined;
      return false;
    }
    this.#waitingSince ??= now;
    return last || now >= this.#waitingSince + SOON_MS;
  }

  /** Whether the store is behind what the inputs did. In a careful run the states are in the overlay already. */
  #inputsChanged(): boolean {
    const { lanes, sinks, parts } = this.#options;
    if (lanes.sources.some((lane) => lane.committable) || parts.some(({ changed }) => changed)) return true;
    return this.#options.overlay.bytes > 0 || sinks.some(({ outboxes }) => outboxes.some(({ hasRows }) => hasRows));
  }

  #mustCommit(): boolean {
    const { sinks } = this.#options;
    if (this.#inputsChanged()) return true;
    // completions wait for company, but not in a full outbox: room comes with their commit alone
    return sinks.some(({ outboxes, room }) =>
      outboxes.some(({ urgency }) => urgency === 'now' || (urgency === 'soon' && room <= 0)),
    );
  }

  /** Completions alone: what they free on disk is not worth an fsync of its own (R9a). */
  #mayCommit(): boolean {
    return this.#options.sinks.some(({ outboxes }) => outboxes.some(({ urgency }) => urgency === 'soon'));
  }
}

// loops, since `flatMap` takes some microseconds of each commit
const snapshotsOf = (sinks: readonly DurableOutputLane[]): RefusedOutput[] => {
  const refused: RefusedOutput[] = [];
  for (const lane of sinks) for (const one of lane.snapshot()) refused.push(one);
  return refused;
};

const commitsOf = (sources: readonly SourceLane[]): SourceCommit[] => {
  const commits: SourceCommit[] = [];
  for (const lane of sources) {
    const commit = lane.takeCommit();
    if (commit !== undefined) commits.push(commit);
  }
  return commits;
};

const putPages = (overlay: Overlay, source: string, pages: ReadonlyMap<string, Uint8Array>): void => {
  for (const [page, bytes] of pages) overlay.put(storeKeys.page(source, page), bytes);
};
