import type { Prepared } from '../../connector/durable-sink.js';
import { present } from '../../internal/present.js';
import { hasDiagnosticSubscribers, runDiagnostic } from '../../metrics/diagnostics.js';
import type { AnyDurableSinkWriter } from '../../pipeline/any-sink.js';
import type { OutboxLimits } from '../opening/job-run-options.js';
import type { JobTallies } from '../tick/job-tallies.js';
import { type Frame, handOverOf } from '../tick/lanes/frame.js';
import type { OnRejected, OutputLane } from '../tick/lanes/output-lane.js';
import type { RefusedOutput } from '../tick/lanes/refused-output.js';
import type { RejectionPolicy } from '../tick/lanes/rejection-policy.js';
import { NOTHING_STORED, type StoredMessages } from '../tick/stored-messages.js';
import type { Outbox } from './outbox/outbox.js';

const OUTBOX = 'a row that passed the door of its sink has an outbox';

export interface DurableOutputLaneOptions {
  /** Of the sink, in metrics and events. */
  readonly name: string;
  /** Makes rows of the outputs. */
  readonly writer: AnyDurableSinkWriter;
  /** One for each of the writer's, in its order. */
  readonly outboxes: readonly Outbox[];
  /** Of each outbox. */
  readonly limits: OutboxLimits;
  /** Throws for a row that no commit can have. */
  readonly checkSize: (bytes: number) => void;
  /** What is done with what cannot become a row, or is refused. */
  readonly rejection: RejectionPolicy;
  /** Count what becomes a row, and what is delivered. */
  readonly tallies: JobTallies;
  /** Told when it has become full; again only after it was less than half full. */
  readonly onFull: (stored: StoredMessages) => void;
}

/**
 * A sink of a durable job. An output becomes a row of an outbox in the tick that made it, so it is in the commit of the input it
 * comes from (R7) and holds no frame: the outbox has its own bounds, on disk.
 */
export class DurableOutputLane implements OutputLane {
  readonly name: string;
  readonly rejection: RejectionPolicy;
  readonly #options: DurableOutputLaneOptions;
  /** Outputs of this tick that are no rows yet; they count in `room`. */
  #pendingItems = 0;
  /** So that one that stays full, or sways about its bound, is told once. */
  #toldFull = false;
  #pending: { readonly items: readonly unknown[]; readonly frame: Frame | undefined }[] = [];

  constructor(options: DurableOutputLaneOptions) {
    this.name = options.name;
    this.rejection = options.rejection;
    this.#options = options;
  }

  /** Nothing outlives the tick. */
  get waiting(): number {
    return this.#pendingItems;
  }

  /** That of the fullest outbox: which one an output goes to is known only when it has become a row. */
  get room(): number {
    const { outboxes, limits } = this.#options;
    let room = Number.POSITIVE_INFINITY;
    for (const outbox of outboxes) {
      room = Math.min(room, outbox.bytes < limits.maxBytes ? limits.maxRows - outbox.rows : 0);
    }
    return room - this.#pendingItems;
  }

  get stored(): StoredMessages {
    const { outboxes } = this.#options;
    return outboxes.reduce(
      (sum, { rows, bytes }) => ({ messages: sum.messages + rows, bytes: sum.bytes + bytes }),
      NOTHING_STORED,
    );
  }

  /** Also of what an earlier run has left: a job ends when its outboxes are empty. */
  get quiet(): boolean {
    return this.#options.outboxes.every(({ rows }) => rows === 0);
  }

  get outboxes(): readonly Outbox[] {
    return this.#options.outboxes;
  }

  enqueue(items: readonly unknown[], frame: Frame | undefined): void {
    this.#pending.push({ items, frame });
    this.#pendingItems += items.length;
  }

  /** Whether there are rows behind all others. */
  get hasEnd(): boolean {
    return this.#options.writer.end !== undefined;
  }

  /** All that leads here has ended, and is in the outboxes. */
  end(): void {
    const rows = this.#options.writer.end?.() ?? [];
    for (const row of rows) present(this.#options.outboxes[row.outbox], OUTBOX).append(row);
    this.#options.tallies.written.add(rows.length);
  }

  /** Deliveries are the outboxes' business; refusals are taken with the snapshot of the commit that they belong to. */
  takeProgress(): void {}

  write(onRejected: OnRejected): void {
    if (this.#pending.length === 0) return;
    const pending = this.#pending;
    this.#pending = [];
    this.#pendingItems = 0;
    // frame by frame, so that what is rejected is told with the frame that its letter holds
    for (const { items, frame } of pending) {
      const { rows, rejected } = this.#prepare(items, frame);
      for (const row of rows) {
        // before it is in the outbox: a row that no commit can have would be found when the tick is sealed, with all that came before it
        this.#options.checkSize(row.bytes.byteLength);
        present(this.#options.outboxes[row.outbox], OUTBOX).append(row);
      }
      this.#options.tallies.written.add(rows.length);
      for (const { letter } of rejected) onRejected(letter, frame);
    }
  }

  #prepare(items: readonly unknown[], frame: Frame | undefined): Prepared {
    const { writer } = this.#options;
    if (frame === undefined || frame.timers !== undefined || !hasDiagnosticSubscribers('hand-over'))
      return writer.prepare(items);
    return runDiagnostic('hand-over', handOverOf(this.name, frame), () => writer.prepare(items));
  }

  flush(): void {
    // before the flush, which lets out what was taken here
    for (const outbox of this.#options.outboxes) outbox.offer();
    this.#options.writer.flush();
    this.#watchRoom();
  }

  /** Of the writer alone: what is stored is offered at each flush, so it waits for nothing but room. */
  ready(): Promise<void> {
    return this.#options.writer.ready();
  }

  #watchRoom(): void {
    const { outboxes, limits, onFull } = this.#options;
    if (this.#toldFull) {
      const half = outboxes.every(({ rows, bytes }) => rows * 2 < limits.maxRows && bytes * 2 < limits.maxBytes);
      this.#toldFull = !half;
    } else if (this.room <= 0) {
      this.#toldFull = true;
      onFull(this.stored);
    }
  }

  /** What is prepared from here on can be dropped by `undo`. */
  begin(): void {
    for (const outbox of this.#options.outboxes) outbox.begin();
  }

  /** Drops the outputs that came since `begin`. */
  undo(): void {
    this.#pending = [];
    this.#pendingItems = 0;
    for (const outbox of this.#options.outboxes) outbox.undo();
  }

  /** Takes the senders' parts of the next commit; gives what they were refused. */
  snapshot(): readonly RefusedOutput[] {
    const { rejection } = this;
    const { outboxes, tallies } = this.#options;
    const refused: RefusedOutput[] = [];
    for (const outbox of outboxes) {
      // how far it is delivered is known by the snapshot alone
      const before = outbox.low;
      for (const { letter } of outbox.snapshot()) refused.push({ rejection, letter });
      tallies.delivered.add(outbox.low - before);
    }
    return refused;
  }
}
