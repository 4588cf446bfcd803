import { type PlainWindow, PlainWindows, windowText } from '../plain-windows.js';
import type { SimMessage } from './sim-broker-session.js';
import { delayOf, LATE, type SimTime, TIMERS, timestampOf, WINDOWS, windowsOf } from './sim-time.js';

/** What the judge of a history asks of it, and is told. */
export interface TimeOracleParts {
  readonly complain: (text: string) => void;
  readonly doubled: (what: string) => void;
  /** Each message comes to the stages once, in the order in which the broker took them: all is as by a recomputation. */
  readonly isExact: () => boolean;
  /** The broker lost it: it may have been counted, or not. */
  readonly isLost: (topic: string, n: number) => boolean;
  /** It lost some: nobody knows how far the time of the stream has come. */
  readonly lostSome: () => boolean;
  /** Copies may come, and out of order. */
  readonly inDoubt: () => boolean;
  /** Milliseconds since 1970, in the world. */
  readonly now: () => number;
}

/** What came of time in a history. */
export interface SimTimed {
  readonly windows: number;
  readonly late: number;
  readonly timers: number;
}

const nameOf = (topic: string, n: number | string): string => `${topic} ${n}`;

/**
 * Judges what a job tells because of time: NOT A WINDOW (its messages are others, or it has not ended), NOT LATE, FIRED EARLY, FIRED AT
 * ANOTHER TIME, OUT OF ORDER.
 */
export class SimTimeOracle {
  readonly #time: SimTime;
  readonly #parts: TimeOracleParts;
  readonly #plain: PlainWindows;
  /** Messages that the stages have been given, or are to be. */
  readonly #taken = new Map<string, { readonly topic: string; readonly n: number }>();
  /** What has ended, by its text, of those that are looked at already. */
  readonly #ended = new Set<string>();
  /** Messages of these. */
  readonly #over = new Set<string>();
  #looked = 0;
  readonly #windows = new Set<string>();
  readonly #late = new Set<string>();
  readonly #timers = new Set<string>();
  /** Messages that were in a window, or told as late. */
  readonly #told = new Set<string>();
  /** By topic, the end of the last window, and when the last timer was due. */
  readonly #lasts = new Map<string, number>();

  constructor(time: SimTime, parts: TimeOracleParts) {
    this.#time = time;
    this.#parts = parts;
    this.#plain = new PlainWindows(windowsOf(time).shape, time.allowedLagMs);
  }

  /** How many results of windows, late messages, and messages that waited for a timer have come. */
  get counts(): SimTimed {
    return { windows: this.#windows.size, late: this.#late.size, timers: this.#timers.size };
  }

  /** A message that the source makes an item of. */
  accepted(topic: string, n: number): void {
    this.#taken.set(nameOf(topic, n), { topic, n });
    this.#plain.take({ key: topic, at: timestampOf(this.#time, topic, n), n });
  }

  delivered({ topic, payload }: SimMessage): void {
    if (topic.startsWith(WINDOWS)) this.#window(topic.slice(WINDOWS.length), payload);
    else if (topic.startsWith(LATE)) this.#lateOne(topic.slice(LATE.length), payload);
    else this.#timer(topic.slice(TIMERS.length), payload);
  }

  /** The numbers of the messages that something came of. */
  static numbersOf({ topic, payload }: Pick<SimMessage, 'topic' | 'payload'>): readonly number[] {
    const [first = '', , third = ''] = payload.split(' ');
    return (topic.startsWith(WINDOWS) ? third.split(',') : [first]).map(Number);
  }

  /** What is owed and not there. */
  missing(): readonly string[] {
    const { isExact, isLost, lostSome } = this.#parts;
    const missing: string[] = [];
    for (const [name, { topic, n }] of this.#taken)
      if (!this.#timers.has(name) && !isLost(topic, n)) missing.push(`timer ${name}`);
    if (lostSome()) return missing;
    this.#look();
    const late = this.#plain.late.map(({ key, n }) => nameOf(key, n));
    if (!isExact()) return [...missing, ...[...this.#over, ...late].filter((name) => !this.#told.has(name))];
    for (const text of this.#ended) if (!this.#windows.has(text)) missing.push(`window ${text}`);
    for (const name of late) if (!this.#late.has(name)) missing.push(`late ${name}`);
    return missing;
  }

  #window(topic: string, payload: string): void {
    const text = nameOf(topic, payload);
    this.#look();
    if (this.#parts.isExact() && !this.#ended.has(text)) this.#parts.complain(`NOT A WINDOW: ${text}`);
    const numbers = SimTimeOracle.numbersOf({ topic: `${WINDOWS}${topic}`, payload });
    for (const n of numbers) this.#tell(topic, n);
    if (this.#windows.has(text)) this.#parts.doubled(`window ${text}`);
    else this.#inOrder(`window ${topic}`, Number(payload.split(' ')[1]));
    this.#windows.add(text);
  }

  #lateOne(topic: string, payload: string): void {
    const name = nameOf(topic, payload);
    const isLate = this.#plain.late.some(({ key, n }) => nameOf(key, n) === name);
    if (this.#parts.isExact() && !isLate) this.#parts.complain(`NOT LATE: ${name}`);
    this.#tell(topic, Number(payload));
    if (this.#late.has(name)) this.#parts.doubled(`late ${name}`);
    this.#late.add(name);
  }

  #timer(topic: string, payload: string): void {
    const [n = -1, setAt = 0, at = 0, firedAt = 0] = payload.split(' ').map(Number);
    const { complain, doubled, now } = this.#parts;
    const name = nameOf(topic, n);
    this.#known(topic, n);
    if (firedAt < at || now() < firedAt) complain(`FIRED EARLY: ${name}, due at ${at}, fired at ${firedAt}`);
    if (at !== setAt + delayOf(this.#time, n))
      complain(`FIRED AT ANOTHER TIME: ${name}, set at ${setAt}, due at ${at}`);
    if (this.#timers.has(name)) doubled(`timer ${name}`);
    else this.#inOrder(`timer ${topic}`, at);
    this.#timers.add(name);
  }

  #tell(topic: string, n: number): void {
    this.#known(topic, n);
    this.#told.add(nameOf(topic, n));
  }

  #known(topic: string, n: number): void {
    if (!this.#taken.has(nameOf(topic, n))) this.#parts.complain(`PHANTOM, because of time: ${topic} ${n}`);
  }

  #inOrder(what: string, at: number): void {
    const last = this.#lasts.get(what) ?? Number.NEGATIVE_INFINITY;
    if (at < last && !this.#parts.inDoubt())
      this.#parts.complain(`OUT OF ORDER: ${what} of ${at} after that of ${last}`);
    this.#lasts.set(what, Math.max(at, last));
  }

  #look(): void {
    const { ended } = this.#plain;
    for (; this.#looked < ended.length; this.#looked += 1) {
      const { key, ...window } = ended[this.#looked] as PlainWindow;
      this.#ended.add(nameOf(key, windowText(window)));
      for (const n of window.numbers) this.#over.add(nameOf(key, n));
    }
  }
}
