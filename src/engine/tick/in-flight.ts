/** What a run has in flight; zeros when there is no run. */
export interface InFlight {
  /** Inputs that are taken and not complete. */
  readonly inFlightItems: number;
  /** Their bytes, as the sources count them. */
  readonly inFlightBytes: number;
  /** Outputs that no sink has taken yet and items that wait for a mapAsync call. */
  readonly waitingItems: number;
}

export const NOTHING_IN_FLIGHT: InFlight = { inFlightItems: 0, inFlightBytes: 0, waitingItems: 0 };
