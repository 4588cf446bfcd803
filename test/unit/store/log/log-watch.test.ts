import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LogStores } from '../../../../src/store/log/log-stores.js';
import { MemoryLogs } from '../../../../src/store/log/memory/memory-logs.js';
import { MemoryViews } from '../../../../src/store/log/memory/memory-views.js';
import type { LogEntry, PartitionLog, PartitionLogs } from '../../../../src/store/log/partition-log.js';
import { corruptError } from '../../../../src/store/storage-error.js';
import type { Store } from '../../../../src/store/store.js';
import { rejectsWith } from '../../../support/rejects-with.js';
import { until } from '../../../support/until.js';

const LOOK_MS = 5;

/** What somebody does to a log whom nobody has asked. */
class Removal {
  /** Every record up to there is gone. */
  upTo = 0;
  isGone = false;
  looks = 0;
}

class RemovableLog implements PartitionLog {
  readonly #log: PartitionLog;
  readonly #removal: Removal;
  #trimmed = 0;

  constructor(log: PartitionLog, removal: Removal) {
    this.#log = log;
    this.#removal = removal;
  }

  get location(): string {
    return this.#log.location;
  }

  get identity(): string {
    return this.#log.identity;
  }

  get shared(): boolean {
    return this.#log.shared;
  }

  get maxRecordBytes(): number {
    return this.#log.maxRecordBytes;
  }

  async last(): Promise<LogEntry | undefined> {
    const last = await this.#log.last();
    if (last !== undefined && last.seq <= this.#removal.upTo) throw corruptError('somebody has purged it');
    return last;
  }

  append(record: Uint8Array, expected: number): Promise<number> {
    return this.#log.append(record, expected);
  }

  async *read(after: number, upTo: number): AsyncGenerator<LogEntry, void> {
    if (after < this.#removal.upTo) throw corruptError('somebody has removed it');
    yield* this.#log.read(after, upTo);
  }

  async wholeFrom(): Promise<number> {
    this.#removal.looks += 1;
    if (this.#removal.isGone) throw corruptError('it was deleted');
    return Math.max(this.#removal.upTo, this.#trimmed) + 1;
  }

  async trim(upTo: number): Promise<void> {
    await this.#log.trim(upTo);
    this.#trimmed = upTo;
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

const put = (...keys: string[]) => new Map(keys.map((key) => [key, Buffer.from(key)]));
const keysOf = (store: Store): string[] => [...store.range('', '~')].map(({ key }) => key);

class Rig {
  readonly memory = new MemoryLogs();
  readonly removal = new Removal();
  told = 0;

  /** Each with views of its own, as after the loss of a node. */
  open(epoch: number): Promise<Store> {
    const { memory, removal } = this;
    const shared = new MemoryLogs(memory);
    const logs: PartitionLogs = {
      location: shared.location,
      open: async (job, partition) => new RemovableLog(await shared.open(job, partition), removal),
      blobs: (job, partition) => shared.blobs(job, partition),
      close: () => shared.close(),
    };
    const onRecordsRemoved = (): void => {
      this.told += 1;
    };
    const views = new MemoryViews();
    return new LogStores({ logs, views, lookMs: LOOK_MS, epochOf: async () => epoch, onRecordsRemoved }).open('job', 0);
  }

  async looked(times: number): Promise<void> {
    const before = this.removal.looks;
    await until(() => this.removal.looks >= before + times);
  }
}

describe('a log from which somebody removes records', () => {
  it('is made whole again by its owner, who says so once, and who opens it next has all of it', async () => {
    const rig = new Rig();
    const owner = await rig.open(1);
    await owner.commit(put('a', 'b'));
    await owner.commit(put('c'));
    const last = await (await rig.memory.open('job', 0)).last();
    rig.removal.upTo = last?.seq ?? 0;
    await until(() => rig.told === 1);
    await owner.commit(put('d'));
    await rig.looked(3);
    assert.equal(rig.told, 1);
    const next = await rig.open(2);
    assert.deepEqual(keysOf(next), ['a', 'b', 'c', 'd']);
    // of the snapshot of an owner before it knows what the log says
    await rig.looked(3);
    assert.equal(rig.told, 1);
    for (const store of [owner, next]) await store.close();
  });

  it('is not written by a former owner, for whom what the next one has trimmed is missing', async () => {
    const rig = new Rig();
    const former = await rig.open(1);
    await former.commit(put('a'));
    const owner = await rig.open(2);
    await owner.commit(put('b'));
    rig.removal.upTo = 2;
    await until(() => rig.told === 1);
    await rejectsWith('STORE_FENCED', former.commit(put('c')));
    await owner.commit(put('c'));
    assert.equal(rig.told, 1);
    for (const store of [former, owner]) await store.close();
  });

  it('that is gone as a whole is told as lost, and not at the first word of it', async () => {
    const rig = new Rig();
    const owner = await rig.open(1);
    let lost: unknown;
    void owner.lost?.then((error) => {
      lost = error.code;
    });
    rig.removal.isGone = true;
    await rig.looked(1);
    rig.removal.isGone = false;
    await rig.looked(3);
    assert.equal(lost, undefined);
    rig.removal.isGone = true;
    await until(() => lost !== undefined);
    assert.equal(lost, 'STORE_CORRUPT');
    await owner.close();
  });
});
