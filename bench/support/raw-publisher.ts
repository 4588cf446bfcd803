import { connectRaw, type RawClient } from './raw-client.js';
import { AckWriter, PUBACK, PUBCOMP, PUBREC, PUBREL, publishBytes } from './wire.js';
import { payloadOf, topicOf } from './workload.js';

/** Packet ids go round after this many messages. */
const RECORDED = 10_000;

/** Publishes packets made before the run, at most `window` unacknowledged: what a socket and the broker can do at most. */
export class RawPublisher {
  readonly #client: RawClient;
  readonly #packets: readonly Buffer[];
  readonly #window: number;
  readonly #acks = new AckWriter();
  #sent = 0;
  #completed = 0;
  #messages = 0;
  #done: () => void = () => {};

  static async open(url: string, clientId: string, qos: 1 | 2, window: number): Promise<RawPublisher> {
    const client = await connectRaw(url, clientId);
    const packets = Array.from({ length: RECORDED }, (_, index) =>
      publishBytes(topicOf(index), payloadOf(index), qos, index + 1),
    );
    return new RawPublisher(client, packets, window);
  }

  constructor(client: RawClient, packets: readonly Buffer[], window: number) {
    this.#client = client;
    this.#packets = packets;
    this.#window = window;
    client.onPacket = (first, buffer, start) => {
      if (first === PUBREC) this.#acks.add(PUBREL, buffer[start] ?? 0, buffer[start + 1] ?? 0);
      else if (first === PUBACK || first === PUBCOMP) this.#completed += 1;
    };
    client.onChunk = () => this.#turn();
  }

  /** Resolves when all are acknowledged. */
  async publish(messages: number): Promise<void> {
    this.#messages = messages;
    const done = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    this.#turn();
    await done;
  }

  close(): void {
    this.#client.socket.destroy();
  }

  #turn(): void {
    const count = Math.min(this.#window - (this.#sent - this.#completed), this.#messages - this.#sent);
    const batch: Buffer[] = [];
    const acks = this.#acks.take();
    if (acks !== undefined) batch.push(acks);
    for (let i = 0; i < count; i++) batch.push(this.#packets[(this.#sent + i) % RECORDED] ?? Buffer.alloc(0));
    this.#sent += Math.max(0, count);
    if (batch.length > 0) this.#client.socket.write(Buffer.concat(batch));
    if (this.#messages > 0 && this.#completed === this.#messages) this.#done();
  }
}
