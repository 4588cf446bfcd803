import type { Packet, PacketType } from '../../packet.js';
import { decodeAck } from './decode-ack.js';
import { decodeConnack } from './decode-connack.js';
import { decodeConnect } from './decode-connect.js';
import type { DecodeContext } from './decode-context.js';
import { decodeAuth, decodeDisconnect } from './decode-disconnect.js';
import { decodePublish } from './decode-publish.js';
import { decodeSuback, decodeUnsuback } from './decode-suback.js';
import { decodeSubscribe, decodeUnsubscribe } from './decode-subscribe.js';

/** The packet in the reader of the context, whose first byte has been checked. All of its bytes must belong to it. */
export function decodeBody(context: DecodeContext, type: PacketType): Packet {
  const packet = decodeFields(context, type);
  context.reader.finish();
  return packet;
}

function decodeFields(context: DecodeContext, type: PacketType): Packet {
  switch (type) {
    case 'publish':
      return decodePublish(context);
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      return decodeAck(context, type);
    case 'connect':
      return decodeConnect(context);
    case 'connack':
      return decodeConnack(context);
    case 'subscribe':
      return decodeSubscribe(context);
    case 'suback':
      return decodeSuback(context);
    case 'unsubscribe':
      return decodeUnsubscribe(context);
    case 'unsuback':
      return decodeUnsuback(context);
    case 'pingreq':
    case 'pingresp':
      return { type };
    case 'disconnect':
      return decodeDisconnect(context);
    case 'auth':
      return decodeAuth(context);
  }
}
