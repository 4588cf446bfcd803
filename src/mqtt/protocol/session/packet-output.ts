import { PacketWriter } from '../codec/packet-writer.js';
import type { ConnectPacket, Packet } from '../packet.js';
import type { ProtocolVersion } from '../protocol-version.js';

/** DISCONNECT with a Session Expiry Interval; the longest acknowledgement is shorter. */
const LONGEST_NEEDED = 9;

/** What waits to be written on the present connection. Owns the rule that nothing follows DISCONNECT [MQTT-3.14.4-1]. */
export class PacketOutput {
  #writer = new PacketWriter('client');
  /** Of the present connection, else of the last one. */
  #version: ProtocolVersion = 5;
  #open = false;
  #packets = 0;

  /** Counts the packets written on any connection, so that the keep-alive can tell whether anything was. */
  get packets(): number {
    return this.#packets;
  }

  get version(): ProtocolVersion {
    return this.#version;
  }

  /** Bytes that are not taken yet. */
  get size(): number {
    return this.#writer.size;
  }

  /** A connection begins. Throws what the codec throws for a CONNECT that must not be sent; it stays closed then. */
  open(connect: ConnectPacket): void {
    // kept only when the CONNECT is good, so that it is the first packet of its connection [MQTT-3.1.0-1]
    const writer = new PacketWriter('client');
    writer.write(connect, connect.version);
    this.#writer = writer;
    this.#version = connect.version;
    this.#packets += 1;
    this.#open = true;
  }

  /**
   * The server takes no larger packet from now on [MQTT-3.2.2-15]; one that leaves no room for an acknowledgement, or for what ends a session,
   * is given that much.
   */
  limit(maximumPacketSize: number): void {
    this.#writer.maximumPacketSize = Math.max(maximumPacketSize, LONGEST_NEEDED);
  }

  /** Takes nothing more; what waits may still be taken. */
  seal(): void {
    this.#open = false;
  }

  /** The connection is gone, and with it what was not taken. */
  discard(): void {
    this.#open = false;
    if (this.#writer.size > 0) this.#writer = new PacketWriter('client');
  }

  /** Throws what the codec throws for a packet that must not be sent; nothing is written then. Silent when sealed. */
  write(packet: Packet): void {
    if (!this.#open) return;
    this.#writer.write(packet, this.#version);
    this.#packets += 1;
  }

  take(): readonly Uint8Array[] {
    return this.#writer.take();
  }
}
