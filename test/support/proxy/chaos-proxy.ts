import { type AddressInfo, createServer, type Server } from 'node:net';
import { onCleanup } from '../cleanup.js';
import { until } from '../until.js';
import type { Frame, FrameType } from './mqtt-frames.js';
import { plainShape, type Shape } from './proxy-channel.js';
import { ArmedFault, type CutKind, type Fault, type PacketMatch, type Side, type Verdict } from './proxy-fault.js';
import { ProxyLink, type ProxyTls } from './proxy-link.js';

/** Where a proxy listens and what is behind it. */
export interface ChaosProxyOptions {
  /** The broker on 127.0.0.1. */
  readonly to: { readonly port: number };
  /** Default: a free one. */
  readonly port?: number;
  /** Ends the client's TLS here, so that packets can be seen and TLS can be cut in the middle. */
  readonly tls?: ProxyTls;
  /** What passes is not MQTT (TLS that is not ended here, say): every read is a `raw` packet. */
  readonly opaque?: boolean;
}

/** A packet that passed, or was to pass. */
export interface SeenFrame extends Frame {
  readonly from: Side;
  /** Number of the connection, from 1. */
  readonly connection: number;
  /** False when a fault swallowed it. */
  readonly forwarded: boolean;
  /** Milliseconds of `performance.now()`. */
  readonly atMs: number;
}

/** A cut aimed at a packet. */
export interface CutOptions {
  readonly when: PacketMatch;
  /** Default `rst`. */
  readonly how?: CutKind;
  /** Default `before`: the packet does not arrive. `after`: it does. A number: this many of its bytes do. */
  readonly at?: 'before' | 'after' | number;
}

/** Starts a proxy that understands MQTT packets, between clients and a broker. */
export async function startChaosProxy(options: ChaosProxyOptions): Promise<ChaosProxy> {
  const proxy = new ChaosProxy(options);
  await proxy.listen(options.port ?? 0);
  return proxy;
}

/** A TCP proxy whose faults hit exactly the packet they are aimed at. Without faults it changes nothing. */
export class ChaosProxy implements AsyncDisposable {
  /** All packets of all connections, in the order they passed. */
  readonly seen: SeenFrame[] = [];
  readonly host = '127.0.0.1';
  readonly #server: Server;
  readonly #tls: ProxyTls | undefined;
  readonly #opaque: boolean;
  readonly #links = new Map<number, ProxyLink>();
  readonly #faults: ArmedFault[] = [];
  readonly #shapes: Record<Side, Shape> = { client: plainShape(), server: plainShape() };
  readonly #forget: () => void;
  #target: number;
  #refusing = false;
  #connections = 0;

