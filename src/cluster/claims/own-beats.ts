/**
 * Which of our beats were taken. What counts is when the last of them was sent: nobody can have seen it earlier, so nobody's lease ends
 * before ours.
 */
export class OwnBeats {
  readonly #leaseMs: number;
  /** By their counts, those that may still be taken in time. */
  readonly #underWay = new Map<number, number>();
  #lastSentAt: number | undefined;

  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  sent(count: number, now: number): void {
    for (const [older, sentAt] of this.#underWay) if (now - sentAt >= this.#leaseMs) this.#underWay.delete(older);
    this.#underWay.set(count, now);
  }

  taken(count: number): void {
    const sentAt = this.#underWay.get(count);
    if (sentAt === undefined) return;
    this.#underWay.delete(count);
    this.#lastSentAt = Math.max(sentAt, this.#lastSentAt ?? sentAt);
  }

  /** When it would be too long ago; undefined before the first. */
  deadline(): number | undefined {
    return this.#lastSentAt === undefined ? undefined : this.#lastSentAt + this.#leaseMs;
  }

  /** How long ago the last one that was taken was sent, in milliseconds; infinite before the first. */
  silentMs(now: number): number {
    return this.#lastSentAt === undefined ? Number.POSITIVE_INFINITY : now - this.#lastSentAt;
  }
}
