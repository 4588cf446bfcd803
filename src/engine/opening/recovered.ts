import type { StoredMessages } from '../tick/stored-messages.js';

/** What a run of a job with a store found there and goes on with. */
export interface Recovered {
  /** In all outboxes. */
  readonly outbox: StoredMessages;
  /** Items of mapAsync stages whose calls are made again. */
  readonly pendingCalls: number;
  /**
   * Milliseconds from opening the store until every source, and every sink that is waited for, was open too: connecting is a part of it.
   */
  readonly elapsedMs: number;
}
