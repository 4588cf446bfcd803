import type { Packet, PublishPacket } from '../../packet.js';
import { encodeAck, encodeAuth, encodeDisconnect } from './encode-ack.js';
import { encodeConnack, encodeConnect } from './encode-connect.js';
import type { EncodeContext } from './encode-context.js';
import { encodeSuback, encodeSubscribe, encodeUnsubscribe } from './encode-subscribe.js';

/** Writes all of a packet but its fixed header. */
export function encodeBody(context: EncodeContext, packet: Exclude<Packet, PublishPacket>): void {
  switch (packet.type) {
    case 'puback':
    case 'pubrec':
    case 'pubrel':
    case 'pubcomp':
      encodeAck(context, packet);
      break;
    case 'connect':
      encodeConnect(context, packet);
      break;
    case 'connack':
      encodeConnack(context, packet);
      break;
    case 'subscribe':
      encodeSubscribe(context, packet);
      break;
    case 'unsubscribe':
      encodeUnsubscribe(context, packet);
      break;
    case 'suback':
    case 'unsuback':
      encodeSuback(context, packet);
      break;
    case 'disconnect':
      encodeDisconnect(context, packet);
      break;
    case 'auth':
      encodeAuth(context, packet);
      break;
    case 'pingreq':
    case 'pingresp':
      break;
  }
}
