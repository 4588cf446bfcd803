import {
  type CommitUrgency,
  type DurableSinkWriter,
  defineSink,
  type OutboxRow,
  type OutboxSender,
  type OutboxSnapshot,
  type Sink,
} from '../../../src/connector/index.js';
import { Readiness } from '../../../src/internal/readiness.js';

/** A destination that takes a row in two steps, as at QoS 2: it has received it, and is told to pass it on once that is durable. */
export class TwoPhaseDestination {
  /** Rows that may be sent and not be through both steps. */
  window = 2;
  readonly received: string[] = [];
  readonly passedOn: string[] = [];
}

class TwoPhaseSender implements OutboxSender {
  readonly name = 'rows';
  readonly #destination: TwoPhaseDestination;
  readonly #onNews: () => void;
  #next: number;
  #low: number;
  #sealedLow: number;
  /** Received, in no snapshot. */
  #fresh: string[] = [];
  #sealed: { readonly mark: number; readonly items: readonly string[] }[] = [];
  #open = 0;
  #marks = 0;

  constructor(low: number, destination: TwoPhaseDestination, onNews: () => void) {
    this.#next = low;
    this.#low = low;
    this.#sealedLow = low;
    this.#destination = destination;
    this.#onNews = onNews;
  }

  get next(): number {
    return this.#next;
  }

  get urgency(): CommitUrgency {
    if (this.#fresh.length > 0) return 'now';
    return this.#low > this.#sealedLow ? 'soon' : 'none';
  }

  offer(rows: readonly OutboxRow[]): number {
    const taken = rows.slice(0, this.#destination.window - this.#open);
    this.#next += taken.length;
    this.#open += taken.length;
    const items = taken.map(({ bytes }) => new TextDecoder().decode(bytes));
    setImmediate(() => {
      this.#destination.received.push(...items);
      this.#fresh.push(...items);
      if (items.length > 0) this.#onNews();
    });
    return taken.length;
  }

  snapshot(): OutboxSnapshot {
    this.#sealed.push({ mark: this.#marks, items: this.#fresh });
    this.#fresh = [];
    this.#sealedLow = this.#low;
    this.#marks += 1;
    return { mark: this.#marks - 1, state: undefined, low: this.#low, refused: [] };
  }

  committed(mark: number): void {
    for (const { items } of this.#sealed.filter((one) => one.mark <= mark)) {
      this.#destination.passedOn.push(...items);
      this.#low += items.length;
      this.#open -= items.length;
    }
    this.#sealed = this.#sealed.filter((one) => one.mark > mark);
    this.#onNews();
  }
}

/** A sink of texts for jobs with a store, whose rows need a commit in their middle. */
export const twoPhaseSink = (destination: TwoPhaseDestination): Sink<string> =>
  defineSink<string>({
    name: 'two-phase',
    claims: [],
    refuse: () => undefined,
    onError: 'fail',
    createWriter: () => Promise.reject(new Error('this sink is for jobs with a store')),
    createDurableWriter: async (_, restore): Promise<DurableSinkWriter<string>> => {
      const readiness = new Readiness();
      const sender = new TwoPhaseSender(restore('rows').low, destination, () => readiness.notify());
      return {
        outboxes: [sender],
        prepare: (items) => ({
          rows: items.map((item) => ({ outbox: 0, bytes: new TextEncoder().encode(item) })),
          rejected: [],
        }),
        flush: () => {},
        ready: () => (sender.urgency === 'now' ? Promise.resolve() : readiness.wait()),
        close: async () => {},
      };
    },
  });
