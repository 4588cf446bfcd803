import type { Store } from '../../store/store.js';
import { storeKeys } from '../layout/keys/store-keys.js';
import { decodeStored, encodeStored } from '../layout/values/stored-value.js';
import type { PlannedSink } from '../opening/job-ports.js';

/** By the name of a sink: its claims (client ids at their brokers, files) when it was open. */
type Reached = Readonly<Record<string, readonly string[]>>;

/**
 * Which sinks the job has had open once, durably.
 *
 * A sink that was never open is waited for before a source is opened: else a wrong URL would drain a source into an outbox. One that
 * was is not: its absence at a start is as its absence later, and inputs go into the outbox. Under another client id, at another broker
 * or in another file it counts as never opened.
 */
export class ReachedSinks {
  readonly #store: Store;
  /** As the store has it, or will have it with the commit of `add`. */
  #reached: Reached;

  constructor(store: Store) {
    const bytes = store.get(storeKeys.reached);
    this.#store = store;
    // put by `add`, and its bytes are checked by the store
    this.#reached = bytes === undefined ? {} : (decodeStored(bytes) as Reached);
  }

  /** By name and claims together: a name alone says nothing of the destination. */
  has({ name, sink }: PlannedSink): boolean {
    const before = Object.hasOwn(this.#reached, name) ? this.#reached[name] : undefined;
    return before !== undefined && JSON.stringify(before) === JSON.stringify(sink.claims);
  }

  /** All of them are open. Resolves when that is durable. */
  async add(sinks: readonly PlannedSink[]): Promise<void> {
    const added = sinks.filter((sink) => !this.has(sink));
    if (added.length === 0) return;
    const claims = added.map(({ name, sink }) => [name, sink.claims] as const);
    // sinks that are gone stay in it, should they come back
    this.#reached = { ...this.#reached, ...Object.fromEntries(claims) };
    await this.#store.commit(new Map([[storeKeys.reached, encodeStored(this.#reached)]]));
  }
}
