import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { type Frame, MqttFramer, rawFrame } from './mqtt-frames.js';
import type { CutKind, Side, Verdict } from './proxy-fault.js';

/** How bytes of one direction travel. Shared by all connections of a proxy and changed while they run. */
export interface Shape {
  /** Nothing is forwarded; it is held until the hole is closed. */
  blackhole: boolean;
  /** Each packet arrives this much later. */
  delayMs: number;
  /** One byte per write. */
  dribble: boolean;
  /** Packets are gathered to this many bytes, or for `holdMs`, and written at once. */
  coalesce: { readonly bytes: number; readonly holdMs: number } | undefined;
  /** Nothing is read from the sender, so that its window closes. */
  stopReading: boolean;
}

/** No fault. */
export function plainShape(): Shape {
  return { blackhole: false, delayMs: 0, dribble: false, coalesce: undefined, stopReading: false };
}

/** What a channel needs of its proxy. */
export interface ChannelOwner {
  /** The bytes are not MQTT. */
  readonly opaque: boolean;
  judge(frame: Frame): Verdict;
  cut(kind: CutKind): void;
}

const HIGH_WATER = 256 * 1024;

/** One direction of one proxied connection: reads packets, shapes them, writes them. */
export class ProxyChannel {
  readonly from: Side;
  readonly #source: Socket;
  readonly #sink: Socket;
  readonly #shape: Shape;
  readonly #owner: ChannelOwner;
  readonly #framer: MqttFramer;
  readonly #queue: { readonly frame: Frame; readonly at: number }[] = [];
  #queuedBytes = 0;
  #ended = false;
  #stopped = false;
  #gathered: Uint8Array[] = [];
  #wake = () => {};

  constructor(from: Side, source: Socket, sink: Socket, shape: Shape, owner: ChannelOwner) {
    this.from = from;
    this.#source = source;
    this.#sink = sink;
    this.#shape = shape;
    this.#owner = owner;
    this.#framer = new MqttFramer(owner.opaque);
    source.on('data', (chunk) => this.#take(typeof chunk === 'string' ? Buffer.from(chunk) : chunk));
    source.on('end', () => this.#finish());
    this.changed();
    void this.#run();
  }

  /** Packets that wait to be forwarded. */
  get held(): number {
    return this.#queue.length;
  }

  /** The shape is another one. */
  changed(): void {
    if (this.#shape.stopReading || this.#queuedBytes > HIGH_WATER) this.#source.pause();
    else this.#source.resume();
    this.#wake();
  }

  /** Nothing more is forwarded. */
  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  /** Closes the receiving half at the receiver; what comes later is swallowed. */
  halfClose(): void {
    this.stop();
    this.#sink.end();
  }

  /** Writes bytes that the sender never sent. */
  inject(bytes: Uint8Array): Promise<void> {
    return this.#writeNow(bytes);
  }

  #take(chunk: Uint8Array): void {
    for (const frame of this.#framer.push(chunk)) this.#enqueue(frame);
    this.changed();
  }

  #enqueue(frame: Frame): void {
    this.#queue.push({ frame, at: performance.now() });
    this.#queuedBytes += frame.bytes.length;
  }

  #finish(): void {
    const rest = this.#framer.takeRest();
    if (rest.length > 0) this.#enqueue(rawFrame(rest));
    this.#ended = true;
    this.#wake();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const next = this.#shape.blackhole ? undefined : this.#queue.shift();
      if (next !== undefined) {
        this.#queuedBytes -= next.frame.bytes.length;
        await this.#pass(next.frame, next.at);
        this.changed();
      } else if (this.#ended && !this.#shape.blackhole) {
        await this.#writeGathered();
        this.#sink.end();
        return;
      } else {
        await this.#idle();
      }
    }
  }

  async #pass(frame: Frame, at: number): Promise<void> {
    const wait = this.#shape.delayMs - (performance.now() - at);
    if (wait > 0) await sleep(wait);
    if (this.#stopped) return;
    const verdict = this.#owner.judge(frame);
    for (const bytes of verdict.forward) await this.#write(bytes);
    if (verdict.cut === undefined) return;
    await this.#writeGathered();
    this.#owner.cut(verdict.cut);
  }

  /** Waits for a packet, the end or another shape; gathered packets are let out when they were held long enough. */
  async #idle(): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (this.#gathered.length === 0) return woken;
    const held = await Promise.race([woken, sleep(this.#shape.coalesce?.holdMs ?? 0, 'held')]);
    if (held === 'held') await this.#writeGathered();
  }

  async #write(bytes: Uint8Array): Promise<void> {
    const { coalesce } = this.#shape;
    if (coalesce === undefined) {
      await this.#writeGathered();
      return this.#shape.dribble ? this.#dribble(bytes) : this.#writeNow(bytes);
    }
    this.#gathered.push(bytes);
    const size = this.#gathered.reduce((sum, part) => sum + part.length, 0);
    if (size >= coalesce.bytes) await this.#writeGathered();
  }

  async #writeGathered(): Promise<void> {
    const bytes = Buffer.concat(this.#gathered);
    this.#gathered = [];
    if (bytes.length > 0) await this.#writeNow(bytes);
  }

  async #dribble(bytes: Uint8Array): Promise<void> {
    for (let index = 0; index < bytes.length && !this.#stopped; index += 1) {
      await this.#writeNow(bytes.subarray(index, index + 1));
      await nextTurn();
    }
  }

  async #writeNow(bytes: Uint8Array): Promise<void> {
    if (this.#stopped || this.#sink.destroyed || !this.#sink.writable || bytes.length === 0) return;
    // The callback also comes, with an error, when the socket is destroyed.
    await new Promise<void>((resolve) => this.#sink.write(bytes, () => resolve()));
  }
}
