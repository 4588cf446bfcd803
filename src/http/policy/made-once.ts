/** An answer is at most so old. */
export const FRESH_MS = 1000;

/** What is made once a second at most, however many ask for it. Has no clock. */
export class MadeOnce<T> {
  readonly #make: (nowMs: number) => T;
  #last: { readonly value: T; readonly madeMs: number } | undefined;

  constructor(make: (nowMs: number) => T) {
    this.#make = make;
  }

  at(nowMs: number): T {
    const last = this.#last;
    if (last !== undefined && nowMs - last.madeMs < FRESH_MS) return last.value;
    const value = this.#make(nowMs);
    this.#last = { value, madeMs: nowMs };
    return value;
  }
}
