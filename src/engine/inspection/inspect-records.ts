import { MillraceError } from '../../errors/millrace-error.js';
import type { RecordLook } from '../../store/look/record-look.js';
import { timeOfDue } from '../layout/keys/due-key.js';
import { isPartKey } from '../layout/keys/part-key.js';
import { decodeCallChunk } from '../layout/values/call-chunk.js';
import { decodeChunk } from '../layout/values/outbox-chunk.js';
import { type KeyPlace, placeOfKey } from './key-place.js';
import { isFact, readStoredFacts, type StoredFacts, type StoredHead } from './stored-facts.js';

/** How many, and how large. */
export interface Counted {
  readonly count: number;
  /** Of keys and values, as they are stored. */
  readonly bytes: number;
}

/** An outbox, and what waits in it. */
export interface OutboxContents extends StoredHead {
  /** Not complete, or above one that is not. */
  readonly rows: number;
  /** Of these rows. */
  readonly rowBytes: number;
  /** The first of them; undefined: there is none, or it was not come to. */
  readonly oldest: { readonly seq: number; readonly bytes: Uint8Array } | undefined;
}

/** What a partition has stored. */
export interface StoreContents {
  readonly facts: StoredFacts;
  readonly outboxes: readonly OutboxContents[];
  /** State by stage: how many keys have some. */
  readonly states: ReadonlyMap<string, Counted>;
  /** Items by mapAsync stage whose results were not passed on. */
  readonly calls: ReadonlyMap<string, Counted>;
  /** Of sources: what tells messages that come again, in pages. */
  readonly pages: ReadonlyMap<string, Counted>;
  /** By stage: when the first of its timers is looked at, in milliseconds since 1970. */
  readonly due: ReadonlyMap<string, number>;
  /** Under keys that this version does not know. */
  readonly unknown: Counted;
  /** Whether all records were counted; false: there are more, by the limit. */
  readonly complete: boolean;
  /** Of records that cannot be read; what of the store cannot be read is the look's to tell. */
  readonly problems: readonly MillraceError[];
}

/** How far to count, and who is told. */
export interface InspectionOptions {
  /** Records that are counted at most; those that there are few of are read in any case. */
  readonly limit: number;
  /** Called now and then with the number of records so far. */
  readonly progress: (counted: number) => void;
}

const PROGRESS_EVERY = 10_000;
const MOST_PROBLEMS = 20;

/** Reads, decodes and counts what a partition has. Memory is bounded: of what there are many of only numbers are kept. */
export const inspectRecords = async (
  look: RecordLook,
  { limit, progress }: InspectionOptions,
): Promise<StoreContents> => {
  const problems: MillraceError[] = [];
  const damaged = (error: MillraceError): void => {
    if (problems.length < MOST_PROBLEMS) problems.push(error);
  };
  const facts = await readStoredFacts(look, damaged);
  const counter = new RecordCounter(facts);
  let counted = 0;
  let complete = true;
  for await (const { key, value } of look.records((one) => !isFact(one))) {
    if (counted >= limit) {
      complete = false;
      break;
    }
    counted += 1;
    if (counted % PROGRESS_EVERY === 0) progress(counted);
    try {
      counter.take(placeOfKey(key), key, value);
    } catch (error) {
      damaged(
        new MillraceError('STORE_CORRUPT', `the record ${key} cannot be read: ${MillraceError.from(error).message}`),
      );
    }
  }
  progress(counted);
  return { facts, ...counter.contents(damaged, complete), complete, problems };
};

interface Tally {
  count: number;
  bytes: number;
}

/** The chunk that has the first row of an outbox that is not complete, as far as it was seen. */
interface FirstChunk {
  readonly last: number;
  readonly value: Uint8Array;
}

class RecordCounter {
  readonly #facts: StoredFacts;
  readonly #states = new Map<string, Tally>();
  readonly #calls = new Map<string, Tally>();
  readonly #pages = new Map<string, Tally>();
  readonly #due: Map<string, number>;
  readonly #unknown: Tally = { count: 0, bytes: 0 };
  readonly #lows: ReadonlyMap<string, number>;
  readonly #first = new Map<string, FirstChunk>();

  constructor(facts: StoredFacts) {
    this.#facts = facts;
    this.#due = new Map(facts.firstDue);
    this.#lows = new Map(facts.outboxes.map((head) => [idOf(head), head.low]));
    for (const stage of facts.stages) this.#states.set(stage, bundledTally(facts, stage));
  }

