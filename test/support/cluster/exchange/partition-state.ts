import type { ReceiverState } from '../../../../src/cluster/exchange/edge/edge-receiver.js';

/** What the log of a partition leads to. Only who opened it last may change it. */
export class PartitionState<T> {
  now: T;
  epoch = 0;

  constructor(first: T) {
    this.now = first;
  }
}

/** Rows that were ever stored for one receiver. */
export interface SentOutbox {
  readonly rows: readonly Buffer[];
  readonly low: number;
  readonly state: unknown;
}

export interface SentState {
  /** By receiver. */
  readonly outboxes: readonly SentOutbox[];
}

export interface ReceivedState {
  readonly state: ReceiverState | undefined;
  /** What was processed, by sender. */
  readonly rows: readonly (readonly string[])[];
}
