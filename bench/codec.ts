import { generate, type Packet as OraclePacket, parser } from 'mqtt-packet';
import { type Packet, PacketDecoder, PacketWriter, type ProtocolVersion } from '../src/mqtt/protocol/index.js';

/*
 * The codec against mqtt-packet, in one process and in turns. Run: npx tsx bench/codec.ts
 * Each row is the best of several rounds of the same stream, in microseconds per packet.
 * Not measured: sockets, sessions, garbage collection over long runs.
 */

const PACKETS = 20_000;
const ROUNDS = 12;
const CHUNK = 65_536;

interface Row {
  readonly name: string;
  readonly version: ProtocolVersion;
  readonly packets: readonly Packet[];
}

const publish = (topic: string, payload: Uint8Array, qos: 0 | 1 | 2, packetId: number): Packet => ({
  type: 'publish',
  topic,
  payload,
  qos,
  retain: false,
  dup: false,
  packetId: qos === 0 ? 0 : packetId,
});

const many = (make: (index: number) => Packet): Packet[] =>
  Array.from({ length: PACKETS }, (_, index) => make(index % 60_000));
const small = new Uint8Array(64).fill(0x61);
const large = new Uint8Array(8192).fill(0x61);

const ROWS: readonly Row[] = [
  {
    name: 'publish qos 0, 64 B, one topic',
    version: 4,
    packets: many(() => publish('plant/line/7/temperature', small, 0, 0)),
  },
  {
    name: 'publish qos 1, 64 B, one topic',
    version: 4,
    packets: many((i) => publish('plant/line/7/temperature', small, 1, i + 1)),
  },
  {
    name: 'publish qos 1, 64 B, one topic, 5.0',
    version: 5,
    packets: many((i) => publish('plant/line/7/temperature', small, 1, i + 1)),
  },
  {
    name: 'publish qos 1, 64 B, 500 topics',
    version: 4,
    packets: many((i) => publish(`plant/line/${i % 500}/temperature`, small, 1, i + 1)),
  },
  {
    name: 'publish qos 1, 64 B, 20000 topics',
    version: 4,
    packets: many((i) => publish(`plant/line/${i}/temperature`, small, 1, i + 1)),
  },
  {
    name: 'publish qos 1, 8 KiB, one topic',
    version: 4,
    packets: many((i) => publish('plant/line/7/temperature', large, 1, i + 1)).slice(0, 2000),
  },
  {
    name: 'publish qos 1, 64 B, 3 properties',
    version: 5,
    packets: many(
      (i) =>
        ({
          ...publish('plant/line/7/temperature', small, 1, i + 1),
          properties: {
            messageExpiryInterval: 60,
            contentType: 'application/json',
            userProperties: [['unit', 'celsius']],
          },
        }) as Packet,
    ),
  },
  { name: 'puback', version: 4, packets: many((i) => ({ type: 'puback', packetId: i + 1, reasonCode: 0 })) },
];

function joined(chunks: readonly Uint8Array[]): Buffer[] {
  const all = Buffer.concat(chunks);
  const pieces: Buffer[] = [];
  for (let at = 0; at < all.length; at += CHUNK) pieces.push(Buffer.from(all.subarray(at, at + CHUNK)));
  return pieces;
}

function encodeOurs(row: Row): Uint8Array[] {
  const writer = new PacketWriter('client');
  const chunks: Uint8Array[] = [];
  for (let index = 0; index < row.packets.length; index += 1) {
    writer.write(row.packets[index] as Packet, row.version);
    if (index % 100 === 99) chunks.push(...writer.take());
  }
  chunks.push(...writer.take());
  return chunks;
}

function encodeOracle(packets: readonly OraclePacket[], version: number): void {
  for (const packet of packets) generate(packet, { protocolVersion: version });
}

function decodeOurs(pieces: readonly Buffer[], version: ProtocolVersion): number {
  const decoder = new PacketDecoder({ version, maximumPacketSize: 1_000_000, from: 'server' });
  let count = 0;
  for (const piece of pieces) {
    decoder.push(piece);
    while (decoder.next() !== undefined) count += 1;
  }
  return count;
}

function decodeOracle(pieces: readonly Buffer[], version: ProtocolVersion): number {
  const oracle = parser({ protocolVersion: version });
  let count = 0;
  oracle.on('packet', () => {
    count += 1;
  });
  for (const piece of pieces) oracle.parse(piece);
  return count;
}

function toOracle(packet: Packet): OraclePacket {
  if (packet.type === 'publish') {
    const { topic, payload, qos, packetId, properties } = packet;
    const user = Object.fromEntries(properties?.userProperties ?? []);
    return {
      cmd: 'publish',
      topic,
      payload: Buffer.from(payload),
      qos,
      retain: false,
      dup: false,
      messageId: packetId,
      ...(properties === undefined ? {} : { properties: { ...properties, userProperties: user } }),
    } as unknown as OraclePacket;
  }
  return { cmd: 'puback', messageId: packet.type === 'puback' ? packet.packetId : 0 } as OraclePacket;
}

/** The best round of each, taken in turns, in microseconds per packet. */
function compare(ours: () => unknown, theirs: () => unknown, packets: number): [number, number] {
  const best: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, run] of [ours, theirs].entries()) {
      const start = process.hrtime.bigint();
      run();
      const micros = Number(process.hrtime.bigint() - start) / 1000 / packets;
      best[index] = Math.min(best[index] as number, micros);
    }
  }
  return best;
}

function print(name: string, [ours, theirs]: [number, number]): void {
  const ratio = (theirs / ours).toFixed(1);
  console.log(
    `${name.padEnd(46)} ${ours.toFixed(3).padStart(8)} ${theirs.toFixed(3).padStart(12)} ${ratio.padStart(6)}x`,
  );
}

console.log(
  `${'µs per packet'.padEnd(46)} ${'millrace'.padStart(8)} ${'mqtt-packet'.padStart(12)} ${'ratio'.padStart(7)}`,
);
for (const row of ROWS) {
  const pieces = joined(encodeOurs(row));
  const oracles = row.packets.map(toOracle);
  const { length } = row.packets;
  if (decodeOurs(pieces, row.version) !== length || decodeOracle(pieces, row.version) !== length)
    throw new Error(row.name);
  print(
    `decode ${row.name}`,
    compare(
      () => decodeOurs(pieces, row.version),
      () => decodeOracle(pieces, row.version),
      length,
    ),
  );
  print(
    `encode ${row.name}`,
    compare(
      () => encodeOurs(row),
      () => encodeOracle(oracles, row.version),
      length,
    ),
  );
}