  take(place: KeyPlace | undefined, key: string, value: Uint8Array): void {
    const bytes = Buffer.byteLength(key) + value.byteLength;
    switch (place?.is) {
      case 'state':
        if (isPartKey(place.rest ?? '')) add(this.#states, place.name, 0, bytes);
        // the bundle's counts
        else if (this.#facts.bundled.get(place.name)?.has(place.rest ?? '') !== true)
          add(this.#states, place.name, 1, bytes);
        return;
      case 'async':
        add(this.#calls, place.name, pendingIn(value, this.#facts.calls.get(place.name) ?? 0), bytes);
        return;
      case 'page':
        add(this.#pages, place.source, 1, bytes);
        return;
      case 'rows':
        this.#takeRows(place, value);
        return;
      case 'due':
        this.#takeDue(place.name, place.rest ?? '');
        return;
      case 'timer':
      case 'early':
      case 'early-due':
      case 'dedupe':
        return;
      default:
        this.#unknown.count += 1;
        this.#unknown.bytes += bytes;
    }
  }

  contents(damaged: (error: MillraceError) => void, complete: boolean) {
    const outboxes = this.#facts.outboxes.map((head) => this.#outboxOf(head, damaged, complete));
    const [states, calls, pages] = [this.#states, this.#calls, this.#pages];
    return { outboxes, states, calls, pages, due: this.#due, unknown: this.#unknown };
  }

  #takeDue(stage: string, rest: string): void {
    this.#due.set(stage, Math.min(this.#due.get(stage) ?? Number.POSITIVE_INFINITY, timeOfDue(rest)));
  }

  #takeRows({ sink, outbox, last }: Extract<KeyPlace, { is: 'rows' }>, value: Uint8Array): void {
    const id = idOf({ sink, outbox });
    const found = this.#first.get(id);
    if (last < (this.#lows.get(id) ?? 0) || (found !== undefined && found.last < last)) return;
    this.#first.set(id, { last, value });
  }

  #outboxOf(head: StoredHead, damaged: (error: MillraceError) => void, complete: boolean): OutboxContents {
    const rows = head.end - head.low;
    const nothing = { ...head, rows, rowBytes: 0, oldest: undefined };
    if (rows === 0) return nothing;
    const first = this.#first.get(idOf(head));
    try {
      const chunk = first && decodeChunk(first.value);
      const oldest = chunk?.rows.find(({ seq }) => seq === head.low);
      if (chunk === undefined || oldest === undefined) {
        if (complete) damaged(missing(head));
        return nothing;
      }
      const done = chunk.rows.reduce((sum, { seq, bytes }) => sum + (seq < head.low ? bytes.byteLength : 0), 0);
      return { ...head, rows, rowBytes: head.bytes - chunk.bytesBefore - done, oldest };
    } catch (error) {
      damaged(MillraceError.from(error));
      return nothing;
    }
  }
}

const bundledTally = ({ bundled }: StoredFacts, stage: string): Tally => {
  const tally = { count: 0, bytes: 0 };
  for (const [text, record] of bundled.get(stage) ?? []) {
    tally.count += 1;
    tally.bytes += Buffer.byteLength(text) + record.byteLength;
  }
  return tally;
};

const add = (tallies: Map<string, Tally>, name: string, count: number, bytes: number): void => {
  const tally = tallies.get(name) ?? { count: 0, bytes: 0 };
  tally.count += count;
  tally.bytes += bytes;
  tallies.set(name, tally);
};

/** Items of a chunk from the head on. */
const pendingIn = (value: Uint8Array, head: number): number => {
  const { first, parts } = decodeCallChunk(value);
  const end = parts.reduce((sum, { items }) => sum + items.length, first);
  return Math.max(0, end - Math.max(first, head));
};

/** No name has a zero: `namePart` escapes it, and this never leaves the process. */
const idOf = ({ sink, outbox }: { readonly sink: string; readonly outbox: string }): string => `${sink}\0${outbox}`;

const missing = ({ sink, outbox, low }: StoredHead): MillraceError =>
  new MillraceError(
    'STORE_CORRUPT',
    `message ${low} of the outbox "${outbox}" of sink "${sink}" is missing in the store`,
  );
