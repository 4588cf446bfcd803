import { MillraceError } from '../errors/millrace-error.js';
import type { ProtocolVersion } from '../protocol/protocol-version.js';
import type { Row } from './row.js';

/** Closes by the broker without any acknowledgement between them, with the same message at the head, that make it poison. */
const KILLS = 5;

/** 5.0 DISCONNECT codes that blame a packet: malformed, protocol error, packet too large, payload format invalid. */
const BLAMING: readonly number[] = [0x81, 0x82, 0x95, 0x99];

/**
 * Finds the message that makes the broker close every connection on which it is sent. On 3.x that is all a broker can say
 * of an oversized message; without this the sink would reconnect for ever (`guarantees.md`: "poison rule").
 */
export class PoisonWatch {
  #suspect = -1;
  #kills = 0;

  /** The broker acknowledged something. */
  handleProgress(): void {
    this.#kills = 0;
  }

  /** The connection ended with `head` as the oldest message in flight. Gives the error when that message is to be given up. */
  handleDisconnected(head: Row, version: ProtocolVersion, error: MillraceError): MillraceError | undefined {
    if (!blamesPacket(version, error)) return undefined;
    this.#kills = head.seq === this.#suspect ? this.#kills + 1 : 1;
    this.#suspect = head.seq;
    if (this.#kills < KILLS) return undefined;
    this.#kills = 0;
    return poisonError(head, error);
  }
}

const blamesPacket = (version: ProtocolVersion, error: MillraceError): boolean => {
  if (error.reasonCode !== undefined && BLAMING.includes(error.reasonCode)) return true;
  return version < 5 && (error.code === 'CONNECTION_LOST' || error.code === 'DISCONNECTED_BY_BROKER');
};

const poisonError = (row: Row, cause: MillraceError): MillraceError =>
  new MillraceError(
    'PUBLISH_REFUSED',
    `the broker closed ${KILLS} connections in a row at a message of ${row.payload.length} bytes to topic "${row.topic}"`,
    {
      cause,
      retryable: false,
      advice:
        'The broker most likely takes no message of this size: raise its limit, make the message smaller, or connect with MQTT 5.0, where brokers say what they refuse.',
      details: { topic: row.topic, payloadBytes: row.payload.length },
    },
  );
