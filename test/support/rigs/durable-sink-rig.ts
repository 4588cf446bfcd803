import type {
  DeadLetter,
  DurableSinkWriter,
  OnError,
  OutboxRow,
  OutboxSender,
  OutboxSnapshot,
  RestoreOutbox,
  Sink,
} from '../../../src/connector/index.js';
import { defineSink } from '../../../src/connector/index.js';
import { MillraceError } from '../../../src/errors/index.js';
import { Readiness } from '../../../src/internal/readiness.js';

/** Where the rows of a durable test sink arrive: it outlives the runs of the job, as a broker does. */
export class Destination {
  /** In the order of arrival; a row that is sent again after a restart is here again. */
  readonly arrived: { readonly seq: number; readonly item: string }[] = [];
  /** Confirms each row at once; otherwise by `confirm`. */
  confirming = true;
  /** Items that are refused for good. */
  readonly refuses = new Set<string>();
  /** How many rows may be sent and not confirmed. */
  window = 1000;
  onArrived: () => void = () => {};
  readonly #senders = new Set<RowSender>();

  attach(sender: RowSender): void {
    this.#senders.add(sender);
  }

  detach(sender: RowSender): void {
    this.#senders.delete(sender);
  }

  get items(): string[] {
    return this.arrived.map(({ item }) => item);
  }

  /** Confirms everything that was sent. */
  confirm(): void {
    for (const sender of this.#senders) sender.confirm();
  }
}

/** A sender without a session: a row is sent when it is durable and offered, and done when the destination has confirmed it. */
class RowSender implements OutboxSender {
  readonly name: string;
  readonly #destination: Destination;
  readonly #onNews: () => void;
  #next: number;
  #low: number;
  #reportedLow: number;
  #sent: { readonly seq: number; readonly item: string }[] = [];
  #refused: { readonly seq: number; readonly letter: DeadLetter }[] = [];

  constructor(name: string, low: number, destination: Destination, onNews: () => void) {
    this.name = name;
    this.#next = low;
    this.#low = low;
    this.#reportedLow = low;
    this.#destination = destination;
    this.#onNews = onNews;
    destination.attach(this);
  }

  get next(): number {
    return this.#next;
  }

  get urgency(): 'none' | 'soon' | 'now' {
    if (this.#refused.length > 0) return 'now';
    return this.#low > this.#reportedLow ? 'soon' : 'none';
  }

  offer(rows: readonly OutboxRow[]): number {
    const taken = rows.slice(0, this.#destination.window - this.#sent.length);
    for (const { seq, bytes } of taken) {
      const row = { seq, item: new TextDecoder().decode(bytes) };
      this.#sent.push(row);
      this.#destination.arrived.push(row);
    }
    this.#next += taken.length;
    if (taken.length > 0) this.#destination.onArrived();
    if (this.#destination.confirming) this.confirm();
    return taken.length;
  }

  confirm(): void {
    for (const { seq, item } of this.#sent) {
      this.#low = seq + 1;
      if (this.#destination.refuses.has(item)) this.#refused.push({ seq, letter: letterOf(item) });
    }
    this.#sent = [];
    this.#onNews();
  }

  snapshot(): OutboxSnapshot {
    const refused = this.#refused;
    this.#refused = [];
    this.#reportedLow = this.#low;
    return { mark: this.#low, state: { low: this.#low }, low: this.#low, refused };
  }

  committed(): void {}

  close(): void {
    this.#destination.detach(this);
  }
}

class RowWriter implements DurableSinkWriter<string> {
  readonly outboxes: readonly RowSender[];
  readonly #readiness = new Readiness();
  #news = false;

  constructor(destination: Destination, restore: RestoreOutbox) {
    const { low } = restore('rows');
    this.outboxes = [new RowSender('rows', low, destination, () => this.#tell())];
  }

  prepare(items: readonly string[]) {
    const rejected = items.flatMap((item, index) =>
      item.includes('poison') ? [{ index, letter: letterOf(item) }] : [],
    );
    const rows = items.filter((item) => !item.includes('poison'));
    return { rows: rows.map((item) => ({ outbox: 0, bytes: new TextEncoder().encode(item) })), rejected };
  }

  flush(): void {}

  ready(): Promise<void> {
    if (!this.#news) return this.#readiness.wait();
    this.#news = false;
    return Promise.resolve();
  }

  #tell(): void {
    this.#news = !this.#readiness.awaited;
    this.#readiness.notify();
  }

  async close(): Promise<void> {
    for (const sender of this.outboxes) sender.close();
  }
}

const letterOf = (item: string): DeadLetter => ({
  payload: undefined,
  attributes: { topic: item, properties: undefined },
  error: new MillraceError('PUBLISH_REFUSED', `${item} was refused`),
  attempt: 1,
  origin: 'rows',
  timestampMs: 0,
});

/** A sink of texts for jobs with a store. */
export const durableSink = (destination: Destination, onError: OnError = 'fail'): Sink<string> =>
  defineSink<string>({
    name: 'rows',
    claims: [],
    refuse: () => undefined,
    onError,
    createWriter: () => Promise.reject(new Error('this sink is for jobs with a store')),
    createDurableWriter: async (_, restore) => new RowWriter(destination, restore),
  });
