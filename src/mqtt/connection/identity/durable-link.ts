import type { SessionState } from '../../protocol/session/session-state.js';

/**
 * The small durable value of one client in which its `SessionRecord` stands: what a job with a store gives its sources and sinks
 * as DurableRecord.
 */
export interface LinkRecord {
  /** What was put last, in this process or an earlier one; undefined when nothing was. */
  readonly value: unknown;
  /** Resolves when it is durable; undefined removes it. Puts apply in order. A rejection is fatal for the connection (R13). */
  put(value: unknown): Promise<void>;
}

/** What to do when the broker has a session for our client id on the very first CONNECT, of which our store knows nothing (R6, R6a). */
export type UnknownSessionPolicy = 'fail' | 'adopt' | 'discard';

/** What makes a connection durable: its session outlives the process, and every step in its life is stored before it is gone. */
export interface DurableLink {
  readonly record: LinkRecord;
  /** The past that the store has. `epoch` is `epochOf(readSessionRecord(record.value))`; rows of an older epoch are not to be in it. */
  readonly restored: SessionState;
  /** `adopt` is for sources: under ids that an unknown client has used, a sink may lose messages (R8b). */
  readonly onUnknownSession: UnknownSessionPolicy;
}
