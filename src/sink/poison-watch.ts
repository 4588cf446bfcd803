import { MillraceError } from '../errors/millrace-error.js';
import type { ProtocolVersion } from '../protocol/protocol-version.js';
import type { Row } from './row.js';

/** A message that is to be given up. */
export interface Poison {
  readonly row: Row;
  readonly error: MillraceError;
}

/** Packet too large. */
const TOO_LARGE = 0x95;

/** Ends of a connection in a row, without any acknowledgement between them, that make a message poison … */
const KILLS = 5;
/** … and when nothing speaks against it but that: a bad network must not be taken for a bad message. */
const KILLS_WITHOUT_EVIDENCE = 20;

/** 5.0 DISCONNECT codes that blame a packet: malformed, protocol error, packet too large, payload format invalid. */
const BLAMING: readonly number[] = [0x81, 0x82, TOO_LARGE, 0x99];

/**
 * Finds the message that makes the broker close every connection on which it is sent. On 3.x that is all a broker can say
 * of an oversized message; without this the sink would reconnect for ever (`guarantees.md`: "poison rule").
 *
 * P1. Of a size it is the largest message in flight that is suspected, not the oldest: a broker that closes with bytes unread
 *     resets, and the reset takes the acknowledgements of the messages before the large one with it.
 * P2. On 3.x a cut of the network looks the same. So few ends are enough only against a message larger than any that the
 *     broker has taken.
 */
export class PoisonWatch {
  #suspect = -1;
  #kills = 0;
  #largestTaken = 0;

  /** The broker acknowledged something: this row, if it is known and was taken. */
  handleProgress(taken?: Row): void {
    this.#kills = 0;
    if (taken !== undefined) this.#largestTaken = Math.max(this.#largestTaken, taken.bytes);
  }

  /** The connection ended with these in flight, oldest first. Gives the one to give up, and why. */
  handleDisconnected(inflight: Iterable<Row>, version: ProtocolVersion, error: MillraceError): Poison | undefined {
    const blame = blameOf(version, error);
    const suspect = blame === undefined ? undefined : pick(inflight, blame);
    if (blame === undefined || suspect === undefined) return undefined;
    this.#kills = suspect.seq === this.#suspect ? this.#kills + 1 : 1;
    this.#suspect = suspect.seq;
    if (this.#kills < this.#killsNeeded(suspect, error)) return undefined;
    const poison = { row: suspect, error: poisonError(suspect, this.#kills, error) };
    this.#kills = 0;
    return poison;
  }

  #killsNeeded(suspect: Row, error: MillraceError): number {
    const evidence = isBlaming(error) || (this.#largestTaken > 0 && suspect.bytes > this.#largestTaken);
    return evidence ? KILLS : KILLS_WITHOUT_EVIDENCE;
  }
}

const isBlaming = (error: MillraceError): boolean =>
  error.reasonCode !== undefined && BLAMING.includes(error.reasonCode);

/** Which message in flight this end of a connection speaks against. */
const blameOf = (version: ProtocolVersion, error: MillraceError): 'oldest' | 'largest' | undefined => {
  if (isBlaming(error)) return error.reasonCode === TOO_LARGE ? 'largest' : 'oldest';
  const closed = error.code === 'CONNECTION_LOST' || error.code === 'DISCONNECTED_BY_BROKER';
  return version < 5 && closed ? 'largest' : undefined;
};

const pick = (inflight: Iterable<Row>, blame: 'oldest' | 'largest'): Row | undefined => {
  let picked: Row | undefined;
  for (const row of inflight) {
    if (picked === undefined) picked = row;
    else if (blame === 'largest' && row.bytes > picked.bytes) picked = row;
  }
  return picked;
};

const poisonError = (row: Row, kills: number, cause: MillraceError): MillraceError =>
  new MillraceError(
    'PUBLISH_REFUSED',
    `the broker closed ${kills} connections in a row at a message of ${row.payload.length} bytes to topic "${row.topic}"`,
    {
      cause,
      retryable: false,
      advice:
        'The broker most likely takes no message of this size: raise its limit, make the message smaller, or connect with MQTT 5.0, where brokers say what they refuse.',
      details: { topic: row.topic, payloadBytes: row.payload.length },
    },
  );
