/** How much more may be taken. */
export interface Room {
  readonly items: number;
  readonly bytes: number;
}
