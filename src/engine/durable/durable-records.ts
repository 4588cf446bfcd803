import type { DurableContext } from '../../connector/durable-context.js';
import { MillraceError } from '../../errors/millrace-error.js';
import type { DurableRecord } from '../../internal/durable-record.js';
import type { Store } from '../../store/store.js';
import { storeKeys } from '../layout/keys/store-keys.js';
import { decodeStored, encodeStored } from '../layout/values/stored-value.js';

/** A record that is committed by itself. */
class StoredRecord implements DurableRecord {
  readonly renew?: () => Promise<void>;
  readonly #key: string;
  readonly #store: Store;
  readonly #onFailed: (error: MillraceError) => void;
  /** The owner's object itself. Only what was put before, by an earlier run, was decoded. */
  #value: unknown;

  constructor(key: string, store: Store, onFailed: (error: MillraceError) => void) {
    const bytes = store.get(key);
    this.#key = key;
    this.#store = store;
    this.#onFailed = onFailed;
    this.#value = bytes === undefined ? undefined : decodeStored(bytes);
    if (store.renew !== undefined) this.renew = () => this.#written(() => store.renew?.());
  }

  get value(): unknown {
    return this.#value;
  }

  async put(value: unknown): Promise<void> {
    // also when the put fails: then its outcome is unknown, and the run ends (R13)
    this.#value = value;
    const bytes = value === undefined ? undefined : encodeStored(value);
    await this.#written(() => this.#store.commit(new Map([[this.#key, bytes]])));
  }

  async #written(write: () => Promise<void> | undefined): Promise<void> {
    try {
      await write();
    } catch (thrown) {
      const error = MillraceError.from(thrown, 'STORAGE_FAILED', 'a record');
      this.#onFailed(error);
      throw error;
    }
  }
}

/** The records of a job's sources and sinks. */
export class DurableRecords {
  readonly #store: Store;
  readonly #onFailed: (error: MillraceError) => void;
  /** By key: a name that is asked for twice must give one object, or two would know of different puts. */
  readonly #records = new Map<string, StoredRecord>();

  /** @param onFailed the outcome of a put is unknown: the run must end (R13) */
  constructor(store: Store, onFailed: (error: MillraceError) => void) {
    this.#store = store;
    this.#onFailed = onFailed;
  }

  /** For a source or sink of this name. */
  contextOf(port: string): DurableContext {
    return { record: (name) => this.#record(storeKeys.record(port, name)) };
  }

  #record(key: string): DurableRecord {
    const known = this.#records.get(key);
    if (known !== undefined) return known;
    const record = new StoredRecord(key, this.#store, this.#onFailed);
    this.#records.set(key, record);
    return record;
  }
}
