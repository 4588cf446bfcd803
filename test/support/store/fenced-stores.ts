import { MillraceError } from '../../../src/errors/index.js';
import { MemoryStores, type Store, type StoreProvider } from '../../../src/store/index.js';

const fenced = (): MillraceError =>
  new MillraceError('STORE_FENCED', 'another owner has taken the store over', { retryable: false });

/** What all owners of one partition share. */
interface Ownership {
  /** Counts the openings: the newest is the owner. */
  epoch: number;
  /** Writes of the owner that have begun. */
  readonly writing: Set<Promise<void>>;
}

/**
 * Memory stores that another owner can take over while they are open, as on a replicated log: whoever opens a partition last is its owner, and
 * each write of the one before rejects with STORE_FENCED from then on. What has begun before that is durable, and the next owner sees it.
 */
export class FencedStores implements StoreProvider {
  readonly location = 'memory';
  readonly #memory: MemoryStores;
  readonly #ownerships: Map<string, Ownership>;
  /** `renew` calls, and commits, in order: those that were let through. */
  readonly writes: ('renew' | 'commit')[] = [];

  constructor(memory = new MemoryStores(), ownerships = new Map<string, Ownership>()) {
    this.#memory = memory;
    this.#ownerships = ownerships;
  }

  /** What a write waits for, after which the fence is asked; nothing by default. */
  beforeWrite: (what: 'renew' | 'commit') => Promise<void> | undefined = () => undefined;

  /** Another owner over the same content. */
  rival(): FencedStores {
    return new FencedStores(new MemoryStores(this.#memory), this.#ownerships);
  }

  async open(job: string, partition: number): Promise<Store> {
    const store = await this.#memory.open(job, partition);
    const ownership = this.#ownershipOf(`${partition} ${job}`);
    ownership.epoch += 1;
    const { epoch } = ownership;
    await Promise.allSettled(ownership.writing);
    let dead: MillraceError | undefined;
    const write = (what: 'renew' | 'commit', action: () => Promise<void>): Promise<void> => {
      const held = this.beforeWrite(what);
      return held === undefined ? writeNow(what, action) : held.then(() => writeNow(what, action));
    };
    const writeNow = (what: 'renew' | 'commit', action: () => Promise<void>): Promise<void> => {
      if (ownership.epoch !== epoch) dead ??= fenced();
      if (dead !== undefined) return Promise.reject(dead);
      this.writes.push(what);
      const written = action();
      ownership.writing.add(written);
      void written.finally(() => ownership.writing.delete(written)).catch(() => {});
      return written;
    };
    return {
      maxCommitBytes: store.maxCommitBytes,
      maxKeyBytes: store.maxKeyBytes,
      get: (key) => store.get(key),
      range: (from, to) => store.range(from, to),
      commit: (batch) => write('commit', () => store.commit(batch)),
      renew: () => write('renew', () => store.commit(new Map())),
      close: () => store.close(),
    };
  }

  close(): Promise<void> {
    return this.#memory.close();
  }

  #ownershipOf(name: string): Ownership {
    const known = this.#ownerships.get(name);
    if (known !== undefined) return known;
    const made: Ownership = { epoch: 0, writing: new Set() };
    this.#ownerships.set(name, made);
    return made;
  }
}
