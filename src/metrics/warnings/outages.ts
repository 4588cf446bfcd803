/** What is wrong since a while. */
export interface Outage {
  /** Of the connection, or of the part of the job. */
  readonly name: string;
  /** Of the warning. */
  readonly code: string;
  /** Why, by the last attempt. */
  readonly message: string;
  /** What to do about it. */
  readonly advice: string | undefined;
}

interface Known {
  outage: Outage;
  readonly sinceMs: number;
  dueMs: number;
  told: number;
}

/** How long after it was said it is said again: the last for ever. */
const AGAIN_MS = [600_000, 3_600_000] as const;

/** When to say which outages: each after a while, and then rarely. Has no clock: times are those of the caller. */
export class Outages {
  readonly #known = new Map<string, Known>();

  /** It goes on, or begins: then it is to be said `firstMs` from now unless it is over by then. */
  add(outage: Outage, nowMs: number, firstMs: number): void {
    const known = this.#known.get(outage.name);
    if (known === undefined) this.#known.set(outage.name, { outage, sinceMs: nowMs, dueMs: nowMs + firstMs, told: 0 });
    else known.outage = outage;
  }

  /** Nothing is wrong with it. */
  end(name: string): void {
    this.#known.delete(name);
  }

  /** Whether anything but this is wrong. */
  hasOther(name: string): boolean {
    return [...this.#known.keys()].some((other) => other !== name);
  }

  /** When the next has to be said; Infinity: never. */
  get dueMs(): number {
    return Math.min(...[...this.#known.values()].map(({ dueMs }) => dueMs));
  }

  /** What has to be said now, each with how long it lasts. */
  take(nowMs: number): readonly (Outage & { readonly lastsMs: number })[] {
    const due = [...this.#known.values()].filter(({ dueMs }) => dueMs <= nowMs);
    return due.map((known) => {
      known.dueMs = nowMs + (known.told === 0 ? AGAIN_MS[0] : AGAIN_MS[1]);
      known.told += 1;
      return { ...known.outage, lastsMs: nowMs - known.sinceMs };
    });
  }
}
