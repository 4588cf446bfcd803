import type { Connection } from '../connection/connection.js';
import type { Session } from '../protocol/session/session.js';

/** The part of a connection that a source uses while it runs: answers to the broker, and the tap. */
export interface SourceLine extends Pick<Connection, 'flush' | 'setReading' | 'close'> {
  /** The commands that acknowledge, and what a snapshot stores of the session. */
  readonly session: Pick<
    Session,
    'accept' | 'complete' | 'epoch' | 'releasesOwed' | 'inboundIdRuns' | 'changedInboundMemory'
  >;
}
