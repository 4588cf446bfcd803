import { connectRaw, type RawClient } from '../raw-client.js';
import { AckWriter, PUBCOMP, PUBREC, PUBREL, publishBytes, subscribeBytes } from '../wire.js';
import { FILTER, PAYLOAD_BYTES, topicOf } from '../workload.js';

/** Publishes at QoS 2 at a steady pace, and knows when each message had come through to a reader at the other broker. */
export class MessageClock {
  readonly #publisher: RawClient;
  readonly #witness: RawClient;
  readonly #sentAt: number[] = [];
  readonly #waiting = new Set<{ readonly sinceMs: number; readonly resolve: (atMs: number) => void }>();
  readonly #timer: NodeJS.Timeout;

  static async start(from: string, to: string, perSecond: number): Promise<MessageClock> {
    const witness = await connectRaw(to, 'bench-witness');
    const suback = witness.answer(0x90);
    witness.socket.write(subscribeBytes(FILTER, 0));
    await suback;
    return new MessageClock(await connectRaw(from, 'bench-publisher'), witness, perSecond);
  }

  private constructor(publisher: RawClient, witness: RawClient, perSecond: number) {
    this.#publisher = publisher;
    this.#witness = witness;
    const acks = new AckWriter();
    publisher.onPacket = (first, buffer, start) => {
      if (first === PUBREC) acks.add(PUBREL, buffer[start] ?? 0, buffer[start + 1] ?? 0);
      else if (first !== PUBCOMP) throw new Error(`the publisher was sent a packet ${first}`);
    };
    publisher.onChunk = () => {
      const bytes = acks.take();
      if (bytes !== undefined) publisher.socket.write(bytes);
    };
    witness.onPacket = (first, buffer, start) => {
      if (first >> 4 === 3) this.#see(buffer, start);
    };
    this.#timer = setInterval(() => this.#publish(), 1000 / perSecond);
  }

  /** Resolves with the time when a message that was sent at `sinceMs` or later had come through. */
  throughSince(sinceMs: number): Promise<number> {
    return new Promise((resolve) => this.#waiting.add({ sinceMs, resolve }));
  }

  close(): void {
    clearInterval(this.#timer);
    this.#publisher.socket.destroy();
    this.#witness.socket.destroy();
  }

  #publish(): void {
    const number = this.#sentAt.length;
    this.#sentAt.push(performance.now());
    const payload = Buffer.from(String(number).padEnd(PAYLOAD_BYTES, '.'));
    this.#publisher.socket.write(publishBytes(topicOf(number), payload, 2, (number % 60_000) + 1));
  }

  #see(buffer: Buffer, start: number): void {
    const payloadAt = start + 2 + buffer.readUInt16BE(start) + 1;
    const number = Number.parseInt(buffer.toString('latin1', payloadAt, payloadAt + 12), 10);
    const sentAt = this.#sentAt[number] ?? 0;
    for (const one of this.#waiting) {
      if (sentAt < one.sinceMs) continue;
      this.#waiting.delete(one);
      one.resolve(performance.now());
    }
  }
}
