import { Overlay } from '../../../src/engine/layout/overlay.js';
import { MemoryStores, type Store, type StoreBatch } from '../../../src/store/index.js';

/** What a run of a durable job seals: the part of it that a test looks at. */
interface Sealed {
  sealInto(overlay: Overlay): void;
  begin(): void;
  undo(): void;
}

/** One thing over a store, through commits, crashes and restarts, as the engine would drive it. */
export class StateStore<S extends Sealed> {
  readonly #create: (overlay: Overlay, store: Store) => S;
  #stores = new MemoryStores();
  #store: Store | undefined;
  #overlay: Overlay | undefined;
  #subject: S | undefined;
  #committing = new Map<string, Uint8Array | undefined>();

  constructor(create: (overlay: Overlay, store: Store) => S) {
    this.#create = create;
  }

  get subject(): S {
    if (this.#subject === undefined) throw new Error('not started');
    return this.#subject;
  }

  get store(): Store {
    if (this.#store === undefined) throw new Error('not started');
    return this.#store;
  }

  async start(): Promise<void> {
    this.#store = await this.#stores.open('job', 0);
    this.#overlay = new Overlay(this.#store);
    this.#committing = new Map();
    this.#subject = this.#create(this.#overlay, this.#store);
  }

  /** Ends the run and begins another with what is durable. */
  async restart(): Promise<void> {
    await this.#store?.close();
    await this.#stores.close();
    this.#stores = new MemoryStores(this.#stores);
    await this.start();
  }

  /** Takes what changed into a commit, which is under way until `commit`. */
  seal(): StoreBatch {
    if (this.#overlay === undefined) throw new Error('not started');
    this.subject.sealInto(this.#overlay);
    this.#committing = new Map(this.#overlay.seal());
    return this.#committing;
  }

  /** A unit of a run that goes carefully: what it changes is encoded, and stays or is undone. */
  unit(work: () => void, stays: boolean): void {
    if (this.#overlay === undefined) throw new Error('not started');
    // between two units nothing is changed that is not encoded
    this.subject.sealInto(this.#overlay);
    this.#overlay.begin();
    this.subject.begin();
    work();
    this.subject.sealInto(this.#overlay);
    if (stays) return;
    this.#overlay.undo();
    this.subject.undo();
  }

  /** The sealed commit becomes durable. */
  async commit(): Promise<void> {
    await this.store.commit(this.#committing);
    this.#overlay?.committed();
  }

  async stop(): Promise<void> {
    await this.#store?.close();
    await this.#stores.close();
  }

  /** All keys that are durable. */
  keys(): string[] {
    return [...this.store.range('!', '~')].map(({ key }) => key);
  }
}
