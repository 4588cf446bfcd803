import { connectRaw, type RawClient } from './raw-client.js';
import { PUBACK, subscribeBytes } from './wire.js';

/** Notes which numbered messages a broker delivers, over restarts of that broker: its session is kept. */
export class SequenceWitness {
  readonly #url: string;
  readonly #filter: string;
  readonly #seen = new Set<number>();
  #copies = 0;
  #client: RawClient | undefined;

  constructor(url: string, filter: string) {
    this.#url = url;
    this.#filter = filter;
  }

  /** How many different messages have come. */
  get count(): number {
    return this.#seen.size;
  }

  /** How many came again. */
  get duplicates(): number {
    return this.#copies - this.#seen.size;
  }

  async connect(): Promise<void> {
    const client = await connectRaw(this.#url, 'bench-witness', true);
    this.#client = client;
    client.socket.on('error', () => {});
    client.onPacket = (first, buffer, start) => this.#take(client, { first, buffer, start });
    const suback = client.answer(0x90);
    client.socket.write(subscribeBytes(this.#filter, 1));
    await suback;
  }

  close(): void {
    this.#client?.socket.destroy();
  }

  #take(client: RawClient, { first, buffer, start }: { first: number; buffer: Buffer; start: number }): void {
    if (first >> 4 !== 3) return;
    const topicEnd = start + 2 + buffer.readUInt16BE(start);
    client.socket.write(Buffer.from([PUBACK, 2, buffer[topicEnd] ?? 0, buffer[topicEnd + 1] ?? 0]));
    // Behind the id comes the length of the properties, which are empty.
    this.#seen.add(Number.parseInt(buffer.toString('latin1', topicEnd + 3, topicEnd + 15), 10));
    this.#copies += 1;
  }
}
