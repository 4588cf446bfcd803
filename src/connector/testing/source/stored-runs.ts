import assert from 'node:assert/strict';
import { deserialize, serialize } from 'node:v8';
import type { SourceReader } from '../../source-reader.js';
import { MemoryRecords } from './memory-records.js';
import { durableGuarantee, type SourceScene } from './source-harness.js';
import { open } from './take.js';

/** One job over several runs: what its store has outlives the readers. */
export class StoredRuns<T> {
  readonly #scene: SourceScene<T>;
  /** The session's, of an MQTT source: written apart from the commits, so they outlive a run that committed nothing. */
  readonly #records = new MemoryRecords();
  /** As bytes, so that nothing a reader holds on to can change it; undefined before the first commit. */
  #stored: Uint8Array | undefined;
  /** All that were ever stored: a snapshot has those that changed. */
  readonly #pages = new Map<string, Uint8Array>();
  #reader: SourceReader<T> | undefined;

  constructor(scene: SourceScene<T>) {
    this.#scene = scene;
  }

  /** Opens the source with what was stored last. */
  async start(): Promise<SourceReader<T>> {
    this.#reader = await open(this.#scene.fixture, {
      guarantee: durableGuarantee(this.#scene.limits),
      durable: this.#records,
      ...(this.#stored === undefined
        ? {}
        : { restored: deserialize(this.#stored), restoredPages: new Map(this.#pages) }),
    });
    return this.#reader;
  }

  /** A commit that is durable and that the reader was not told of. Returns its mark. */
  store(upTo: number): number {
    assert.ok(this.#reader);
    const { mark, state, pages } = this.#reader.snapshot(upTo);
    this.#stored = state === undefined ? undefined : serialize(state);
    pages?.forEach((bytes, page) => {
      this.#pages.set(page, bytes.slice());
    });
    return mark;
  }

  /** Durable, and the reader is told. */
  commit(upTo: number): void {
    this.#reader?.committed(this.store(upTo));
  }

  /** Closed without a commit: as a crash, but for what the origin is told of the end. */
  async end(): Promise<void> {
    await this.#reader?.close();
  }
}

/** A case over the runs of one job, the last of which it ends. */
export const withRuns =
  <T>(run: (scene: SourceScene<T>, job: StoredRuns<T>) => Promise<void>) =>
  async (scene: SourceScene<T>): Promise<void> => {
    const job = new StoredRuns(scene);
    try {
      await run(scene, job);
    } finally {
      await job.end();
    }
  };
