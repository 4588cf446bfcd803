import type { Figures } from './contender.js';
import { connectRaw, type RawClient } from './raw-client.js';
import { AckWriter, PUBCOMP, PUBREC, PUBREL, publishBytes, subscribeBytes } from './wire.js';
import { FILTER, PAYLOAD_BYTES, topicOf } from './workload.js';

/** The stream of a latency run. */
export interface PacedStreamOptions {
  readonly from: string;
  readonly to: string;
  readonly perSecond: number;
  readonly messages: number;
  /** So many at the beginning are not counted: little is compiled yet. */
  readonly warmUp: number;
}

/** Publishes at QoS 2 to one broker at a steady rate, and notes by the same clock when the other broker has each message for a reader. */
export class PacedStream {
  readonly #options: PacedStreamOptions;
  readonly #publisher: RawClient;
  readonly #witness: RawClient;
  readonly #sentAt: Float64Array;
  readonly #latencies: number[] = [];
  #sent = 0;
  #seen = 0;
  #finished: () => void = () => {};

  static async open(options: PacedStreamOptions): Promise<PacedStream> {
    const witness = await connectRaw(options.to, 'bench-witness');
    const suback = witness.answer(0x90);
    witness.socket.write(subscribeBytes(FILTER, 0));
    await suback;
    return new PacedStream(options, await connectRaw(options.from, 'bench-publisher'), witness);
  }

  constructor(options: PacedStreamOptions, publisher: RawClient, witness: RawClient) {
    this.#options = options;
    this.#publisher = publisher;
    this.#witness = witness;
    this.#sentAt = new Float64Array(options.messages);
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

  /** The first message goes out alone: when it has come, the bridge runs, and the pace begins. */
  start(): void {
    this.#publishUpTo(1);
  }

  /** Resolves when all have come. */
  async finish(): Promise<Figures> {
    if (this.#seen < this.#options.messages) {
      await new Promise<void>((resolve) => {
        this.#finished = resolve;
      });
    }
    const sorted = Float64Array.from(this.#latencies).sort();
    const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
    return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  }

  close(): void {
    this.#publisher.socket.destroy();
    this.#witness.socket.destroy();
  }

  /** A timer has a resolution of a millisecond: at 5,000 messages a second five go out together. */
  #beginPace(): void {
    const startedAt = performance.now();
    const { perSecond, messages } = this.#options;
    const timer = setInterval(() => {
      this.#publishUpTo(Math.min(messages, 1 + Math.floor(((performance.now() - startedAt) * perSecond) / 1000)));
      if (this.#sent === messages) clearInterval(timer);
    }, 1);
  }

  #publishUpTo(due: number): void {
    const batch: Buffer[] = [];
    const now = performance.now();
    for (; this.#sent < due; this.#sent += 1) {
      this.#sentAt[this.#sent] = now;
      const payload = Buffer.from(String(this.#sent).padEnd(PAYLOAD_BYTES, '.'));
      batch.push(publishBytes(topicOf(this.#sent), payload, 2, (this.#sent % 60_000) + 1));
    }
    if (batch.length > 0) this.#publisher.socket.write(Buffer.concat(batch));
  }

  #see(buffer: Buffer, start: number): void {
    const payloadAt = start + 2 + buffer.readUInt16BE(start) + 1;
    const index = Number.parseInt(buffer.toString('latin1', payloadAt, payloadAt + 12), 10);
    this.#seen += 1;
    if (this.#seen === 1) this.#beginPace();
    if (index >= this.#options.warmUp) this.#latencies.push(performance.now() - (this.#sentAt[index] ?? 0));
    if (this.#seen === this.#options.messages) this.#finished();
  }
}
