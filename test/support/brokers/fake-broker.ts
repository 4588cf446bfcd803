import { createServer, type Server, type Socket } from 'node:net';
import { encodePacket } from '../../../src/mqtt/protocol/codec/encode/encode-packet.js';
import { PacketDecoder } from '../../../src/mqtt/protocol/codec/packet-decoder.js';
import type {
  AckPacket,
  ConnectPacket,
  Packet,
  PacketType,
  SubscribePacket,
} from '../../../src/mqtt/protocol/packet.js';
import { onCleanup } from '../cleanup.js';
import { resetSocket } from '../reset-socket.js';
import { until } from '../until.js';

/** One connection as the broker sees it. */
export interface FakeClient {
  /** 0 for the first connection, the discards not counted. */
  readonly index: number;
  /** The CONNECT, once it has come. */
  readonly connect: ConnectPacket | undefined;
  /** All packets of this connection, in order. */
  readonly packets: readonly Packet[];
  /** True once the connection has ended, by either side. */
  readonly ended: boolean;
  /** True when the client closed it in order. */
  readonly gotFin: boolean;
  /** Bytes that it was sent and that it has not taken. */
  readonly pendingBytes: number;
  send(packet: Packet): void;
  sendBytes(bytes: Uint8Array | string): void;
  /** Stops or goes on reading (a zero window, once the buffers are full). */
  setReading(reading: boolean): void;
  /** Closes in order. */
  fin(): void;
  /** Closes by RST. */
  reset(): void;
}

/** The packet of a type. */
type PacketOf<T extends PacketType> = T extends AckPacket['type'] ? AckPacket : Extract<Packet, { type: T }>;

/** What a test wants instead of the default answer. Called with each packet of that type. */
export type FakeScript = {
  readonly [T in PacketType]?: (client: FakeClient, packet: PacketOf<T>) => void;
} & {
  /** A TCP connection was taken, before any packet. */
  readonly accepted?: (client: FakeClient) => void;
};

/** A broker that does what a test says; by default it accepts, grants and acknowledges everything and keeps nothing. */
export interface FakeBroker extends AsyncDisposable {
  readonly port: number;
  /** `mqtt://127.0.0.1:port` */
  readonly url: string;
  /** Every connection so far, but for the discards. */
  readonly clients: readonly FakeClient[];
  /** The clean connections that were closed at once: how Millrace throws an old session away before it begins its own. */
  readonly discards: readonly FakeClient[];
  /** The script that counts from now on, also for connections that are open. */
  script: FakeScript;
  /** The nth connection (from 0), once it is there. */
  client(index: number): Promise<FakeClient>;
  /** The first packet of this type on the connection, once it is there. */
  packet<T extends PacketType>(client: FakeClient, type: T): Promise<PacketOf<T>>;
  stop(): Promise<void>;
}

/** Starts one on a free port of 127.0.0.1. It ends with the test file at the latest. */
export async function startFakeBroker(script: FakeScript = {}): Promise<FakeBroker> {
  const broker = new ScriptedBroker(script);
  await broker.listen();
  return broker;
}

class ScriptedBroker implements FakeBroker {
  script: FakeScript;
  readonly clients: ScriptedClient[] = [];
  readonly discards: ScriptedClient[] = [];
  readonly #server: Server;
  port = 0;

  constructor(script: FakeScript) {
    this.script = script;
    this.#server = createServer((socket) => this.#take(socket));
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (typeof address === 'object' && address !== null) this.port = address.port;
    onCleanup(() => this.stop());
  }

  client(index: number): Promise<FakeClient> {
    return until(() => this.clients[index], { what: `connection ${index} of the fake broker` });
  }

  async packet<T extends PacketType>(client: FakeClient, type: T): Promise<PacketOf<T>> {
    const isWanted = (packet: Packet): packet is Packet & PacketOf<T> => packet.type === type;
    return until(() => client.packets.find(isWanted), { what: `${type} at the fake broker` });
  }

