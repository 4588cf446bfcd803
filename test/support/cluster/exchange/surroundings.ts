import type { SeededRandom } from '../../seeded-random.js';
import type { PartitionState, ReceivedState, SentState } from './partition-state.js';
import type { VirtualTime } from './virtual-time.js';

/** How bad a history is. */
export interface ExchangeSettings {
  readonly seed: number;
  readonly senders: number;
  readonly receivers: number;
  /** How much of what is sent is lost, comes twice, or late. */
  readonly lossy: number;
  /** How often a partition is taken over, each time that it does something. */
  readonly takeovers: number;
  /** Which of those that were taken over go on: they hear and speak, and no commit of theirs gets an answer. */
  readonly zombies: number;
}

/** What went wrong on the way, of all histories: that it did proves that they are bad. */
export interface ExchangeTally {
  lost: number;
  doubled: number;
  late: number;
  pieces: number;
  asked: number;
  refused: number;
  suspicions: number;
  /** Partitions that were opened when they had stored that they have ended, or that one that sends to them has. */
  endedBefore: number;
  rowsSent: number;
  rowsCommitted: number;
}

export const newTally = (): ExchangeTally => ({
  lost: 0,
  doubled: 0,
  late: 0,
  pieces: 0,
  asked: 0,
  refused: 0,
  suspicions: 0,
  endedBefore: 0,
  rowsSent: 0,
  rowsCommitted: 0,
});

/** Of whichever side. */
export interface AnyLife {
  readonly kind: 'sender' | 'receiver';
  readonly partition: number;
  /** A message comes. */
  hear(bytes: Uint8Array): void;
  end(): void;
  standStill(forMs: number): void;
  resume(): void;
  /** Now, or when it is resumed; never when it has ended. */
  deliver(act: () => void): void;
}

/** What lives are in. */
export interface Surroundings {
  readonly settings: ExchangeSettings;
  readonly time: VirtualTime;
  readonly random: SeededRandom;
  readonly tally: ExchangeTally;
  readonly sent: readonly PartitionState<SentState>[];
  readonly received: readonly PartitionState<ReceivedState>[];
  /** Nothing goes wrong any more. */
  readonly isCalm: boolean;
  /** Of the job. */
  readonly generation: number;
  /** By sender, the generation in which its sources have ended last. */
  readonly ended: number[];
  /** Without an answer, to whoever listens there. */
  publish(kind: 'rows' | 'status', partition: number, bytes: Uint8Array): void;
  takeOver(life: AnyLife): void;
  forget(life: AnyLife): void;
}
