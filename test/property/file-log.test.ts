import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LogEntry, PartitionLog } from '../../src/store/log/partition-log.js';
import { fc } from '../support/fast-check.js';
import { howMany } from '../support/full-run.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { memoryDir } from '../support/memory-dir.js';
import { allOf, type LogFiles, putFiles, takeFiles, withFile, withLog } from '../support/store/file-log-place.js';

const SECTOR = 512;
const HEADER_BYTES = 72;
const HEAD_BYTES = 32;
/** Most segments have some records, and some have one. */
const SEGMENT_BYTES = 4_096;

/** What is on the disk of the record that was under way: so many of its bytes, or those of some sectors, over what was there. */
type Tear = { readonly bytes: number } | { readonly sectors: number; readonly over: 'zeros' | 'former' };

interface Life {
  readonly sizes: readonly number[];
  /** How many of the records from the last one back are kept; undefined: nothing is trimmed. */
  readonly keep: number | undefined;
  /** The size of the record under way at its end, and what is left of it; undefined: it is closed in order. */
  readonly crash: { readonly size: number; readonly tear: Tear } | undefined;
}

const size = fc.oneof(fc.nat({ max: 200 }), fc.nat({ max: 9_000 }));
const tear: fc.Arbitrary<Tear> = fc.oneof(
  fc.record({ bytes: fc.nat({ max: 9_100 }) }),
  fc.record({ sectors: fc.nat({ max: 2 ** 18 }), over: fc.constantFrom('zeros' as const, 'former' as const) }),
);
const life: fc.Arbitrary<Life> = fc.record({
  sizes: fc.array(size, { maxLength: 8 }),
  keep: fc.option(fc.nat({ max: 6 }), { nil: undefined }),
  crash: fc.option(fc.record({ size, tear }), { nil: undefined }),
});

/** Records differ by their number and by the attempt. */
const recordOf = (seq: number, attempt: number, bytes: number): Buffer => Buffer.alloc(bytes, `${seq} of ${attempt} `);

const lastName = (files: LogFiles): string => [...files.keys()].sort().at(-1) ?? '';

/** The bytes of a file after a crash while those from `start` on were written. */
function tornFile(whole: Buffer, start: number, torn: Tear): Buffer {
  if ('bytes' in torn) return whole.subarray(0, Math.min(whole.byteLength, start + torn.bytes));
  const result = Buffer.from(whole);
  // What a segment that was removed had there: heads of this log, at the offsets of a segment.
  if (torn.over === 'former') whole.copy(result, start, HEADER_BYTES);
  else result.fill(0, start);
  for (let at = start, sector = 0; at < whole.byteLength; sector += 1) {
    const end = Math.min(whole.byteLength, at - (at % SECTOR) + SECTOR);
    if (((torn.sectors >> (sector % 18)) & 1) === 1) whole.copy(result, at, at, end);
    at = end;
  }
  return result;
}

/** A log beside the list of what it must have. */
class History {
  readonly #dir = memoryDir('file-log-history');
  #entries: LogEntry[] = [];
  #trimmed = 0;
  #attempt = 0;

  async live({ sizes, keep, crash }: Life): Promise<void> {
    await withLog(this.#dir, (log) => this.#work(log, sizes, keep), SEGMENT_BYTES);
    if (crash !== undefined) await this.#crash(crash.size, crash.tear);
    await withLog(this.#dir, (log) => this.#check(log), SEGMENT_BYTES);
  }

  async #work(log: PartitionLog, sizes: readonly number[], keep: number | undefined): Promise<void> {
    for (const bytes of sizes) this.#entries.push(await this.#append(log, bytes));
    const upTo = this.#last - (keep ?? this.#last);
    if (upTo <= this.#trimmed) return;
    await log.trim(upTo);
    this.#trimmed = upTo;
  }

  async #append(log: PartitionLog, bytes: number): Promise<LogEntry> {
    this.#attempt += 1;
    const record = recordOf(this.#last + 1, this.#attempt, bytes);
    return { seq: await log.append(record, this.#last), record };
  }

  /** A record is written, and a part of what that wrote taken back. */
  async #crash(bytes: number, torn: Tear): Promise<void> {
    const before = takeFiles(this.#dir);
    const entry = await withLog(this.#dir, (log) => this.#append(log, bytes), SEGMENT_BYTES);
    const files = takeFiles(this.#dir);
    const name = lastName(files);
    const whole = files.get(name) ?? Buffer.alloc(0);
    const start = before.get(name)?.byteLength ?? HEADER_BYTES;
    const left = tornFile(whole, start, torn);
    putFiles(this.#dir, withFile(files, name, left));
    // The zeros behind a record are not a part of it.
    const end = start + HEAD_BYTES + bytes;
    if (left.subarray(start, end).equals(whole.subarray(start, end))) this.#entries.push(entry);
  }

  async #check(log: PartitionLog): Promise<void> {
    const last = await log.last();
    assert.equal(last?.seq ?? 0, this.#last);
    const after = Math.min(this.#trimmed, Math.max(0, this.#last - 1));
    const found = await allOf(log, after);
    assert.deepEqual(
      found.map(({ seq, record }) => `${seq}: ${record.byteLength} ${Buffer.from(record.subarray(0, 20))}`),
      this.#entries
        .slice(after)
        .map(({ seq, record }) => `${seq}: ${record.byteLength} ${Buffer.from(record.subarray(0, 20))}`),
    );
    for (const { seq, record } of found) assert.deepEqual(record, this.#entries[seq - 1]?.record);
  }

  get #last(): number {
    return this.#entries.length;
  }
}

/** A record longer than its segment, of which a crash left all but the zeros that fill it up to a multiple of eight. */
const withoutPadding: Life = {
  sizes: [],
  keep: undefined,
  crash: { size: 6_273, tear: { bytes: HEAD_BYTES + 6_273 } },
};

describe('a log in files', SUITE_LIMIT, () => {
  it('has after any crash what was acknowledged, and what was not is there whole or not at all', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 6 }), async (lives) => {
        const history = new History();
        for (const one of lives) await history.live(one);
      }),
      { numRuns: howMany({ sample: 60, full: 2_000 }), examples: [[[withoutPadding]]] },
    );
  });
});
