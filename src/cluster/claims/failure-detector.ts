/** What tells one beat of a node from another: a new run begins to count anew. */
export interface BeatSign {
  /** Grows with each start of the node's process. */
  readonly run: number;
  /** Grows with each beat of the run. */
  readonly count: number;
  /** How long the node counts as alive without another beat, in milliseconds: its own word, so nodes may have different ones. */
  readonly leaseMs: number;
}

interface Sight {
  readonly sign: BeatSign;
  /** Watched time, see `#watched`. */
  seenAt: number;
}

/** So many looks belong into a lease: what lies further apart was a pause of ours. */
const LOOKS_PER_LEASE = 4;

/**
 * Which nodes are alive: one is gone when no beat of it was *seen* for a lease. The first that is seen of a node counts as a beat, so who
 * begins to watch gives everybody one lease, and so does one whose watch was interrupted (`restart`). Time in which the watcher itself did
 * not look, because it was paused, does not count against others: their beats wait to be read.
 *
 * C6. No time of one machine is compared with another's; what is measured is how long the watcher has seen nothing, by its own clock.
 *
 * Call `look` first whenever time has passed, at the latest at `deadline()`.
 */
export class FailureDetector {
  readonly #leaseMs: number;
  readonly #sights = new Map<string, Sight>();
  #lookedAt: number | undefined;
  #watched = 0;

  /** @param leaseMs that of the watcher: what is a pause of its own is judged by it */
  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
  }

  /** Milliseconds, by a clock that only goes forward. */
  look(now: number): void {
    this.#watched += Math.min(now - (this.#lookedAt ?? now), this.#leaseMs / LOOKS_PER_LEASE);
    this.#lookedAt = now;
  }

  /** A beat that was seen before, or one before that, is no sign of life: a watch that begins anew shows the last ones again. */
  saw(node: string, sign: BeatSign): void {
    const known = this.#sights.get(node);
    if (known !== undefined && !isNewer(sign, known.sign)) return;
    this.#sights.set(node, { sign, seenAt: this.#watched });
  }

  /** It said so itself, or was forgotten by all. */
  left(node: string): void {
    this.#sights.delete(node);
  }

  /** The watch was interrupted: beats of that time were not seen. */
  restart(): void {
    for (const sight of this.#sights.values()) sight.seenAt = this.#watched;
  }

  isAlive(node: string): boolean {
    const sight = this.#sights.get(node);
    return sight !== undefined && this.#watched - sight.seenAt < sight.sign.leaseMs;
  }

  /** How long no beat of it was seen, in milliseconds that were watched; 0 for one that is not known. */
  silentMs(node: string): number {
    const sight = this.#sights.get(node);
    return sight === undefined ? 0 : this.#watched - sight.seenAt;
  }

  /** When to look next; undefined before the first look. */
  deadline(): number | undefined {
    return this.#lookedAt === undefined ? undefined : this.#lookedAt + this.#leaseMs / LOOKS_PER_LEASE;
  }
}

const isNewer = (sign: BeatSign, known: BeatSign): boolean =>
  sign.run > known.run || (sign.run === known.run && sign.count > known.count);
