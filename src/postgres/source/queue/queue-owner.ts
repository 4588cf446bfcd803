import { randomUUID } from 'node:crypto';
import type { OpenContext } from '../../../connector/open-context.js';
import { corruptState } from '../../../errors/corrupt-state.js';
import type { DurableRecord } from '../../../internal/durable-record.js';
import { isObject } from '../../../internal/is-object.js';
import { requireSqlText } from '../../connection/sql-text-check.js';

/** What the store of a job knows of its claims. */
interface OwnerRecord {
  readonly version: 1;
  readonly owner: string;
  /** It was looked whether another store of this job has claims. */
  readonly isSettled: boolean;
}

/**
 * Under which name rows are claimed. In a job with a store it has a nonce, which is durable before anything is claimed: what a store that
 * is gone had claimed is told from what this one has. Without a store it is job and source, so that the next process goes on with it.
 */
export class QueueOwner {
  readonly name: string;
  /** What all names of this job and source begin with. */
  readonly prefix: string;
  readonly #record: DurableRecord | undefined;
  #isSettled: boolean;

  private constructor(prefix: string, name: string, record: DurableRecord | undefined, isSettled: boolean) {
    this.prefix = prefix;
    this.name = name;
    this.#record = record;
    this.#isSettled = isSettled;
  }

  static async of(source: string, { job, durable }: OpenContext): Promise<QueueOwner> {
    requireSqlText('the name of its job', job);
    const prefix = `${job}/${source}/`;
    const record = durable?.record('queue');
    if (record === undefined) return new QueueOwner(prefix, prefix, undefined, true);
    const known = readRecord(record.value);
    if (known !== undefined) return new QueueOwner(prefix, known.owner, record, known.isSettled);
    const owner = `${prefix}${randomUUID()}`;
    await record.put({ version: 1, owner, isSettled: false } satisfies OwnerRecord);
    return new QueueOwner(prefix, owner, record, false);
  }

  /** Whether it is known that no other store of this job has claims. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** It was found out, and is durable. */
  async settle(): Promise<void> {
    await this.#record?.put({ version: 1, owner: this.name, isSettled: true } satisfies OwnerRecord);
    this.#isSettled = true;
  }
}

const readRecord = (value: unknown): OwnerRecord | undefined => {
  if (value === undefined) return undefined;
  if (isObject(value)) {
    const { version, owner, isSettled } = value;
    if (version === 1 && typeof owner === 'string' && typeof isSettled === 'boolean')
      return { version, owner, isSettled };
  }
  throw corruptState('what the store has of a queue in PostgreSQL is not what this version has written');
};
