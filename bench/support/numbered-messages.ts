import { connectRaw, type RawClient } from './raw-client.js';
import { AckWriter, PUBCOMP, PUBREC, PUBREL, publishBytes, subscribeBytes } from './wire.js';
import { FILTER, PAYLOAD_BYTES, topicOf } from './workload.js';

/** Publishes numbered messages at QoS 2 to one broker, and sees each come through to a reader at the other, by the same clock. */
export class NumberedMessages {
  readonly #publisher: RawClient;
  readonly #witness: RawClient;
  readonly #sentAt: number[] = [];
  /** Called for each message that has come through, in whatever order, with when it was sent. */
  onSeen: (number: number, sentAtMs: number) => void = () => {};

  static async open(from: string, to: string): Promise<NumberedMessages> {
    const witness = await connectRaw(to, 'bench-witness');
    const suback = witness.answer(0x90);
    witness.socket.write(subscribeBytes(FILTER, 0));
    await suback;
    return new NumberedMessages(await connectRaw(from, 'bench-publisher'), witness);
  }

  private constructor(publisher: RawClient, witness: RawClient) {
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
  }

  /** The number of the next. */
  get sent(): number {
    return this.#sentAt.length;
  }

  /** Publishes all that are below `due` and were not, together. */
  publishUpTo(due: number): void {
    const batch: Buffer[] = [];
    const now = performance.now();
    for (let number = this.sent; number < due; number += 1) {
      this.#sentAt.push(now);
      const payload = Buffer.from(String(number).padEnd(PAYLOAD_BYTES, '.'));
      batch.push(publishBytes(topicOf(number), payload, 2, (number % 60_000) + 1));
    }
    if (batch.length > 0) this.#publisher.socket.write(Buffer.concat(batch));
  }

  close(): void {
    this.#publisher.socket.destroy();
    this.#witness.socket.destroy();
  }

  #see(buffer: Buffer, start: number): void {
    const payloadAt = start + 2 + buffer.readUInt16BE(start) + 1;
    const number = Number.parseInt(buffer.toString('latin1', payloadAt, payloadAt + 12), 10);
    this.onSeen(number, this.#sentAt[number] ?? 0);
  }
}
