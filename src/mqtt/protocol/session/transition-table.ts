/** Where a flow goes and what is to be done on the way. */
export interface Transition<State extends string, Action extends string> {
  readonly next: State;
  readonly action: Action;
}

/** state × signal → transition. A missing key is the protocol error of whoever caused the signal. */
export type TransitionTable<State extends string, Signal extends string, Action extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Signal, Transition<State, Action>>>>>
>;
