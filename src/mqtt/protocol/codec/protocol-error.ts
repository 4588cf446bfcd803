import { MillraceError } from '../../../errors/index.js';

/** Bytes that cannot be parsed by the specification (0x81). */
export function malformed(message: string): MillraceError {
  return new MillraceError('MALFORMED_PACKET', `Malformed packet: ${message}`, { reasonCode: 0x81 });
}

/** A packet that parses but that the specification forbids (0x82, or a code that says more). */
export function protocolError(message: string, reasonCode = 0x82): MillraceError {
  return new MillraceError('PROTOCOL_ERROR', `Protocol error: ${message}`, { reasonCode });
}

/** A packet that is larger than the receiver allows (0x95). */
export function packetTooLarge(size: number, maximum: number): MillraceError {
  return new MillraceError('PACKET_TOO_LARGE', `A packet of ${size} bytes is above the maximum of ${maximum}`, {
    reasonCode: 0x95,
    details: { size, maximum },
    advice: 'Raise properties.maximumPacketSize, or let the publisher send smaller messages.',
  });
}

/** A packet with more properties than the receiver takes: an implementation's limit (0x83). */
export function tooManyProperties(carrier: string, maximum: number): MillraceError {
  return new MillraceError('PACKET_TOO_LARGE', `${carrier} has more than ${maximum} properties`, {
    reasonCode: 0x83,
    details: { maximum },
    advice: 'Raise maxProperties, or let the publisher send fewer properties.',
  });
}

/** A packet that the caller may not send. */
export function invalidMessage(message: string): MillraceError {
  return new MillraceError('INVALID_MESSAGE', message);
}

/** A command that is not allowed now. */
export function invalidState(message: string): MillraceError {
  return new MillraceError('INVALID_STATE', message);
}

/** A packet of the caller that is larger than the peer, or the protocol, allows. */
export function messageTooLarge(size: number, maximum: number): MillraceError {
  return new MillraceError('MESSAGE_TOO_LARGE', `A packet of ${size} bytes is above the peer's maximum of ${maximum}`, {
    details: { size, maximum },
    advice: 'Send smaller messages, or raise the maximum packet size of the broker.',
  });
}
