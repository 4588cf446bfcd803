import type { Packet } from '../../packet.js';
import type { ProtocolVersion } from '../../protocol-version.js';
import { PacketWriter } from '../packet-writer.js';

/** One packet as bytes of its own. Throws as {@link PacketWriter.write}; for many packets a writer is faster. */
export function encodePacket(packet: Packet, version: ProtocolVersion): Uint8Array {
  const writer = new PacketWriter();
  writer.write(packet, version);
  const bytes = new Uint8Array(writer.size);
  let at = 0;
  for (const chunk of writer.take()) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
