import { MillraceError } from '../errors/index.js';
import { checkPartition } from './check-partition.js';
import type { Store } from './store.js';

/** The stores, or logs, that a provider has open, by job and partition: each at most once, until it is closed. */
export class StoresInUse<S extends { close(): Promise<void> } = Store> {
  readonly #location: string;
  /** From the call of `open` on, so that two calls at once do not open one store twice. */
  readonly #stores = new Map<string, Promise<S>>();
  #closed = false;

  /** @param location for messages */
  constructor(location: string) {
    this.#location = location;
  }

  /**
   * Opens one by `open`, which gets what is to be called when the store is closed.
   * @throws MillraceError STORE_LOCKED when it is open, INVALID_STATE after `close`, INVALID_OPTIONS, and what `open` rejects with
   */
  async open(job: string, partition: number, open: (onClosed: () => void) => Promise<S>): Promise<S> {
    if (this.#closed) throw new MillraceError('INVALID_STATE', `the stores of ${this.#location} are closed`);
    checkPartition(job, partition);
    const name = `${partition} ${job}`;
    if (this.#stores.has(name)) throw this.#isOpen(job, partition);
    // called by the store when it is closed, so that it can be opened again
    const forget = () => void this.#stores.delete(name);
    const opening = open(forget);
    this.#stores.set(name, opening);
    try {
      return await opening;
    } catch (error) {
      forget();
      throw error;
    }
  }

  /** Closes all, also those that are being opened. None can be opened afterwards. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#stores.values()].map(closeOne));
  }

  #isOpen(job: string, partition: number): MillraceError {
    return new MillraceError(
      'STORE_LOCKED',
      `partition ${partition} of job ${job} in ${this.#location} is open in this process`,
      { advice: 'Close it first: a partition of a job runs once at a time.' },
    );
  }
}

async function closeOne<S extends { close(): Promise<void> }>(opening: Promise<S>): Promise<void> {
  let store: S;
  try {
    store = await opening;
  } catch {
    return; // Its opener has the error.
  }
  try {
    await store.close();
  } catch (error) {
    // who had it open has been told, by its commits or by closing it
    if (!(error instanceof MillraceError) || error.code !== 'STORE_FENCED') throw error;
  }
}
