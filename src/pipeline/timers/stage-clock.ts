/** The time of a stage, in milliseconds since 1970. Who owns it moves it between two runs of a fragment, never back. */
export interface StageClock {
  /** Negative infinity where none is known yet. */
  readonly now: number;
}

/** Which time the timers of a stage go by: that of the machine, or that of its items. */
export type ClockKind = 'processing' | 'event';
