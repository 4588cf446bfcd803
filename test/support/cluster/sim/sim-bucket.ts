import type { Bucket, BucketEntry, BucketEvent } from '../../../../src/cluster/members/bucket.js';
import type { MemoryEntries } from '../../../../src/cluster/memory/memory-bucket.js';
import type { SimLine } from './sim-line.js';

/** One node's bucket, over its line. */
export class SimBucket implements Bucket {
  readonly location = 'simulated servers';
  readonly #entries: MemoryEntries;
  readonly #line: SimLine;
  readonly #watches = new Set<() => void>();

  constructor(entries: MemoryEntries, line: SimLine) {
    this.#entries = entries;
    this.#line = line;
  }

  put(key: string, value: Uint8Array, expected?: number): Promise<number | undefined> {
    return this.#line.ask(() => this.#entries.put(key, value.slice(), expected));
  }

  get(key: string): Promise<BucketEntry | undefined> {
    return this.#line.ask(() => this.#entries.get(key));
  }

  async remove(key: string, expected?: number): Promise<void> {
    await this.#line.ask(() => this.#entries.put(key, undefined, expected));
  }

  watch(listener: (event: BucketEvent) => void): () => void {
    const watch = new SimWatch(this.#entries, this.#line, listener);
    const stop = (): void => {
      watch.stop();
      this.#watches.delete(stop);
    };
    this.#watches.add(stop);
    return stop;
  }

  async close(): Promise<void> {
    for (const stop of [...this.#watches]) stop();
  }
}

/** Tells in order what comes over a line, and begins anew behind each cut (MB3). */
class SimWatch {
  readonly #entries: MemoryEntries;
  readonly #line: SimLine;
  readonly #listener: (event: BucketEvent) => void;
  readonly #unwatch: () => void;
  #unfollow: () => void = () => {};
  /** Of the present connection: what an earlier one still carries does not come. */
  #connection = { alive: true };
  #toldUntil = 0;
  #interrupted = false;

  constructor(entries: MemoryEntries, line: SimLine, listener: (event: BucketEvent) => void) {
    this.#entries = entries;
    this.#line = line;
    this.#listener = listener;
    this.#unwatch = line.watch(() => this.#changed());
    if (!line.back.isCut) this.#begin();
  }

  stop(): void {
    this.#connection.alive = false;
    this.#unfollow();
    this.#unwatch();
  }

  #changed(): void {
    if (!this.#line.back.isCut) {
      this.#interrupt();
      this.#begin();
      return;
    }
    this.#unfollow();
    this.#connection.alive = false;
    this.#connection = { alive: true };
    this.#interrupted = false;
    const { clock, patienceMs } = this.#line;
    // found out when nothing has come for a while
    clock.after(patienceMs / 2, () => this.#interrupt(), this.#connection);
  }

  #interrupt(): void {
    if (this.#interrupted) return;
    this.#interrupted = true;
    this.#tell({ type: 'interrupted' });
  }

  #begin(): void {
    this.#unfollow = this.#entries.follow(
      (entry) => this.#tell({ type: 'entry', entry }),
      () => this.#tell({ type: 'caught-up' }),
    );
  }

  #tell(event: BucketEvent): void {
    const { clock, life, back } = this.#line;
    const connection = this.#connection;
    this.#toldUntil = Math.max(this.#toldUntil, clock.now + back.someMs());
    const tell = (): void => {
      if (connection.alive) this.#listener(event);
    };
    clock.after(this.#toldUntil - clock.now, () => life.enter(tell), connection);
  }
}
