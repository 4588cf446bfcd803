import type { Facts } from '../../metrics/warnings/facts.js';

/** Something that happened. */
export interface ToldEvent {
  /** Higher than of each before it. */
  readonly seq: number;
  /** Of its first time, by the clock of the machine, as ISO 8601. */
  readonly time: string;
  /** The name of the diagnostics channel without `millrace:`; of an event of a job its `kind`. */
  readonly event: string;
  /** How often within a second, of what is the same kind and about the same part: only the first is kept. */
  readonly times: number;
  /** What it tells, bounded; nothing secret and no payload. */
  readonly facts: Facts;
}

interface Kept extends Omit<ToldEvent, 'times'> {
  times: number;
  readonly atMs: number;
}

/** What tells two events of a kind apart: no topic, of which publishers choose as many as they like. */
const ABOUT = ['job', 'status', 'name', 'source', 'sink', 'part', 'table', 'partition', 'node', 'exchange'] as const;
const MOST_EVENTS = 500;
const SAME_MS = 1000;

/** The last events of a process, at most 500. What happens again within a second is counted, so that a flood pushes nothing out. No clock. */
export class ToldEvents {
  readonly #kept: Kept[] = [];
  /** By what they are about: those of the last second, at most 500, the oldest first. */
  readonly #recent = new Map<string, Kept>();
  #seq = 0;

  /** @param boundedFacts asked only where it is kept */
  add(
    event: string,
    facts: Facts,
    now: { readonly ms: number; readonly time: string },
    boundedFacts: () => Facts,
  ): void {
    const key = [event, ...ABOUT.map((name) => shortly(facts[name]))].join('\0');
    const same = this.#recent.get(key);
    if (same !== undefined && now.ms - same.atMs < SAME_MS) {
      same.times += 1;
      return;
    }
    this.#seq += 1;
    const kept = { seq: this.#seq, time: now.time, event, times: 1, facts: boundedFacts(), atMs: now.ms };
    this.#kept.push(kept);
    if (this.#kept.length > MOST_EVENTS) this.#kept.shift();
    this.#forgetOlder(now.ms);
    this.#recent.delete(key);
    this.#recent.set(key, kept);
  }

  #forgetOlder(nowMs: number): void {
    for (const [key, { atMs }] of this.#recent) {
      if (nowMs - atMs < SAME_MS && this.#recent.size < MOST_EVENTS) return;
      this.#recent.delete(key);
    }
  }

  /** Of the newest; 0: there was none. */
  get lastSeq(): number {
    return this.#seq;
  }

  /** The oldest first. */
  since(seq: number): readonly ToldEvent[] {
    const first = this.#kept.findIndex((kept) => kept.seq > seq);
    if (first < 0) return [];
    return this.#kept.slice(first).map(({ atMs: _, ...told }) => ({ ...told }));
  }
}

const shortly = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 1024) : '';
