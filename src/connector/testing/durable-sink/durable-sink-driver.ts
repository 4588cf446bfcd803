import { MetricsRegistry } from '../../../metrics/metrics-registry.js';
import type { DeadLetter } from '../../dead-letter.js';
import type { DurableSinkWriter, OutboxRow, OutboxSender } from '../../durable-sink.js';
import { openDurableWriter } from '../../guards/guarded-durable-writer.js';
import { withOutbox } from '../../outbox/with-outbox.js';
import type { SinkDefinition } from '../../sink.js';
import type { MemoryOutboxes, OutboxCommit } from './memory-outboxes.js';

interface Box {
  readonly sender: OutboxSender;
  added: OutboxRow[];
  end: number;
}

/** A sealed commit. */
interface Sealed {
  readonly commits: readonly OutboxCommit[];
  readonly marks: readonly number[];
}

/** How a driver opens its sink. */
export interface DurableDriverOptions<T> {
  /** One without `createDurableWriter` is put behind the outbox of an engine. */
  readonly sink: SinkDefinition<T>;
  /** What the sink is restored from, and what a commit writes to. */
  readonly store: MemoryOutboxes;
  /** Default: exactly-once. */
  readonly guarantee?: 'at-least-once' | 'exactly-once';
  /** Default: a registry that nobody sees. */
  readonly metrics?: MetricsRegistry;
  /** Aborts the opening. Default: one that never does. */
  readonly signal?: AbortSignal;
}

/** Stands for the engine over one sink of a job with a store: rows, commits and offers, step by step or by itself. */
export class DurableSinkDriver<T> {
  readonly writer: DurableSinkWriter<T>;
  /** Those of `prepare` and those of snapshots, in the order in which they came. */
  readonly letters: DeadLetter[] = [];
  readonly #store: MemoryOutboxes;
  /** One for each outbox, in the order of the writer. */
  readonly #boxes: Box[];
  /** Oldest first. An engine has one at a time; the rule lets a sender be asked for several. */
  readonly #sealed: Sealed[] = [];

  private constructor(writer: DurableSinkWriter<T>, store: MemoryOutboxes) {
    this.writer = writer;
    this.#store = store;
    this.#boxes = writer.outboxes.map((sender) => ({ sender, added: [], end: store.restore(sender.name).end }));
  }

  /** Behind the door that an engine puts there: a breach of a rule fails the case by name. */
  static async open<T>(options: DurableDriverOptions<T>): Promise<DurableSinkDriver<T>> {
    const { sink, store, guarantee = 'exactly-once' } = options;
    const { metrics = new MetricsRegistry(), signal = new AbortController().signal } = options;
    const context = { job: 'test', guarantee, metrics, signal, durable: store };
    const restore = (name: string) => store.restore(name);
    const create = () => sink.createDurableWriter?.(context, restore) ?? withOutbox(sink, context, restore);
    const writer = await openDurableWriter(sink.name, restore, create);
    try {
      await writer.opened;
    } catch (error) {
      await writer.close();
      throw error;
    }
    return new DurableSinkDriver(writer, store);
  }

  /** Rows that are stored, or about to be, and not known to be delivered. */
  get undone(): number {
    return this.#boxes.reduce((sum, { sender, end }) => sum + end - this.#store.restore(sender.name).low, 0);
  }

  /** Whether an engine would commit now, or soon. */
  get urgent(): boolean {
    return this.#boxes.some(({ added, sender }) => added.length > 0 || sender.urgency !== 'none');
  }

  /** Outputs of a tick: they become rows of the next commit. */
  add(...items: T[]): void {
    const { rows, rejected } = this.writer.prepare(items);
    for (const { letter } of rejected) this.letters.push(letter);
    for (const { outbox, bytes } of rows) {
      const box = this.#boxes[outbox];
      if (box === undefined) throw new Error(`there is no outbox ${outbox}`);
      box.added.push({ seq: box.end, bytes });
      box.end += 1;
    }
  }

  /** Begins a commit. Several may be under way. */
  seal(): void {
    const commits = this.#boxes.map((box) => {
      const snapshot = box.sender.snapshot(box.end);
      for (const { letter } of snapshot.refused) this.letters.push(letter);
      const added = box.added;
      box.added = [];
      return { name: box.sender.name, added, snapshot, end: box.end };
    });
    this.#sealed.push({ commits, marks: commits.map(({ snapshot }) => snapshot.mark) });
  }

  /** The oldest commit under way is durable, in the store only: as when the process ends before it hears of it. */
  store(): void {
    const sealed = this.#sealed[0];
    for (const commit of sealed?.commits ?? []) this.#store.apply(commit);
  }

  /** The oldest commit under way is durable, and everything that waited for it goes out. */
  commit(): void {
    const sealed = this.#sealed.shift();
    if (sealed === undefined) return;
    for (const commit of sealed.commits) this.#store.apply(commit);
    this.#boxes.forEach(({ sender }, index) => {
      sender.committed(sealed.marks[index] ?? -1);
    });
    this.flush();
  }

  /** Offers what is durable, and lets it out. */
  flush(): void {
    for (const { sender } of this.#boxes) {
      const { end } = this.#store.restore(sender.name);
      // in portions, as an engine does: a sender takes from the front what it has room for
      for (;;) {
        const rows = [...this.#store.restore(sender.name).rows(sender.next, Math.min(end, sender.next + 500))];
        if (rows.length === 0 || sender.offer(rows) < rows.length) break;
      }
    }
    this.writer.flush();
  }

  /** Commits as long as there is something to commit, until nothing is undone. */
  async drain(): Promise<void> {
    await this.runUntil(() => this.undone === 0);
  }

  /** Works like the engine until the condition holds. */
  async runUntil(done: () => boolean): Promise<void> {
    let ready = this.writer.ready();
    for (;;) {
      this.flush();
      while (this.urgent) {
        this.seal();
        this.commit();
      }
      if (done()) break;
      await ready;
      ready = this.writer.ready();
    }
    // nobody awaits it any more
    ready.catch(() => {});
  }

  close(): Promise<void> {
    return this.writer.close();
  }
}
