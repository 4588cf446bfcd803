import type { WindowShape } from '../../src/pipeline/windows/window-definition.js';

/** An item by which windows are recomputed. */
export interface PlainItem {
  readonly key: string;
  readonly at: number;
  readonly n: number;
}

/** What a window has come to. */
export interface PlainWindow {
  readonly key: string;
  readonly start: number;
  readonly end: number;
  /** Of its items, ascending. */
  readonly numbers: readonly number[];
}

interface OpenWindow {
  key: string;
  start: number;
  end: number;
  numbers: number[];
}

/** As it is told by the jobs of tests: `<start> <end> <n>,<n>,…`. */
export const windowText = ({ start, end, numbers }: Omit<PlainWindow, 'key'>): string =>
  `${start} ${end} ${numbers.join(',')}`;

/** The windows of an input, by plain loops over all of it: what a job with these windows must tell. */
export class PlainWindows {
  readonly #shape: WindowShape;
  readonly #lagMs: number;
  /** By key. */
  #open = new Map<string, OpenWindow[]>();
  readonly #ended: PlainWindow[] = [];
  /** All windows of which had ended. */
  readonly late: PlainItem[] = [];
  #watermark = Number.NEGATIVE_INFINITY;

  /** @param lagMs Infinity: nothing is late, and nothing ends by itself */
  constructor(shape: WindowShape, lagMs: number) {
    this.#shape = shape;
    this.#lagMs = lagMs;
  }

  /** Items in the order in which they come to the stage. */
  take(item: PlainItem): void {
    this.#watermark = Math.max(this.#watermark, item.at - this.#lagMs);
    this.#end(this.#watermark);
    const open = this.#open.get(item.key) ?? [];
    this.#open.set(item.key, open);
    const isTaken = this.#shape.kind === 'session' ? this.#joinSession(open, item) : this.#joinWindows(open, item);
    if (!isTaken) this.late.push(item);
  }

  /** Those that have ended, in the order of their ends for each key. */
  get ended(): readonly PlainWindow[] {
    return this.#ended;
  }

  /** All, as if time were over. */
  all(): readonly PlainWindow[] {
    this.#end(Number.POSITIVE_INFINITY);
    return this.#ended;
  }

  #end(watermark: number): void {
    for (const [key, windows] of this.#open) {
      const ended = windows.filter(({ end }) => end <= watermark).sort((a, b) => a.end - b.end);
      if (ended.length === 0) continue;
      for (const one of ended) this.#ended.push({ ...one, numbers: [...one.numbers].sort((a, b) => a - b) });
      this.#open.set(
        key,
        windows.filter(({ end }) => end > watermark),
      );
    }
  }

  #joinWindows(open: OpenWindow[], { key, at, n }: PlainItem): boolean {
    if (this.#shape.kind === 'session') return false;
    const { size, slide } = this.#shape;
    const first = Math.floor(at / slide) * slide + slide;
    let isTaken = false;
    for (let end = first; end < first + size; end += slide) {
      if (end <= this.#watermark) continue;
      const window = open.find((one) => one.end === end) ?? { key, start: end - size, end, numbers: [] };
      if (window.numbers.length === 0) open.push(window);
      window.numbers.push(n);
      isTaken = true;
    }
    return isTaken;
  }

  #joinSession(open: OpenWindow[], { key, at, n }: PlainItem): boolean {
    if (this.#shape.kind !== 'session') return false;
    const to = at + this.#shape.timeout;
    const near = open.filter(({ start, end }) => start < to && end > at);
    if (near.length === 0 && to <= this.#watermark) return false;
    const start = Math.min(at, ...near.map((one) => one.start));
    const end = Math.max(to, ...near.map((one) => one.end));
    for (const one of near) open.splice(open.indexOf(one), 1);
    open.push({ key, start, end, numbers: [...near.flatMap(({ numbers }) => numbers), n] });
    return true;
  }
}
