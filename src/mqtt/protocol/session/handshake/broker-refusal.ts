import { type ErrorCode, MillraceError } from '../../../../errors/index.js';
import type { ConnackPacket, DisconnectPacket } from '../../packet.js';
import type { ProtocolVersion } from '../../protocol-version.js';
import { reasonName, returnCodeName } from '../../reason-code.js';

/** What a code means for the next attempt. `retryable`: the same CONNECT may be taken later. */
interface Refusal {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly advice: string;
}

const UNSUPPORTED_VERSION: Refusal = {
  code: 'UNSUPPORTED_PROTOCOL_VERSION',
  retryable: false,
  advice: 'Ask for another version of MQTT, or for none so that all are tried.',
};
const BAD_CREDENTIALS: Refusal = {
  code: 'BAD_CREDENTIALS',
  retryable: false,
  advice: 'Check the user name and the password.',
};
const NOT_AUTHORIZED: Refusal = {
  code: 'NOT_AUTHORIZED',
  retryable: false,
  advice: 'Check the credentials, or let the broker allow this client.',
};
const CLIENT_ID_REJECTED: Refusal = {
  code: 'CLIENT_ID_REJECTED',
  retryable: false,
  advice: 'Choose another client id.',
};
const LATER: Refusal = {
  code: 'CONNECTION_REFUSED_BY_BROKER',
  retryable: true,
  advice: 'The broker may take the connection later.',
};
const REDIRECT_ADVICE =
  'The broker wants its clients elsewhere: change the broker URL, or let it say where by `followServerReference`.';
/** Retryable all the same: where the user does not let us follow, this server may take us later. */
const ELSEWHERE: Refusal = { ...LATER, advice: REDIRECT_ADVICE };
const BAD_METHOD: Refusal = {
  code: 'CONNECTION_REFUSED_BY_BROKER',
  retryable: false,
  advice: 'Check the method of `authentication`: the broker does not speak it, or asks for one where none is given.',
};
const NEVER: Refusal = {
  code: 'CONNECTION_REFUSED_BY_BROKER',
  retryable: false,
  advice: 'Change what the broker refused: see the reason.',
};

/** Of 5.0. What is not here asks for another CONNECT. */
const REASON_CODES: Readonly<Record<number, Refusal>> = {
  // no code of 5.0: so a broker answers that speaks 3.x only [MQTT-3.1.2-2 of 3.1.1]
  1: UNSUPPORTED_VERSION,
  128: LATER,
  131: LATER,
  132: UNSUPPORTED_VERSION,
  133: CLIENT_ID_REJECTED,
  134: BAD_CREDENTIALS,
  135: NOT_AUTHORIZED,
  136: LATER,
  137: LATER,
  140: BAD_METHOD,
  151: LATER,
  156: ELSEWHERE,
  157: ELSEWHERE,
  159: LATER,
};

/** Of 3.x. */
const RETURN_CODES: Readonly<Record<number, Refusal>> = {
  1: UNSUPPORTED_VERSION,
  // no code of 3.x: so a broker answers that speaks 5.0 only
  132: UNSUPPORTED_VERSION,
  2: CLIENT_ID_REJECTED,
  3: LATER,
  4: BAD_CREDENTIALS,
  5: NOT_AUTHORIZED,
};

/**
 * What a CONNACK other than 0 means: UNSUPPORTED_PROTOCOL_VERSION, CLIENT_ID_REJECTED, BAD_CREDENTIALS, NOT_AUTHORIZED or
 * CONNECTION_REFUSED_BY_BROKER.
 */
export function connectionRefused({ reasonCode, properties }: ConnackPacket, version: ProtocolVersion): MillraceError {
  const { code, retryable, advice } = (version === 5 ? REASON_CODES : RETURN_CODES)[reasonCode] ?? NEVER;
  const reason = reasonCode >= 0x80 ? reasonName(reasonCode) : returnCodeName(reasonCode);
  return new MillraceError(
    code,
    `The broker refused the connection: ${reason}${elsewhere(properties?.serverReference)}`,
    {
      reasonCode,
      retryable,
      advice,
      details: detailsOf(properties?.reasonString, properties?.serverReference),
    },
  );
}

const SESSION_TAKEN_OVER = 0x8e;

const TAKEN_ADVICE = 'If it comes again, another client uses this client id: give each client its own.';
const DISCONNECT_ADVICE: Readonly<Record<number, string>> = {
  [SESSION_TAKEN_OVER]: TAKEN_ADVICE,
  156: REDIRECT_ADVICE,
  157: REDIRECT_ADVICE,
};
/** 0x8F, 0x9E, 0xA1, 0xA2: the broker cannot serve what is subscribed, and would say so again on every connection. */
const DEMANDS_CHANGE = new Set([0x8f, 0x9e, 0xa1, 0xa2]);

/**
 * What a DISCONNECT of the server means: DISCONNECTED_BY_BROKER, retryable unless the filters are at fault. One 0x8E proves nothing (R19a).
 */
export const disconnectedByBroker = (packet: DisconnectPacket): MillraceError => disconnected(packet, '');

/** The same where a CONNACK is due. It may not come there [MQTT-3.2.0-1], and says why it comes all the same. */
export const disconnectedBeforeConnack = (packet: DisconnectPacket): MillraceError =>
  disconnected(packet, ' before it answered CONNECT');

function disconnected({ reasonCode, properties }: DisconnectPacket, when: string): MillraceError {
  const advice = DISCONNECT_ADVICE[reasonCode];
  return new MillraceError(
    'DISCONNECTED_BY_BROKER',
    `The broker ended the connection${when}: ${reasonName(reasonCode)}${elsewhere(properties?.serverReference)}`,
    {
      reasonCode,
      details: detailsOf(properties?.reasonString, properties?.serverReference),
      ...(advice === undefined ? {} : { advice }),
      ...(DEMANDS_CHANGE.has(reasonCode) ? { retryable: false } : {}),
    },
  );
}

/** The same below 5.0, where it has no reason. */
export const endedByBroker = (): MillraceError =>
  new MillraceError('CONNECTION_LOST', 'The broker ended the connection by a DISCONNECT');

/** Where the broker wants us, when it says so in plain letters. */
function elsewhere(serverReference: string | undefined): string {
  return /^[\x20-\x7e]{1,255}$/.test(serverReference ?? '') ? `, it names "${serverReference}"` : '';
}

function detailsOf(reasonString: string | undefined, serverReference: string | undefined): Record<string, unknown> {
  return {
    ...(reasonString === undefined ? {} : { reasonString }),
    ...(serverReference === undefined ? {} : { serverReference }),
  };
}
