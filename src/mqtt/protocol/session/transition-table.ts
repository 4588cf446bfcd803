/** Where a flow goes and what is to be done on the way. */
export interface Transition<State extends string, Action extends string> {
  /** May be the same one. */
  readonly next: State;
  /** What the owner of the table does; the table itself does nothing. */
  readonly action: Action;
}

/** state × signal → transition. A missing key is the protocol error of whoever caused the signal. */
export type TransitionTable<State extends string, Signal extends string, Action extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Signal, Transition<State, Action>>>>>
>;
