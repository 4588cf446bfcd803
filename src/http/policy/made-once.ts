/** An answer is at most so old. */
export const FRESH_MS = 1000;

/** What is made once for all who ask for it while it is fresh. Has no clock. */
export class MadeOnce<T> {
  readonly #make: (nowMs: number) => T;
  #last: { readonly value: T; readonly madeMs: number } | undefined;

  constructor(make: (nowMs: number) => T) {
    this.#make = make;
  }

  /** @param freshMs what is younger is not made anew */
  at(nowMs: number, freshMs = FRESH_MS): T {
    const last = this.#last;
    if (last !== undefined && nowMs - last.madeMs < freshMs) return last.value;
    const value = this.#make(nowMs);
    this.#last = { value, madeMs: nowMs };
    return value;
  }
}
