import type { PacketType } from './packet.js';

/** Which end of a connection sends a packet. */
export type Sender = 'client' | 'server';

type Carrier = Extract<
  PacketType,
  'connack' | 'puback' | 'pubrec' | 'pubrel' | 'pubcomp' | 'suback' | 'unsuback' | 'disconnect' | 'auth'
>;

/** A packet that may carry the code; `:client` or `:server` when only that end may send it so. */
type Allowance = Carrier | `${Carrier}:${Sender}`;

type Row = readonly [code: number, name: string, allowed: readonly Allowance[]];

const PUBLISH_ACKS = ['puback', 'pubrec'] as const;
const RELEASE_ACKS = ['pubrel', 'pubcomp'] as const;

/** The reason codes of MQTT 5.0 (table 2-6 and the tables of each packet). */
const ROWS: readonly Row[] = [
  [0x00, 'Success', ['connack', ...PUBLISH_ACKS, ...RELEASE_ACKS, 'suback', 'unsuback', 'disconnect', 'auth:server']],
  [0x01, 'Granted QoS 1', ['suback']],
  [0x02, 'Granted QoS 2', ['suback']],
  [0x04, 'Disconnect with Will Message', ['disconnect:client']],
  [0x10, 'No matching subscribers', ['puback:server', 'pubrec:server']],
  [0x11, 'No subscription existed', ['unsuback']],
  [0x18, 'Continue authentication', ['auth']],
  [0x19, 'Re-authenticate', ['auth:client']],
  [0x80, 'Unspecified error', ['connack', ...PUBLISH_ACKS, 'suback', 'unsuback', 'disconnect']],
  [0x81, 'Malformed Packet', ['connack', 'disconnect']],
  [0x82, 'Protocol Error', ['connack', 'disconnect']],
  [0x83, 'Implementation specific error', ['connack', ...PUBLISH_ACKS, 'suback', 'unsuback', 'disconnect']],
  [0x84, 'Unsupported Protocol Version', ['connack']],
  [0x85, 'Client Identifier not valid', ['connack']],
  [0x86, 'Bad User Name or Password', ['connack']],
  [0x87, 'Not authorized', ['connack', ...PUBLISH_ACKS, 'suback', 'unsuback', 'disconnect:server']],
  [0x88, 'Server unavailable', ['connack']],
  [0x89, 'Server busy', ['connack', 'disconnect:server']],
  [0x8a, 'Banned', ['connack']],
  [0x8b, 'Server shutting down', ['disconnect:server']],
  [0x8c, 'Bad authentication method', ['connack', 'disconnect:server']],
  [0x8d, 'Keep Alive timeout', ['disconnect:server']],
  [0x8e, 'Session taken over', ['disconnect:server']],
  [0x8f, 'Topic Filter invalid', ['suback', 'unsuback', 'disconnect']],
  [0x90, 'Topic Name invalid', ['connack', ...PUBLISH_ACKS, 'disconnect']],
  [0x91, 'Packet Identifier in use', [...PUBLISH_ACKS, 'suback', 'unsuback']],
  [0x92, 'Packet Identifier not found', [...RELEASE_ACKS]],
  [0x93, 'Receive Maximum exceeded', ['disconnect']],
  [0x94, 'Topic Alias invalid', ['disconnect']],
  [0x95, 'Packet too large', ['connack', 'disconnect']],
  [0x96, 'Message rate too high', ['disconnect']],
  [0x97, 'Quota exceeded', ['connack', ...PUBLISH_ACKS, 'suback', 'disconnect']],
  [0x98, 'Administrative action', ['disconnect']],
  [0x99, 'Payload format invalid', ['connack', ...PUBLISH_ACKS, 'disconnect']],
  [0x9a, 'Retain not supported', ['connack', 'disconnect:server']],
  [0x9b, 'QoS not supported', ['connack', 'disconnect:server']],
  [0x9c, 'Use another server', ['connack', 'disconnect:server']],
  [0x9d, 'Server moved', ['connack', 'disconnect:server']],
  [0x9e, 'Shared Subscriptions not supported', ['suback', 'disconnect:server']],
  [0x9f, 'Connection rate exceeded', ['connack', 'disconnect:server']],
  [0xa0, 'Maximum connect time', ['disconnect:server']],
  [0xa1, 'Subscription Identifiers not supported', ['suback', 'disconnect:server']],
  [0xa2, 'Wildcard Subscriptions not supported', ['suback', 'disconnect:server']],
];

/** The return codes of a CONNACK in 3.1 and 3.1.1; the numbers above 5 are reserved. */
const CONNACK_3_NAMES: readonly string[] = [
  'Connection accepted',
  'Unacceptable protocol version',
  'Identifier rejected',
  'Server unavailable',
  'Bad user name or password',
  'Not authorized',
];

const NAMES = new Map(ROWS.map(([code, name]) => [code, name]));
const BY_CLIENT = 1;
const BY_SERVER = 2;
const BY_EITHER = BY_CLIENT | BY_SERVER;
const ALLOWED = new Map<string, Uint8Array>();
for (const [code, , allowed] of ROWS) {
  for (const allowance of allowed) {
    const [carrier = '', from] = allowance.split(':');
    const codes = ALLOWED.get(carrier) ?? new Uint8Array(256);
    codes[code] = from === undefined ? BY_EITHER : senderBit(from);
    ALLOWED.set(carrier, codes);
  }
}

/** The specification's name of a 5.0 reason code, such as `Not authorized`; `Reason code 0xNN` for one it does not know. */
export function reasonName(code: number): string {
  return NAMES.get(code) ?? `Reason code 0x${code.toString(16).padStart(2, '0')}`;
}

/** The specification's name of a CONNACK return code of 3.1 and 3.1.1; `Return code N` for a reserved one. */
export function returnCodeName(code: number): string {
  return CONNACK_3_NAMES[code] ?? `Return code ${code}`;
}

/**
 * Whether a 5.0 packet of this type may carry the code [MQTT-3.2.2-8, 3.4.2-1, 3.9.3-2, 3.11.3-2, 3.14.2-1, 3.15.2-1].
 * Without a sender, either end's codes are allowed.
 */
export function isReasonCodeAllowed(carrier: Carrier, code: number, from?: Sender): boolean {
  const senders = ALLOWED.get(carrier)?.[code] ?? 0;
  return (senders & (from === undefined ? BY_EITHER : senderBit(from))) !== 0;
}

function senderBit(from: string): number {
  return from === 'client' ? BY_CLIENT : BY_SERVER;
}
