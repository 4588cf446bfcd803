import type { CommitUrgency, OutboxRow, OutboxSender, OutboxSnapshot } from '../../connector/durable-sink.js';
import { corruptState } from '../../errors/corrupt-state.js';
import type { MillraceError } from '../../errors/index.js';
import type { StatusMessage } from './edge/edge-message.js';
import { EdgeSender, type EdgeSenderOptions } from './edge/edge-sender.js';

/** What is stored beside the rows. */
export interface ExchangeOutboxState {
  /** Tells this outbox from one that was made anew under the same name. */
  readonly outbox: number;
  /** The generation of the job of the last end among its rows; 0: there is none. */
  readonly ended: number;
}

export interface ExchangeOutboxOptions extends EdgeSenderOptions {
  /** The partition that the rows are for. */
  readonly to: number;
  /** One above the last stored row. */
  readonly end: number;
  /** As in its state. */
  readonly ended: number;
}

/** The rows that a partition has for another one: complete when a commit of that has them. */
export class ExchangeOutbox implements OutboxSender {
  readonly name: string;
  readonly #to: number;
  readonly #outbox: number;
  readonly #edge: EdgeSender;
  #end: number;
  #ended: number;
  /** In the last snapshot. */
  #sealedLow: number;
  #mark = 0;
  #failure: MillraceError | undefined;
  /** The first commit that was made while the receiver had more than we. */
  #suspectedAt: number | undefined;

  constructor({ to, end, ended, ...edge }: ExchangeOutboxOptions) {
    this.name = String(to);
    this.#to = to;
    this.#outbox = edge.outbox;
    this.#edge = new EdgeSender(edge);
    this.#end = end;
    this.#ended = ended;
    this.#sealedLow = edge.low;
  }

  get next(): number {
    return this.#edge.next;
  }

  /** What the receiver has and we have not is looked into by a commit: either we were taken over, or records of ours are lost. */
  get urgency(): CommitUrgency {
    if (this.#edge.committed > this.#end && this.#suspectedAt === undefined) return 'now';
    return this.#edge.low > this.#sealedLow ? 'soon' : 'none';
  }

  /** When `take` has something, whatever comes. */
  deadline(): number {
    return this.#edge.deadline();
  }

  /** The messages that are to go out now; none has more than so many bytes. */
  take(now: number, maxMessageBytes: number): readonly Uint8Array[] {
    return this.#edge.take(now, maxMessageBytes);
  }

  /** Whether the end of that generation is not among its rows yet; the caller puts it there, and the next snapshot says so. */
  wantsEnd(generation: number): boolean {
    const wants = this.#ended !== generation;
    this.#ended = generation;
    return wants;
  }

  /** Nothing is heard any more. */
  fail(error: MillraceError): void {
    this.#failure ??= error;
  }

  handleStatus(status: StatusMessage, now: number): void {
    this.#edge.handleStatus(status, now);
  }

  offer(rows: readonly OutboxRow[]): number {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#edge.offer(rows);
  }

  /** No sent mark is needed (R8a): the receiver knows by the seq what it has. */
  snapshot(end: number): OutboxSnapshot {
    const mark = this.#mark;
    this.#mark += 1;
    this.#end = end;
    if (this.#edge.committed > end) this.#suspectedAt ??= mark;
    this.#sealedLow = this.#edge.low;
    const state: ExchangeOutboxState = { outbox: this.#outbox, ended: this.#ended };
    return { mark, state, low: this.#sealedLow, refused: [] };
  }

  /** @throws MillraceError STORE_CORRUPT where the receiver has rows that this log, which is ours, never had */
  committed(mark: number): void {
    if (this.#suspectedAt !== undefined && this.#suspectedAt <= mark)
      throw rowsLost(this.#to, this.#end, this.#edge.committed);
  }
}

const rowsLost = (to: number, end: number, committed: number): MillraceError =>
  corruptState(
    `partition ${to} has committed rows up to ${committed - 1} of this partition, whose store ends below ${end}: its log has lost records. Restore the logs of all partitions from one backup, or start the job under another name.`,
  );
