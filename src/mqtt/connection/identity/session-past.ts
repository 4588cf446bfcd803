import type { DurableRecord } from '../../../internal/durable-record.js';
import type { SessionState } from '../../protocol/session/session-state.js';

/** What to do when the broker has a session for our client id on the very first CONNECT, of which our store knows nothing (R6, R6a). */
export type UnknownSessionPolicy = 'fail' | 'adopt' | 'discard';

/** What makes a connection durable: its session outlives the process, and every step in its life is stored before it is gone. */
export interface SessionPast {
  /** Where the `SessionRecord` stands, under the client id. */
  readonly record: DurableRecord;
  /** The past that the store has. `epoch` is `epochOf(readSessionRecord(record.value))`; rows of an older epoch are not to be in it. */
  readonly restored: SessionState;
  /** `adopt` is for sources: under ids that an unknown client has used, a sink may lose messages (R8b). */
  readonly onUnknownSession: UnknownSessionPolicy;
}
