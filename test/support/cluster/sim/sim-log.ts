import { MillraceError } from '../../../../src/errors/index.js';
import {
  outcomeOfAnswer,
  outcomeOfPlace,
  type PublishAnswer,
  staysUncertain,
} from '../../../../src/store/jetstream/append-outcome.js';
import type { LogEntry, PartitionLog, PartitionLogs } from '../../../../src/store/log/partition-log.js';
import type { SnapshotBlobs } from '../../../../src/store/log/snapshot-blobs.js';
import type { SeededRandom } from '../../seeded-random.js';
import type { PartitionServer, Publication } from './partition-server.js';
import type { SimLine } from './sim-line.js';

/** How a node reaches the logs. */
export interface SimLogsParts {
  readonly line: SimLine;
  readonly random: SeededRandom;
  readonly server: (partition: number) => PartitionServer;
  /** An append whose outcome is unknown for so long is given up, in milliseconds. */
  readonly deadlineMs: number;
  /** Told of each log that may be written. */
  readonly opened: (log: object) => void;
}

/** The chance that a record is sent twice at once, as one whose first answer is lost is sent again. */
const DOUBLED_CHANCE = 0.1;
/** An attempt is repeated after so much of the patience of its line. */
const ATTEMPT_SHARE = 0.3;
const PAUSE_MS = 5;

let marks = 0;

/**
 * A log over servers that lose, delay, double and forget to answer: what becomes of an append is decided as it is over JetStream, by
 * the same rules (`append-outcome.ts`).
 */
export class SimLog implements PartitionLog {
  readonly shared = true;
  readonly maxRecordBytes = 64 * 1024 * 1024;
  readonly location: string;
  readonly identity: string;
  readonly #parts: SimLogsParts;
  readonly #server: PartitionServer;
  #closed = false;

  constructor(parts: SimLogsParts, partition: number) {
    this.#parts = parts;
    this.#server = parts.server(partition);
    this.identity = this.#server.records.identity;
    this.location = this.identity;
  }

  last(): Promise<LogEntry | undefined> {
    return this.#parts.line.ask(() => this.#server.last());
  }

  async append(record: Uint8Array, expected: number): Promise<number> {
    const { line, deadlineMs } = this.#parts;
    if (this.#closed) throw new MillraceError('INVALID_STATE', `${this.location} is closed`);
    line.life.beforeIo();
    marks += 1;
    const copy: Publication = { record: record.slice(), expected, mark: String(marks), writer: this };
    const place = expected + 1;
    const deadline = line.clock.now + deadlineMs;
    let uncertain = false;
    for (;;) {
      const answer = await this.#attempt(copy);
      let outcome = outcomeOfAnswer(answer, { end: place, uncertain });
      if (outcome === 'look') outcome = outcomeOfPlace(await this.#look(place), { place, mark: copy.mark, uncertain });
      if (outcome === 'in') return place;
      if (outcome === 'fenced')
        throw new MillraceError('STORE_FENCED', `${this.location} has another record at ${place}`);
      uncertain ||= staysUncertain(answer);
      if (line.clock.now > deadline) throw new MillraceError('STORAGE_FAILED', 'unknown', { retryable: true });
      await this.#wait(PAUSE_MS);
    }
  }

  async *read(after: number, upTo: number): AsyncGenerator<LogEntry, void> {
    const read = async (): Promise<LogEntry[]> => {
      const entries: LogEntry[] = [];
      for await (const entry of this.#server.open().read(after, upTo)) entries.push(entry);
      return entries;
    };
    yield* await this.#parts.line.ask(read);
  }

  trim(upTo: number): Promise<void> {
    return this.#parts.line.ask(() => this.#server.trim(upTo));
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  /** Each repetition has the same expectation, so that one of them enters at most. */
  #attempt(copy: Publication): Promise<PublishAnswer> {
    const { line, random } = this.#parts;
    return new Promise((resolve) => {
      const waiting = { alive: true };
      const settle = (answer: PublishAnswer): void => {
        line.life.enter(() => {
          waiting.alive = false;
          resolve(answer);
        });
      };
      const send = (): void =>
        line.there.pass(() => this.#server.publish(copy, (answer) => line.back.pass(() => settle(answer))));
      line.clock.after(line.patienceMs * ATTEMPT_SHARE, () => settle({ kind: 'silence' }), waiting);
      send();
      if (random.chance(DOUBLED_CHANCE)) send();
    });
  }

  async #look(place: number) {
    try {
      return await this.#parts.line.ask(() => this.#server.find(place));
    } catch {
      return undefined;
    }
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }
}

/** Those of one node. */
export class SimLogs implements PartitionLogs {
  readonly location = 'simulated servers';
  readonly #parts: SimLogsParts;

  constructor(parts: SimLogsParts) {
    this.#parts = parts;
  }

  async open(_job: string, partition: number): Promise<PartitionLog> {
    const log = new SimLog(this.#parts, partition);
    this.#parts.opened(log);
    return log;
  }

  async blobs(_job: string, partition: number): Promise<SnapshotBlobs> {
    const { line, server } = this.#parts;
    const { blobs } = server(partition);
    return {
      put: async (name, slices) => {
        const bytes: Uint8Array[] = [];
        for await (const slice of slices) bytes.push(new Uint8Array(slice));
        await line.ask(() => blobs.put(name, piecesOf(bytes)));
      },
      get: (name) => piecesLater(line.ask(() => collect(blobs.get(name)))),
      remove: (name) => line.ask(() => blobs.remove(name)),
      list: () => line.ask(() => blobs.list()),
    };
  }

  async close(): Promise<void> {}
}

async function* piecesOf(bytes: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* bytes;
}

async function* piecesLater(bytes: Promise<readonly Uint8Array[]>): AsyncGenerator<Uint8Array, void> {
  yield* await bytes;
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<readonly Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}
