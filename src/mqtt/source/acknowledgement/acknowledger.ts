import type { SourceSnapshot } from '../../../connector/source-reader.js';
import type { SessionPast } from '../../connection/identity/session-past.js';
import type { SourceLine } from '../source-line.js';

/** What answers the broker: the commands of a session that acknowledge. */
export type AckSession = SourceLine['session'];

/**
 * Decides when the messages of a source are acknowledged, and when their ids are forgotten. Pure. A message goes through it in this
 * order: `taken` when it is polled; then, in any order, `released` when its PUBREL comes and `committed` for the snapshot that covers
 * its position.
 */
export interface Acknowledger {
  /**
   * Whether what is received is acknowledged later, by `committed`, so that the broker sends it again after a cut. False: on receipt,
   * by the intake, and `taken` has nothing to do.
   */
  readonly owes: boolean;
  /** QoS 1 and 2 messages polled and not acknowledged. */
  readonly count: number;
  /** Whether a commit is wanted although no position has moved: ids wait to be forgotten (R3). */
  readonly dirty: boolean;
  /** A QoS 1 or 2 message was polled and stands at this position. Positions ascend. */
  taken(position: number, token: number): void;
  /** Its PUBREL came. */
  released(token: number): void;
  /** The broker reused an id that we hold, and so the id means another message now (R5a). */
  suspected(): void;
  /** What a commit of everything up to this position has to store. */
  snapshot(upTo: number): SourceSnapshot;
  /** The snapshot of this mark and all before it are committed. How many answers that gave to the session. */
  committed(mark: number): number;
}

/**
 * Who answers for what a source has received until it is acknowledged: without a store (`direct/`) the broker, until every output is
 * delivered; with one (`durable/`) the store, from the commit on. Chosen once, when the source is opened.
 */
export interface SourceCustody {
  /** What the store has of the session; undefined without a store. */
  readonly past: SessionPast | undefined;
  /** Who acknowledges in this session. */
  acknowledger(session: AckSession): Acknowledger;
}
