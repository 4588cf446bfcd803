import {
  defineSource,
  type Polled,
  type Source,
  type SourceReader,
  type SourceSnapshot,
} from '../../../src/connector/index.js';
import { Readiness } from '../../../src/internal/readiness.js';

/** What of it a test may have wrong. */
export interface AnsweredBreach {
  /** In place of what `whenDirty` gives. */
  readonly whenDirty?: (reader: AnsweredReader) => Promise<void>;
  /** In place of how many answers are to come. */
  readonly awaited?: (reader: AnsweredReader) => number;
  /** Whether `whenDirty` is told of an answer; by default of the first, and of the last that is to come. */
  readonly tells?: (reader: AnsweredReader, wasDirty: boolean) => boolean;
}

/** A source whose origin answers each item that a commit has let out, one at a time, as a broker does by PUBREL; each answer is to be committed. */
export const answeredSource = (count: number, breach: AnsweredBreach = {}): Source<number> =>
  defineSource<number>({
    name: 'answered',
    claims: [],
    defaultGuarantee: 'exactly-once',
    refuse: () => undefined,
    onError: 'fail',
    createReader: async ({ restored }) => new AnsweredReader(count, Number(restored ?? 0), breach),
  });

class AnsweredReader implements SourceReader<number> {
  readonly #count: number;
  readonly #from: number;
  readonly #breach: AnsweredBreach;
  readonly dirtiness = new Readiness();
  readonly #covered: { readonly mark: number; readonly upTo: number }[] = [];
  #next: number;
  #letOut: number;
  #marks = 0;
  #answers = 0;
  /** Answers that are to come. */
  owed = 0;
  #closed = false;

  constructor(count: number, from: number, breach: AnsweredBreach) {
    this.#count = count;
    this.#from = from;
    this.#next = from;
    this.#letOut = from;
    this.#breach = breach;
  }

  get dirty(): boolean {
    return this.#answers > 0;
  }

  get awaited(): number {
    return this.#breach.awaited?.(this) ?? this.owed;
  }

  whenDirty(): Promise<void> {
    const { whenDirty } = this.#breach;
    if (whenDirty !== undefined) return whenDirty(this);
    return this.dirty && this.owed === 0 ? Promise.resolve() : this.dirtiness.wait();
  }

  poll(max: number): Polled<number> {
    const first = this.#next;
    this.#next = Math.min(first + max, this.#count);
    const items = Array.from({ length: this.#next - first }, (_, index) => first + index);
    const from = first - this.#from;
    return { items, timestampMs: 0, first: from, last: from + items.length - 1, bytes: 0, rejected: [], done: false };
  }

  async ready(): Promise<void> {
    if (this.#next === this.#count) await this.whenDirty();
  }

  snapshot(upTo: number): SourceSnapshot {
    this.#answers = 0;
    this.#marks += 1;
    this.#covered.push({ mark: this.#marks, upTo: this.#from + upTo + 1 });
    return { mark: this.#marks, state: this.#from + upTo + 1 };
  }

  committed(mark: number): void {
    const upTo = this.#covered.filter((one) => one.mark <= mark).at(-1)?.upTo ?? this.#letOut;
    for (; this.#letOut < upTo; this.#letOut += 1) this.owed += 1;
    this.#answerLater();
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #answerLater(): void {
    setImmediate(() => {
      if (this.#closed || this.owed === 0) return;
      const wasDirty = this.dirty;
      this.owed -= 1;
      this.#answers += 1;
      const { tells = () => !wasDirty || this.owed === 0 } = this.#breach;
      if (tells(this, wasDirty)) this.dirtiness.notify();
      this.#answerLater();
    });
  }
}
