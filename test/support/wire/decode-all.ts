import { MillraceError } from '../../../src/errors/index.js';
import { type Packet, PacketDecoder, type PacketDecoderOptions } from '../../../src/mqtt/protocol/index.js';

/** What a stream of bytes decodes to: packets, and the error that ended it. */
export interface Decoded {
  readonly packets: readonly Packet[];
  readonly error: MillraceError | undefined;
}

/** Decodes chunks, draining after each; any exception that is no MillraceError is thrown on. */
export function decodeAll(chunks: Iterable<Uint8Array>, options: Partial<PacketDecoderOptions> = {}): Decoded {
  const decoder = new PacketDecoder({ version: 5, from: 'server', maximumPacketSize: 1_000_000, ...options });
  const packets: Packet[] = [];
  try {
    for (const chunk of chunks) {
      decoder.push(chunk);
      for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) packets.push(packet);
    }
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error;
    return { packets, error };
  }
  return { packets, error: undefined };
}

/** The bytes one by one, each in memory of its own. */
export function dribble(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** Cuts bytes at the given places, in copies. */
export function splitAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, index) => bytes.slice(places[index], end));
}
