import { MillraceError } from '../../../src/errors/index.js';
import type { Store, StoreBatch, StoreProvider, StoreRecord } from '../../../src/store/store.js';
import type { SimDisk } from './sim-disk.js';
import type { SimLife } from './sim-life.js';

/** The stores of one process on the simulated disk. */
export class SimStores implements StoreProvider {
  readonly location = 'a simulated disk';
  readonly #disk: SimDisk;
  readonly #life: SimLife;
  readonly #maxCommitBytes: number;
  #open: SimStore | undefined;

  constructor(disk: SimDisk, life: SimLife, maxCommitBytes: number) {
    this.#disk = disk;
    this.#life = life;
    this.#maxCommitBytes = maxCommitBytes;
  }

  async open(): Promise<Store> {
    if (this.#open?.open === true) throw new MillraceError('STORE_LOCKED', 'the store is open already');
    this.#open = new SimStore(this.#disk, this.#life, this.#maxCommitBytes);
    return this.#open;
  }

  async close(): Promise<void> {
    await this.#open?.close();
  }
}

class SimStore implements Store {
  readonly maxCommitBytes: number;
  readonly maxKeyBytes = 1_500;
  readonly #disk: SimDisk;
  readonly #life: SimLife;
  readonly #pending = new Set<Promise<void>>();
  #dead: MillraceError | undefined;
  open = true;

  constructor(disk: SimDisk, life: SimLife, maxCommitBytes: number) {
    this.#disk = disk;
    this.#life = life;
    this.maxCommitBytes = maxCommitBytes;
  }

  get(key: string): Uint8Array | undefined {
    this.#check();
    return this.#disk.view.get(key);
  }

  range(from: string, to: string): Iterable<StoreRecord> {
    this.#check();
    return this.#disk.view.range(from, to);
  }

  commit(batch: StoreBatch): Promise<void> {
    this.#check();
    this.#life.beforeIo();
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    const commit = new Promise<void>((resolve, reject) => {
      if (!this.#life.alive) return;
      const onFailed = (): void => {
        this.#dead = new MillraceError('STORAGE_FAILED', 'the simulated disk failed');
        reject(this.#dead);
      };
      this.#disk.write(batch, this.#life, { onDurable: resolve, onFailed });
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
