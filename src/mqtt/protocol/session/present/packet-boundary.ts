import { PacketDecoder } from '../../codec/packet-decoder.js';
import type { ConnackPacket } from '../../packet.js';
import type { ServerLimits } from '../session-event.js';
import type { ConnectRequest, SessionOptions } from '../session-options.js';

/** Bytes that may wait while the owner is asked something (Z1). A server that sends more before is cut off. */
export const PARKED_BYTES = 16 * 1024 * 1024;
/** Above so many a driver that can stop reading does. */
export const ENOUGH_PARKED_BYTES = 1024 * 1024;

/** Where the bytes of the present connection become packets, and what is known of that connection alone. */
export class PacketBoundary {
  /** What the server may answer depends on it. */
  readonly request: ConnectRequest;
  /** One for each connection, whose stream it is. */
  readonly decoder: PacketDecoder;
  /** Bytes pushed since the decoder was last asked for a packet. */
  parked = 0;
  /** CONNACK 0 came. */
  accepted = false;
  /** The same; what it says counts from the `connected` event on. */
  connack: ConnackPacket | undefined;
  /** From the `connected` event on. */
  limits: ServerLimits | undefined;
  /** Outgoing messages have begun. */
  begun = false;

  constructor(request: ConnectRequest, options: SessionOptions) {
    this.request = request;
    const { maximumPacketSize, maxProperties, tolerance } = options;
    this.decoder = new PacketDecoder({
      version: request.version,
      maximumPacketSize,
      from: 'server',
      ...(maxProperties === undefined ? {} : { maxProperties }),
      ...(tolerance === undefined ? {} : { tolerance }),
    });
  }

  /** What arrived; it is parked until packets are asked for. */
  push(bytes: Uint8Array): void {
    this.parked += bytes.length;
    this.decoder.push(bytes);
  }
}
