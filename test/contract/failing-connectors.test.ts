import { RetryStrategies, SinkBuilder, SourceBuilder } from '../../src/connector/index.js';
import { PermanentError } from '../../src/errors/index.js';
import { deferred } from '../support/deferred.js';
import { durableSinkContract } from './durable-sink-contract.js';
import { type SinkFixture, sinkContract } from './sink-contract.js';
import { sourceContract } from './source-contract.js';

const AT_ONCE = RetryStrategies.indefinitely(0);

/** A server whose calls fail now and then, and until it fails for good. */
class Server {
  readonly rows: number[] = [];
  #calls = 0;
  #gate = deferred<void>();
  #isGone = false;

  constructor() {
    this.#gate.resolve();
  }

  hold(): void {
    this.#gate = deferred<void>();
  }

  release(): void {
    this.#gate.resolve();
  }

  fail(): void {
    this.#isGone = true;
    this.release();
  }

  /** One call in forty fails. */
  async call(): Promise<void> {
    await this.#gate.promise;
    this.callNow();
  }

  callNow(): void {
    if (this.#isGone) throw new PermanentError('gone');
    this.#calls += 1;
    if (this.#calls % 40 === 3) throw new Error('reset');
  }
}

/** Rows of one connection, which are in the table when they are committed. */
interface Connection {
  readonly server: Server;
  sent: number[];
}

const connected = (server: Server) =>
  SinkBuilder.sinkBuilder('table', async (): Promise<Connection> => {
    server.callNow();
    return { server, sent: [] };
  });

const commit = async (connection: Connection): Promise<void> => {
  await connection.server.call();
  connection.server.rows.push(...connection.sent.splice(0));
};

const SINKS = {
  'receiveFn that fails now and then': (server: Server) =>
    connected(server).receiveFn<number>((connection, row) => {
      connection.sent.push(row);
      return commit(connection);
    }),
  'receiveFn and flushFn that fail now and then': (server: Server) =>
    connected(server)
      .receiveFn<number>((connection, row) => {
        server.callNow();
        connection.sent.push(row);
      })
      .flushFn(commit),
  'receiveBatchFn that fails now and then': (server: Server) =>
    connected(server).receiveBatchFn<number>(
      (connection, rows) => {
        connection.sent.push(...rows);
        return commit(connection);
      },
      { maxBatchSize: 10 },
    ),
};

for (const [title, begin] of Object.entries(SINKS)) {
  const start = async (): Promise<SinkFixture<number>> => {
    const server = new Server();
    return {
      sink: begin(server).retryStrategy(AT_ONCE).build(),
      item: (sequence) => sequence,
      received: () => server.rows,
      hold: () => server.hold(),
      release: () => server.release(),
      fail: () => server.fail(),
      stop: () => server.release(),
    };
  };
  sinkContract<number>(`SinkBuilder with ${title}`, { start, limits: {} });
  durableSinkContract<number>(`SinkBuilder with ${title}`, {
    start,
    guarantee: 'exactly-once',
    limits: {
      repeats: 'after a crash what was not known to be delivered comes again',
      failure: 'it fails at an item only',
    },
  });
}

sourceContract('SourceBuilder.stream whose functions fail now and then', {
  start: async () => {
    const server = new Server();
    const items: number[] = [];
    const source = SourceBuilder.stream('log', async () => {
      server.callNow();
      return { next: 0 };
    })
      .fillBufferFn<number>((cursor, buffer) => {
        for (const end = Math.min(cursor.next + 5, items.length); cursor.next < end; cursor.next += 1) {
          // in the middle of its items, too
          server.callNow();
          buffer.add(cursor.next);
        }
        server.callNow();
      })
      .createSnapshotFn(({ next }) => next)
      .restoreSnapshotFn((cursor, next) => {
        server.callNow();
        cursor.next = next;
      })
      .retryStrategy(AT_ONCE)
      .build();
    return {
      source,
      produce: (count) => {
        for (let made = 0; made < count; made += 1) items.push(items.length);
      },
      sequenceOf: (item: number) => item,
      fail: () => server.fail(),
      stop: () => {},
    };
  },
  limits: {
    redelivery: 'without a store there is no offset to go on from',
    acknowledgement: 'a log keeps everything',
  },
});
