import { protocolError } from '../../codec/protocol-error.js';
import type { ConnackPacket, ConnectPacket, Packet } from '../../packet.js';
import type { PacketBoundary } from '../present/packet-boundary.js';
import { serverLimits } from '../server-limits.js';
import type { SessionEpoch } from '../session-epoch.js';
import type { ConnectedEvent } from '../session-event.js';
import type { ConnectRequest, SessionOptions } from '../session-options.js';
import { connectionRefused, disconnectedBeforeConnack } from './broker-refusal.js';
import { checkConnack } from './connack-check.js';
import { connectPacket } from './connect-packet.js';
import type { SessionAuthentication } from './session-authentication.js';

/** What a handshake is given of the session. */
export interface HandshakeParts {
  readonly options: SessionOptions;
  readonly authentication: SessionAuthentication;
  /** Takes in what a CONNACK says when that counts, which may be later than it comes. */
  readonly epoch: SessionEpoch;
}

/** What CONNACK leads to. */
export interface Connected {
  /** Its epoch is that of the server's session already. */
  readonly event: ConnectedEvent;
  /** The server's session is not the one whose state we hold. */
  readonly fresh: boolean;
}

/** From CONNECT to the CONNACK that counts: who we are to the server, and what it has to say before anything else. */
export class SessionHandshake {
  readonly #parts: HandshakeParts;
  /** Ours, or from the first CONNACK on the one that the server assigned. */
  #clientId: string;

  constructor(parts: HandshakeParts) {
    this.#parts = parts;
    this.#clientId = parts.options.clientId;
  }

  /** Of a connection that is about to begin. */
  connectPacket(request: ConnectRequest): ConnectPacket {
    return connectPacket(request, this.#clientId, this.#parts.options);
  }

  /**
   * A packet before the server has accepted us. Gives CONNACK when it counts at once; one that ends an authentication counts when the
   * owner believes the server. Throws PROTOCOL_ERROR, what CONNACK refuses, and what a DISCONNECT in its place says (5.0).
   */
  handle(packet: Packet, boundary: PacketBoundary): ConnackPacket | undefined {
    const { options, authentication } = this.#parts;
    if (packet.type === 'auth') {
      authentication.handle(packet, false);
      return undefined;
    }
    const { version } = boundary.request;
    if (packet.type === 'disconnect' && version === 5) throw disconnectedBeforeConnack(packet);
    if (packet.type !== 'connack') throw protocolError(`${packet.type} before CONNACK [MQTT-3.2.0-1]`);
    if (packet.reasonCode !== 0) throw connectionRefused(packet, version);
    // from here on a server is told what is wrong with what it sends, with this very CONNACK, too
    boundary.accepted = true;
    const tolerant = options.tolerance !== undefined;
    checkConnack(packet, boundary.request, { clientId: this.#clientId, tolerant });
    boundary.connack = packet;
    authentication.accepted(packet);
    return authentication.confirming ? undefined : packet;
  }

  /** CONNACK counts: the epoch takes it in, and the boundary its limits. */
  conclude(boundary: PacketBoundary, connack: ConnackPacket): Connected {
    const { request } = boundary;
    const { sessionPresent, properties } = connack;
    const { epoch } = this.#parts;
    const limits = serverLimits(connack, request);
    const fresh = epoch.connected(request, sessionPresent);
    boundary.limits = limits;
    // it names the session, so that later CONNECTs have it
    if (this.#clientId === '') this.#clientId = properties?.assignedClientIdentifier ?? '';
    const { version } = request;
    const clientId = this.#clientId;
    const event = {
      type: 'connected',
      version,
      sessionPresent,
      clientId,
      epoch: epoch.number,
      limits,
      connack,
    } as const;
    return { event, fresh };
  }
}
