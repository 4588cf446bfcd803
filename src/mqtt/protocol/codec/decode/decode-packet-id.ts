import { protocolError } from '../protocol-error.js';
import type { ByteReader } from './byte-reader.js';

/** A packet id, which is never 0 [MQTT-2.3.1-1; 5: MQTT-2.2.1-3]. */
export function readPacketId(reader: ByteReader): number {
  const id = reader.u16();
  if (id === 0) throw protocolError('the packet id is 0 [MQTT-2.3.1-1, 5: MQTT-2.2.1-3]');
  return id;
}
