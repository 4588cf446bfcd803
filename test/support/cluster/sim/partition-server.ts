import type { FoundMessage, PublishAnswer } from '../../../../src/store/jetstream/append-outcome.js';
import { MemoryBlobs } from '../../../../src/store/log/memory/memory-blobs.js';
import { MemoryLog, type MemoryRecords } from '../../../../src/store/log/memory/memory-log.js';
import type { LogEntry } from '../../../../src/store/log/partition-log.js';
import type { SeededRandom } from '../../seeded-random.js';

/** One copy of a record on its way in. */
export interface Publication {
  readonly record: Uint8Array;
  readonly expected: number;
  /** Of all copies of the record, and of no other. */
  readonly mark: string;
  /** The log that was opened to write it. */
  readonly writer: object;
}

/** Told of each record that is in. */
export type AppendListener = (partition: number, entry: LogEntry, writer: object) => void;

const NO_LEADER: PublishAnswer = {
  kind: 'refused',
  error: { code: 503, err_code: 10_008, description: 'nobody leads' },
};
const WRONG_PLACE: PublishAnswer = {
  kind: 'refused',
  error: { code: 400, err_code: 10_071, description: 'wrong last sequence' },
};

/** The servers of one log: a log in memory whose leader can be lost, and whose readers can be behind. */
export class PartitionServer {
  readonly blobs = new MemoryBlobs();
  readonly records: MemoryRecords;
  readonly #partition: number;
  readonly #random: SeededRandom;
  readonly #appended: AppendListener;
  readonly #log: MemoryLog;
  readonly #marks = new Map<number, string>();
  /** What comes while nobody leads, and is looked at by the next leader. */
  #waiting: (() => void)[] | undefined;
  /** Readers see that many records less. */
  lag = 0;
  /** Lets any record in, wherever it was meant to stand: to see that it is noticed. */
  lax = false;

  constructor(partition: number, random: SeededRandom, appended: AppendListener) {
    this.#partition = partition;
    this.#random = random;
    this.#appended = appended;
    this.records = { identity: `log ${partition}`, entries: [], last: 0 };
    this.#log = this.open();
  }

  /** For who reads beside the network. */
  open(): MemoryLog {
    return new MemoryLog(`partition ${this.#partition} of the simulated servers`, this.records);
  }

  /** What is under way then may be in, and nobody says so. */
  loseLeader(): void {
    this.#waiting ??= [];
  }

  elect(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const take of waiting) take();
  }

  /** Calls `answer` once, or never. */
  publish(copy: Publication, answer: (answer: PublishAnswer) => void): void {
    if (this.#waiting === undefined) {
      answer(this.#take(copy));
      return;
    }
    const chance = this.#random.next();
    if (chance < 0.3) answer(NO_LEADER);
    else if (chance < 0.6) this.#waiting.push(() => this.#take(copy));
    else if (chance < 0.7) this.#take(copy);
  }

  /** What stands at a place, or behind it, as far as who is asked knows. */
  find(place: number): FoundMessage | undefined {
    const upTo = this.#seen;
    const found = this.records.entries.find(({ seq }) => seq >= place && seq <= upTo);
    return found && { seq: found.seq, mark: this.#marks.get(found.seq) ?? '' };
  }

  last(): LogEntry | undefined {
    const { entries } = this.records;
    const upTo = this.#seen;
    return entries.findLast(({ seq }) => seq <= upTo) ?? entries[0];
  }

  trim(upTo: number): Promise<void> {
    return this.#log.trim(upTo);
  }

  get #seen(): number {
    return this.records.last - this.lag;
  }

  #take({ record, expected, mark, writer }: Publication): PublishAnswer {
    const { last } = this.records;
    if (last !== expected && !this.lax) return WRONG_PLACE;
    void this.#log.append(record, last);
    this.#marks.set(last + 1, mark);
    this.#appended(this.#partition, { seq: last + 1, record }, writer);
    return { kind: 'ack', seq: last + 1, duplicate: false };
  }
}
