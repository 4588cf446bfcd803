import type { InboundStage } from '../session-state.js';
import type { TransitionTable } from '../transition-table.js';

/** `free`: the id belongs to no message. */
export type InboundStanding = InboundStage | 'free';

/** A PUBLISH with DUP 0 or 1, one of the other QoS that uses the id, PUBREL, and the owner's two commands. */
export type InboundSignal = 'publish' | 'publish-dup' | 'publish-other' | 'pubrel' | 'accept' | 'complete';

/**
 * `deliver`: a new message. `suspect`: a new message, and the one that had the id is dropped (R5a). `answer`: PUBACK or
 * PUBREC, when all before it have theirs (R14). `answer-later`: as `answer`, once the owner accepts (R2a).
 * `report`: a `release` event. `pubcomp`, `pubcomp-unknown`: write it.
 */
export type InboundAction =
  | 'deliver'
  | 'suspect'
  | 'answer'
  | 'answer-later'
  | 'report'
  | 'pubcomp'
  | 'pubcomp-unknown'
  | 'none';

/** The table of one QoS. */
export type InboundFlow = TransitionTable<InboundStanding, InboundSignal, InboundAction>;
