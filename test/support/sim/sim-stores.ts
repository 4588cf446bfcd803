import { MillraceError } from '../../../src/errors/index.js';
import type { Store, StoreBatch, StoreProvider, StoreRecord } from '../../../src/store/store.js';
import type { SimDisk } from './sim-disk.js';
import type { SimLife } from './sim-life.js';

const fenced = (): MillraceError => new MillraceError('STORE_FENCED', 'another process has taken the store over');
const failed = (): MillraceError => new MillraceError('STORAGE_FAILED', 'the simulated disk failed');

/** Which process has the stores, and whether another one can take them over while it lives. */
export interface SimOwner {
  readonly life: SimLife;
  /** Ascends over the processes. */
  readonly number: number;
  readonly fenceable: boolean;
}

/** The stores of one process on the simulated disk. */
export class SimStores implements StoreProvider {
  readonly location = 'a simulated disk';
  readonly #disk: SimDisk;
  readonly #owner: SimOwner;
  readonly #maxCommitBytes: number;
  #open: SimStore | undefined;

  constructor(disk: SimDisk, owner: SimOwner, maxCommitBytes: number) {
    this.#disk = disk;
    this.#owner = owner;
    this.#maxCommitBytes = maxCommitBytes;
  }

  async open(): Promise<Store> {
    if (this.#open?.open === true) throw new MillraceError('STORE_LOCKED', 'the store is open already');
    // who was taken over gives up: a restart of its job must not take it back
    if (this.#disk.owner > this.#owner.number) throw fenced();
    this.#disk.takeOver(this.#owner.number);
    this.#open = new SimStore(this.#disk, this.#owner, this.#maxCommitBytes);
    return this.#open;
  }

  async close(): Promise<void> {
    await this.#open?.close();
  }
}

class SimStore implements Store {
  readonly maxCommitBytes: number;
  readonly maxKeyBytes = 1_500;
  readonly renew?: () => Promise<void>;
  readonly #disk: SimDisk;
  readonly #owner: SimOwner;
  readonly #pending = new Set<Promise<void>>();
  #dead: MillraceError | undefined;
  open = true;

  constructor(disk: SimDisk, owner: SimOwner, maxCommitBytes: number) {
    this.#disk = disk;
    this.#owner = owner;
    this.maxCommitBytes = maxCommitBytes;
    if (owner.fenceable) this.renew = () => this.commit(new Map());
  }

  get(key: string): Uint8Array | undefined {
    this.#check();
    return this.#disk.viewOf(this.#owner.number).get(key);
  }

  range(from: string, to: string): Iterable<StoreRecord> {
    this.#check();
    return this.#disk.viewOf(this.#owner.number).range(from, to);
  }

  commit(batch: StoreBatch): Promise<void> {
    this.#check();
    const { life, number } = this.#owner;
    life.beforeIo();
    if (this.#disk.owner > number) this.#dead ??= fenced();
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    const commit = new Promise<void>((resolve, reject) => {
      if (!life.alive) return;
      const fail = (errorOf: () => MillraceError) => () =>
        life.enter(() => {
          this.#dead ??= errorOf();
          reject(this.#dead);
        });
      this.#disk.write(batch, life, {
        onDurable: () => life.enter(resolve),
        onFailed: fail(failed),
        onFenced: fail(fenced),
      });
    });
    this.#pending.add(commit);
    const forget = (): void => {
      this.#pending.delete(commit);
    };
    commit.then(forget, forget);
    return commit;
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#pending);
    this.open = false;
  }

  #check(): void {
    if (!this.open) throw new MillraceError('INVALID_STATE', 'the store is closed');
  }
}
