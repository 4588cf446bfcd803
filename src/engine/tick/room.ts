/** How much more may be taken. */
export interface Room {
  /** 0 or less: none. */
  readonly items: number;
  /** An item may overshoot them, when they are above 0. */
  readonly bytes: number;
}
