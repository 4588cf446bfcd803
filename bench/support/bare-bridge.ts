import { FlushedRecords } from './flushed-records.js';
import type { RawClient } from './raw-client.js';
import { AckWriter, PUBCOMP, PUBREC, PUBREL } from './wire.js';

/** About what the engine stores for a message: first its row, with position and marks, then what was answered. */
const RECORD_BYTES = 320;
/** A packet of the workload has a fixed header of so many bytes. */
const HEADER_BYTES = 2;

/**
 * From a session at one broker to another broker, by the packets and the two flushed writes that each message needs, and nothing else. A message has
 * the same packet id at both.
 */
export class BareBridge {
  readonly #from: RawClient;
  readonly #to: RawClient;
  readonly #records: FlushedRecords;
  readonly #answers = new AckWriter();
  #published: Buffer[] = [];
  /** Of the two answers to what the first record of a message let out, one is there. */
  readonly #answered = new Set<number>();
  /** So many are through. */
  onCompleted: (completed: number) => void = () => {};
  #completed = 0;

  constructor(from: RawClient, to: RawClient, path: string) {
    this.#from = from;
    this.#to = to;
    this.#records = new FlushedRecords(path, RECORD_BYTES, () => this.#flush());
    from.onPacket = (first, buffer, start, end) => {
      if (first >> 4 === 3) this.#take(buffer, start, end);
      else if (first === PUBREL) this.#answer(buffer, start);
    };
    to.onPacket = (first, buffer, start) => {
      if (first === PUBREC) this.#answer(buffer, start);
      if (first !== PUBCOMP) return;
      this.#completed += 1;
      this.onCompleted(this.#completed);
    };
  }

  /** So many times it has written to its file. */
  get writes(): number {
    return this.#records.writes;
  }

  close(): void {
    this.#from.socket.destroy();
    this.#to.socket.destroy();
    this.#records.close();
  }

  #take(buffer: Buffer, start: number, end: number): void {
    const idAt = start + 2 + buffer.readUInt16BE(start);
    const [high, low] = [buffer[idAt] ?? 0, buffer[idAt + 1] ?? 0];
    const packet = Buffer.from(buffer.subarray(start - HEADER_BYTES, end));
    this.#records.add(() => {
      this.#answers.add(PUBREC, high, low);
      this.#published.push(packet);
    });
  }

  #answer(buffer: Buffer, start: number): void {
    const [high, low] = [buffer[start] ?? 0, buffer[start + 1] ?? 0];
    const id = high * 256 + low;
    if (!this.#answered.delete(id)) {
      this.#answered.add(id);
      return;
    }
    this.#records.add(() => {
      this.#answers.add(PUBCOMP, high, low);
      this.#published.push(Buffer.from([PUBREL, 2, high, low]));
    });
  }

  #flush(): void {
    const bytes = this.#answers.take();
    if (bytes !== undefined) this.#from.socket.write(bytes);
    if (this.#published.length === 0) return;
    this.#to.socket.write(Buffer.concat(this.#published));
    this.#published = [];
  }
}
