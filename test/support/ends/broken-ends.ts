import {
  type DurableSinkWriter,
  defineSink,
  defineSource,
  type OutboxRow,
  type OutboxSender,
  type OutboxSnapshot,
  type Prepared,
  type Sink,
  type SinkWriter,
  type Source,
  type SourceReader,
} from '../../../src/connector/index.js';
import { MillraceError } from '../../../src/errors/index.js';

/** What an implementation gives in place of what it owes, as JavaScript lets it. */
export type Broken<P> = { readonly [K in keyof P]?: unknown };

/** `good`, with some members as they must not be. The types are what JavaScript users do not have. */
export const breaking = <P extends object>(good: P, broken: Broken<P>): P => {
  const members = Object.entries(broken).map(([name, value]) => [name, { value, configurable: true }] as const);
  return Object.create(good, Object.fromEntries(members)) as P;
};

/** A port that has something to say every now and then, and keeps no process alive. */
const soon = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 2).unref();
  });

export const letter = {
  payload: undefined,
  attributes: { topic: 't', properties: undefined },
  error: new MillraceError('INVALID_MESSAGE', 'no'),
  attempt: 1,
  timestampMs: 0,
  origin: 'broken',
};

/** A reader of some texts, which then has no more. */
export const textReader = (texts: readonly string[]): SourceReader<string> & { readonly acknowledged: number } => {
  let next = 0;
  let acknowledged = -1;
  return {
    get acknowledged() {
      return acknowledged;
    },
    poll: (max) => {
      const items = texts.slice(next, next + max);
      const first = next;
      next += items.length;
      return { items, timestampMs: 0, first, last: next - 1, bytes: 1, rejected: [], done: false };
    },
    ready: () => (next < texts.length ? Promise.resolve() : new Promise(() => {})),
    snapshot: (upTo) => ({ mark: upTo, state: undefined }),
    committed: (mark) => {
      acknowledged = mark;
    },
    close: async () => {},
  };
};

/** A writer that has delivered what it was given. */
export const textWriter = (): SinkWriter<string> => {
  let taken = 0;
  return {
    write: (items) => {
      taken += items.length;
      return items.length;
    },
    flush: () => {},
    progress: () => ({ delivered: taken, rejected: [] }),
    ready: soon,
    close: async () => {},
  };
};

/** A sender that has delivered what it was offered. */
export class TextSender implements OutboxSender {
  readonly name = 'rows';
  readonly arrived: string[] = [];
  next = 0;

  get urgency(): 'soon' {
    return 'soon';
  }

  offer(rows: readonly OutboxRow[]): number {
    for (const { bytes } of rows) this.arrived.push(new TextDecoder().decode(bytes));
    this.next += rows.length;
    return rows.length;
  }

  snapshot(): OutboxSnapshot {
    return { mark: this.next, state: undefined, low: this.next, refused: [] };
  }

  committed(): void {}
}

/** A writer over one sender. */
export const senderWriter = (sender: OutboxSender): DurableSinkWriter<string> => ({
  outboxes: [sender],
  prepare: (items): Prepared => ({
    rows: items.map((item) => ({ outbox: 0, bytes: new TextEncoder().encode(item) })),
    rejected: [],
  }),
  flush: () => {},
  ready: soon,
  close: async () => {},
});

/** A source named `crooked` that every guarantee is left to. */
export const sourceOf = (reader: () => SourceReader<string>): Source<string> =>
  defineSource<string>({
    name: 'crooked',
    claims: [],
    defaultGuarantee: 'at-least-once',
    refuse: () => undefined,
    onError: 'skip',
    createReader: async () => reader(),
  });

/** A sink named `bent`, with a writer of its own for jobs with a store or without. */
export const sinkOf = (writer: () => SinkWriter<string>, durable?: () => DurableSinkWriter<string>): Sink<string> =>
  defineSink<string>({
    name: 'bent',
    claims: [],
    refuse: () => undefined,
    onError: 'skip',
    createWriter: async () => writer(),
    ...(durable === undefined ? {} : { createDurableWriter: async () => durable() }),
  });
