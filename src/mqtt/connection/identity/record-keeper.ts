import { MillraceError } from '../../../errors/millrace-error.js';
import type { DurableRecord } from '../../../internal/durable-record.js';
import { readSessionRecord } from './record/read-session-record.js';
import type { SessionRecord } from './record/session-record.js';
import { storedSessionRecord } from './record/stored-session-record.js';

/**
 * The record of one session as it was put last. A put is durable when it resolves; one that rejects is the end, also of every later
 * one: what the store has then is unknown (R13).
 */
export class RecordKeeper {
  readonly #store: DurableRecord;
  #record: SessionRecord | undefined;
  #failure: MillraceError | undefined;
  #last: Promise<void> = Promise.resolve();

  /** @throws MillraceError STORE_CORRUPT */
  constructor(store: DurableRecord) {
    this.#store = store;
    this.#record = readSessionRecord(store.value);
  }

  /** What was put last, durable or not yet; undefined before a first start. */
  get record(): SessionRecord | undefined {
    return this.#record;
  }

  /** Resolves when all that was put is durable; rejects with what the store says, never to be tried again. */
  async durable(): Promise<void> {
    await this.#last;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Another owner may take the store over while this process has it. */
  get fenceable(): boolean {
    return this.#store.renew !== undefined;
  }

  /** As `durable`. */
  put(record: SessionRecord | undefined): Promise<void> {
    if (this.#failure === undefined) {
      this.#record = record;
      this.#last = this.#write(() => this.#store.put(record && storedSessionRecord(record)), this.#last);
    }
    return this.durable();
  }

  /** As `durable`, and the store is still ours at a moment behind this call: where nothing is put that would say so (C3). */
  renew(): Promise<void> {
    if (this.#failure === undefined && this.fenceable) {
      this.#last = this.#write(() => this.#store.renew?.(), this.#last);
    }
    return this.durable();
  }

  /** Never rejects. */
  async #write(write: () => Promise<void> | undefined, earlier: Promise<void>): Promise<void> {
    try {
      await write();
      await earlier;
    } catch (error) {
      this.#failure ??= final(MillraceError.from(error, 'STORAGE_FAILED', 'the record of the session is not stored'));
    }
  }
}

function final(error: MillraceError): MillraceError {
  if (!error.retryable) return error;
  return new MillraceError(error.code, error.message, { cause: error, retryable: false, details: error.details });
}