  async stop(): Promise<void> {
    for (const client of [...this.clients, ...this.discards]) client.reset();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #take(socket: Socket): void {
    const client = new ScriptedClient(socket, this.clients.length, (packet) => this.#handle(client, packet));
    this.clients.push(client);
    this.script.accepted?.(client);
  }

  #handle(client: ScriptedClient, packet: Packet): void {
    const said = client.packets.filter(({ type }) => type !== 'auth');
    if (packet.type === 'disconnect' && said.length === 2 && client.connect?.clean === true) {
      this.discards.push(...this.clients.splice(this.clients.indexOf(client), 1));
    }
    const does: FakeScript = { ...DEFAULTS, ...this.script };
    switch (packet.type) {
      case 'connect':
        does.connect?.(client, packet);
        break;
      case 'subscribe':
        does.subscribe?.(client, packet);
        break;
      case 'unsubscribe':
        does.unsubscribe?.(client, packet);
        break;
      case 'publish':
        does.publish?.(client, packet);
        break;
      case 'puback':
      case 'pubrec':
      case 'pubrel':
      case 'pubcomp':
        does[packet.type]?.(client, packet);
        break;
      case 'pingreq':
        does.pingreq?.(client, packet);
        break;
      case 'disconnect':
        does.disconnect?.(client, packet);
        break;
      case 'auth':
        does.auth?.(client, packet);
        break;
      default:
        break;
    }
  }
}

class ScriptedClient implements FakeClient {
  readonly index: number;
  readonly packets: Packet[] = [];
  connect: ConnectPacket | undefined;
  ended = false;
  gotFin = false;
  readonly #socket: Socket;
  readonly #decoder = new PacketDecoder({ version: 5, maximumPacketSize: 268_435_460, from: 'client' });
  readonly #onPacket: (packet: Packet) => void;

  constructor(socket: Socket, index: number, onPacket: (packet: Packet) => void) {
    this.index = index;
    this.#socket = socket;
    this.#onPacket = onPacket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => this.#read(bytes));
    socket.on('error', () => {});
    socket.on('end', () => {
      this.gotFin = true;
    });
    socket.on('close', () => {
      this.ended = true;
    });
  }

  get pendingBytes(): number {
    return this.#socket.writableLength;
  }

  send(packet: Packet): void {
    this.sendBytes(encodePacket(packet, this.#decoder.version));
  }

  sendBytes(bytes: Uint8Array | string): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  setReading(reading: boolean): void {
    if (reading) this.#socket.resume();
    else this.#socket.pause();
  }

  fin(): void {
    this.#socket.end();
  }

  reset(): void {
    if (!this.ended) resetSocket(this.#socket);
  }

  #read(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
    for (let packet = this.#decoder.next(); packet !== undefined; packet = this.#decoder.next()) {
      if (packet.type === 'connect') this.connect = packet;
      this.packets.push(packet);
      this.#onPacket(packet);
    }
  }
}

/** The default answer to CONNECT. */
export function accept(client: FakeClient): void {
  client.send({ type: 'connack', sessionPresent: false, reasonCode: 0 });
}

/** Accepts and says that the session is there. */
export function acceptResumed(client: FakeClient): void {
  client.send({ type: 'connack', sessionPresent: true, reasonCode: 0 });
}

/** The default answer to SUBSCRIBE: what was asked for. */
export function grant(client: FakeClient, { packetId, subscriptions }: SubscribePacket): void {
  client.send({ type: 'suback', packetId, reasonCodes: subscriptions.map(({ qos }) => qos) });
}

const DEFAULTS: FakeScript = {
  connect: accept,
  subscribe: grant,
  unsubscribe: (client, { packetId, filters }) => {
    const reasonCodes = client.connect?.version === 5 ? filters.map(() => 0) : [];
    client.send({ type: 'unsuback', packetId, reasonCodes });
  },
  publish: (client, { qos, packetId }) => {
    if (qos > 0) client.send({ type: qos === 1 ? 'puback' : 'pubrec', packetId, reasonCode: 0 });
  },
  pubrec: (client, { packetId }) => client.send({ type: 'pubrel', packetId, reasonCode: 0 }),
  pubrel: (client, { packetId }) => client.send({ type: 'pubcomp', packetId, reasonCode: 0 }),
  pingreq: (client) => client.send({ type: 'pingresp' }),
  disconnect: (client) => client.fin(),
};
