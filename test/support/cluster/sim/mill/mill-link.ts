import { PacketDecoder } from '../../../../../src/mqtt/protocol/codec/packet-decoder.js';
import { PacketWriter } from '../../../../../src/mqtt/protocol/codec/packet-writer.js';
import type { Packet } from '../../../../../src/mqtt/protocol/packet.js';
import type { SimSocket } from '../../../sim/sim-socket.js';

/** What a link is made of. */
export interface MillLinkParts {
  readonly connect: () => SimSocket;
  readonly clientId: string;
  /** C3: resolves when the log has said that its partition is still ours. */
  readonly prove: () => Promise<void>;
  /** What was sent on earlier connections has to be sent again. */
  readonly opened: () => void;
  readonly received: (packet: Packet) => void;
  readonly failed: (error: unknown) => void;
  readonly someMs: () => number;
}

const CONNACK_MS = 300;
const RECEIVE_MAXIMUM = 100;

/** One client at one broker, over connections, by the rules of C3: a write of ours before each CONNECT, and one behind each CONNACK. */
export class MillLink {
  readonly #parts: MillLinkParts;
  #socket: SimSocket | undefined;
  #writer = new PacketWriter('client');
  /** What came before the proof; undefined behind it. */
  #early: Packet[] | undefined = [];
  #closed = false;

  constructor(parts: MillLinkParts) {
    this.#parts = parts;
    void this.#attempt();
  }

  /** The present connection; undefined while nothing may be said. */
  get connection(): object | undefined {
    return this.#early === undefined ? this.#socket : undefined;
  }

  /** Sends it on that connection, if it is the present one still. */
  send(packet: Packet, connection = this.connection): void {
    if (connection === undefined || connection !== this.connection) return;
    this.#write(packet);
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #attempt(): Promise<void> {
    try {
      await this.#parts.prove();
    } catch (error) {
      this.#parts.failed(error);
      return;
    }
    if (!this.#closed) this.#open(this.#parts.connect());
  }

  #open(socket: SimSocket): void {
    const decoder = new PacketDecoder({ version: 5, maximumPacketSize: 1_000_000, from: 'server' });
    this.#socket = socket;
    this.#early = [];
    this.#writer = new PacketWriter('client');
    socket.on('connect', () => this.#connect());
    socket.on('data', (bytes: Uint8Array) => {
      decoder.push(bytes);
      for (let packet = decoder.next(); packet !== undefined && this.#socket === socket; packet = decoder.next())
        this.#receive(packet, socket);
    });
    socket.on('error', () => {});
    socket.on('close', () => this.#again(socket));
    setTimeout(() => {
      if (this.#socket === socket && this.#early?.length === 0) socket.destroy();
    }, CONNACK_MS);
  }

  #connect(): void {
    const { clientId } = this.#parts;
    const properties = { receiveMaximum: RECEIVE_MAXIMUM, sessionExpiryInterval: 3600 };
    this.#write({ type: 'connect', version: 5, clientId, clean: false, keepAlive: 0, properties });
  }

  #receive(packet: Packet, socket: SimSocket): void {
    if (this.#early === undefined) this.#parts.received(packet);
    else {
      this.#early.push(packet);
      if (packet.type === 'connack') void this.#prove(socket);
    }
  }

  async #prove(socket: SimSocket): Promise<void> {
    try {
      await this.#parts.prove();
    } catch (error) {
      this.#parts.failed(error);
      return;
    }
    if (this.#socket !== socket) return;
    const early = this.#early ?? [];
    this.#early = undefined;
    this.#parts.opened();
    for (const packet of early) if (packet.type !== 'connack') this.#parts.received(packet);
  }

  #again(socket: SimSocket): void {
    if (this.#socket !== socket || this.#closed) return;
    this.#socket = undefined;
    this.#early = [];
    setTimeout(() => void (this.#closed || this.#attempt()), this.#parts.someMs());
  }

  #write(packet: Packet): void {
    this.#writer.write(packet, 5);
    for (const chunk of this.#writer.take()) this.#socket?.write(chunk);
  }
}