  constructor(options: ChaosProxyOptions) {
    this.#target = options.to.port;
    this.#tls = options.tls;
    this.#opaque = options.opaque ?? false;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      if (this.#refusing) socket.resetAndDestroy();
      else this.#link(socket);
    });
    this.#forget = onCleanup(() => this.close());
  }

  /** Called by `startChaosProxy`. */
  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, this.host, resolve);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#tls === undefined ? 'mqtt' : 'mqtts'}://${this.host}:${this.port}`;
  }

  /** Connections so far. */
  get connections(): number {
    return this.#connections;
  }

  /** Connections that are open now. */
  get active(): number {
    return this.#links.size;
  }

  /** Packets that wait to be forwarded: those that a black hole has taken. */
  get held(): number {
    return [...this.#links.values()].reduce((sum, { held }) => sum + held, 0);
  }

  /** How many packets of a type came from a side. */
  count(from: Side, type: FrameType, where: (frame: SeenFrame) => boolean = () => true): number {
    return this.frames(from, type).filter(where).length;
  }

  frames(from: Side, type: FrameType): SeenFrame[] {
    return this.seen.filter((frame) => frame.from === from && frame.type === type);
  }

  /** Resolves when that many packets of a type came from a side. */
  async untilSeen(from: Side, type: FrameType, count = 1): Promise<void> {
    const what = () => `${count} ${type} from the ${from}, saw ${this.count(from, type)}`;
    await until(() => this.count(from, type) >= count, { what });
  }

  /** Resolves when every fault has fired at least once. */
  async fired(): Promise<void> {
    for (const fault of this.#faults) await fault.fired();
  }

  /** Cuts the connection at a packet. */
  cut({ when, how = 'rst', at = 'before' }: CutOptions): Fault {
    const kept = at === 'before' ? 0 : at === 'after' ? Number.POSITIVE_INFINITY : at;
    return this.#arm(when, ({ bytes }) => ({ forward: kept === 0 ? [] : [bytes.subarray(0, kept)], cut: how }));
  }

  /** Cuts every open connection now. */
  cutAll(how: CutKind = 'rst'): void {
    for (const link of this.#links.values()) link.cut(how);
  }

  /** The broker accepts, but its answer is lost and the connection with it (R5a). */
  dropConnack(how: CutKind = 'rst'): Fault {
    return this.cut({ when: { from: 'server', type: 'connack' }, how });
  }

  /** Swallows packets. */
  drop(when: PacketMatch): Fault {
    return this.#arm(when, () => ({ forward: [] }));
  }

  /** Forwards something else instead. */
  replace(when: PacketMatch, by: (frame: Frame) => readonly Uint8Array[]): Fault {
    return this.#arm(when, (frame) => ({ forward: by(frame) }));
  }

  /** Flips bits of one byte of a packet. A negative offset counts from its end. */
  corrupt(options: { readonly packet: PacketMatch; readonly offset: number; readonly xor: number }): Fault {
    return this.replace(options.packet, ({ bytes }) => {
      const copy = Uint8Array.from(bytes);
      const index = options.offset < 0 ? copy.length + options.offset : options.offset;
      copy[index] = (copy[index] ?? 0) ^ options.xor;
      return [copy];
    });
  }

  /** Delivers a packet twice. */
  duplicate(when: PacketMatch): Fault {
    return this.replace(when, ({ bytes }) => [bytes, bytes]);
  }

  /** Writes bytes that nobody sent to every open connection. */
  async inject(to: Side, bytes: Uint8Array): Promise<void> {
    await Promise.all([...this.#links.values()].map((link) => link.inject(to, bytes)));
  }

  /** The given side of every open connection reads the end of the stream; the other half stays open. */
  halfClose(to: Side): void {
    for (const link of this.#links.values()) link.halfClose(to);
  }

  /** Holds back what goes in a direction, on present and future connections, until `heal`. */
  blackhole(direction: 'to-client' | 'to-server' | 'both'): void {
    this.#shape(direction, { blackhole: true });
  }

  /** Each packet arrives this much later, each way. */
  delay(ms: number): void {
    this.#shape('both', { delayMs: ms });
  }

  /** One byte per write, each way. */
  dribble(): void {
    this.#shape('both', { dribble: true });
  }

  /** Packets are gathered to this many bytes, or for `holdMs`, and written at once, each way. */
  coalesce(bytes: number, holdMs = 20): void {
    this.#shape('both', { coalesce: { bytes, holdMs } });
  }

  /** Nothing is read from a side any more, so that its send window closes. */
  stopReading(from: Side): void {
    this.#shape(from === 'client' ? 'to-server' : 'to-client', { stopReading: true });
  }

  /** New connections are reset at once. */
  refuse(refusing = true): void {
    this.#refusing = refusing;
  }

  /** Ends every shape and refusal; armed faults stay. */
  heal(): void {
    this.#refusing = false;
    this.#shape('both', plainShape());
  }

  /** New connections go to another broker. */
  retarget(to: { readonly port: number }): void {
    this.#target = to.port;
  }

  async close(): Promise<void> {
    this.#forget();
    this.cutAll('rst');
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #arm(when: PacketMatch, apply: (frame: Frame) => Verdict): Fault {
    const fault = new ArmedFault(when, apply);
    this.#faults.push(fault);
    return fault;
  }

  #shape(direction: 'to-client' | 'to-server' | 'both', change: Partial<Shape>): void {
    if (direction !== 'to-client') Object.assign(this.#shapes.client, change);
    if (direction !== 'to-server') Object.assign(this.#shapes.server, change);
    for (const link of this.#links.values()) link.changed();
  }

  #link(client: ConstructorParameters<typeof ProxyLink>[0]['client']): void {
    this.#connections += 1;
    const connection = this.#connections;
    const link = new ProxyLink({
      client,
      target: { host: this.host, port: this.#target },
      tls: this.#tls,
      opaque: this.#opaque,
      shapes: this.#shapes,
      judge: (from, frame) => this.#judge(from, frame, connection),
      onClose: () => this.#links.delete(connection),
    });
    this.#links.set(connection, link);
  }

  #judge(from: Side, frame: Frame, connection: number): Verdict {
    let verdict: Verdict = { forward: [frame.bytes] };
    for (const fault of this.#faults) {
      const fired = fault.judge(from, frame);
      if (fired === undefined) continue;
      verdict = fired;
      break;
    }
    this.seen.push({ ...frame, from, connection, forwarded: verdict.forward.length > 0, atMs: performance.now() });
    return verdict;
  }
}
