import type { SourceSnapshot } from '../../../connector/source-reader.js';
import type { SourceLine } from '../source-line.js';

/** What answers the broker: the commands of a session that acknowledge. */
export type AckSession = SourceLine['session'];

/** Decides when the messages of a source are acknowledged, and when their ids are forgotten. Pure. */
export interface Acknowledger {
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
  snapshot(upTo: number): SourceSnapshot;
  /** How many answers it gave to the session. */
  committed(mark: number): number;
}
