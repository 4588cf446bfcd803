import type { KvWatchEntry } from '@nats-io/kv';
import type { MillraceError } from '../../errors/index.js';
import { abortableWait } from '../../internal/waiting/abortable-wait.js';
import type { NatsClient } from '../../nats/index.js';

/** The events of a `Bucket`, with entries as NATS has them. */
export type KvWatchEvent =
  | { readonly type: 'entry'; readonly entry: KvWatchEntry }
  | { readonly type: 'caught-up' | 'interrupted' }
  | { readonly type: 'failed'; readonly error: MillraceError };

/** What a watch is made of. */
export interface KvWatchParts {
  readonly client: NatsClient;
  /** Begins with the last value of each key. */
  readonly begin: () => Promise<Entries>;
  readonly explain: (error: unknown) => Promise<MillraceError>;
  readonly tell: (event: KvWatchEvent) => void;
}

type Entries = AsyncIterable<KvWatchEntry> & { stop(error?: Error): void };

/** Between attempts, in milliseconds. */
const RETRY_MS = 250;
/** How long a connection is waited for before it is looked again, in milliseconds. */
const CONNECTION_MS = 1000;
/** What was put and is not shown for so long is never shown, in milliseconds. */
const SILENT_MS = 2000;

/**
 * A watch that begins anew whenever the connection ends: the client mends its subscription by itself, but does not say when it has
 * caught up, and until then nobody must be taken for dead. And whenever it does not show what was put: one server serves it, which need not
 * be ours, and the client finds out that that one is lost after a minute.
 */
export class KvWatch {
  readonly #parts: KvWatchParts;
  readonly #connection: AsyncIterable<{ readonly type: string }> & { stop?(): void };
  #entries: Entries | undefined;
  /** The revision that was shown last. */
  #shown = 0;
  #silence: NodeJS.Timeout | undefined;
  readonly #ended = new AbortController();

  constructor(parts: KvWatchParts) {
    this.#parts = parts;
    this.#connection = parts.client.connection.status();
    void this.#followConnection();
    void this.#run();
  }

  /** A value has been put with that revision. */
  expect(revision: number): void {
    if (this.#entries === undefined || this.#silence !== undefined) return;
    this.#silence = setTimeout(() => {
      this.#silence = undefined;
      if (this.#shown < revision) this.#entries?.stop();
    }, SILENT_MS);
  }

  stop(): void {
    this.#ended.abort();
    clearTimeout(this.#silence);
    this.#connection.stop?.();
    this.#entries?.stop();
  }

  async #run(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      await this.#parts.client.whenConnected(CONNECTION_MS);
      const error = await this.#watch();
      if (this.#ended.signal.aborted) return;
      if (error !== undefined && error.code !== 'CLUSTER_UNREACHABLE') {
        this.#parts.tell({ type: 'failed', error });
        return this.stop();
      }
      this.#parts.tell({ type: 'interrupted' });
      await abortableWait(RETRY_MS, this.#ended.signal);
    }
  }

  /** Until it ends. @returns why, if that is known */
  async #watch(): Promise<MillraceError | undefined> {
    try {
      this.#entries = await this.#parts.begin();
      await this.#tellAll(this.#entries);
      return undefined;
    } catch (error) {
      return this.#parts.explain(error);
    } finally {
      this.#entries = undefined;
      clearTimeout(this.#silence);
      this.#silence = undefined;
    }
  }

  async #tellAll(entries: Entries): Promise<void> {
    let caughtUp = false;
    for await (const entry of entries) {
      if (this.#ended.signal.aborted) return;
      this.#shown = entry.revision;
      this.#parts.tell({ type: 'entry', entry });
      if (caughtUp || !entry.isUpdate) continue;
      caughtUp = true;
      this.#parts.tell({ type: 'caught-up' });
    }
  }

  async #followConnection(): Promise<void> {
    for await (const { type } of this.#connection) if (type === 'disconnect') this.#entries?.stop();
  }
}
