import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket } from '../../src/mqtt/protocol/codec/encode/encode-packet.js';
import type { Packet, ProtocolVersion } from '../../src/mqtt/protocol/index.js';
import { howMany } from '../support/full-run.js';
import { ack, inbound, outbound, SessionRig } from '../support/rigs/session-rig.js';
import { SeededRandom } from '../support/seeded-random.js';

/** `MILLRACE_SEED=n` plays that case alone. */
const SEED = process.env.MILLRACE_SEED;
const CASES = howMany({ sample: 1000, full: 7500 });
const MAXIMUM_PACKET_SIZE = 2000;

const PHASES = ['idle', 'connecting', 'connected', 'settling', 'during QoS 2', 'disconnected'] as const;

/** A session in some phase of its life. */
function sessionIn(phase: (typeof PHASES)[number], version: ProtocolVersion): SessionRig {
  const rig = new SessionRig({ maximumPacketSize: MAXIMUM_PACKET_SIZE, topicAliasMaximum: 2, receiveMaximum: 5 });
  if (phase === 'idle') return rig;
  rig.dial({ version });
  if (phase === 'connecting') return rig.forget();
  rig.serve({ type: 'connack', sessionPresent: false, reasonCode: 0 });
  rig.session.publish(outbound(0, 2));
  rig.session.publish(outbound(1, 1));
  rig.session.subscribe([{ filter: 'a', qos: 1 }]);
  rig.serve(inbound(1, 2), inbound(2, 1), ack('pubrec', 1));
  if (phase === 'during QoS 2') {
    rig.session.release(0);
    rig.session.accept(0);
    rig.serve(ack('pubrel', 1));
  }
  if (phase === 'settling' && version > 3) {
    rig.cut();
    rig.connect({ version });
  }
  if (phase === 'disconnected') rig.session.disconnect();
  return rig.forget();
}

function somePacket(random: SeededRandom, version: ProtocolVersion): Packet {
  const packetId = 1 + random.below(4);
  const reasonCode = 0;
  return random.pick<Packet>([
    inbound(packetId, 1, { dup: random.chance(0.5) }),
    inbound(packetId, 2, { dup: random.chance(0.5) }),
    inbound(0, 0),
    ack('puback', packetId),
    ack('pubrec', packetId),
    ack('pubrel', packetId),
    ack('pubcomp', packetId),
    { type: 'suback', packetId: 60_001, reasonCodes: [1] },
    { type: 'unsuback', packetId: 60_001, reasonCodes: version === 5 ? [0] : [] },
    { type: 'pingresp' },
    { type: 'connack', sessionPresent: version > 3 && random.chance(0.5), reasonCode },
    { type: 'disconnect', reasonCode },
  ]);
}

/** Packets of a server, some of them with bytes changed, left out or put in. */
function someBytes(random: SeededRandom, version: ProtocolVersion): Uint8Array {
  if (random.chance(0.1)) return Uint8Array.from({ length: random.below(200) }, () => random.below(256));
  const packets = Array.from({ length: 1 + random.below(6) }, () => encodePacket(somePacket(random, version), version));
  const bytes = [...Buffer.concat(packets)];
  while (random.chance(0.4)) bytes.splice(random.below(bytes.length), random.below(2), random.below(256));
  return Uint8Array.from(bytes);
}

function playCase(seed: number): void {
  const random = new SeededRandom(seed);
  const version = random.pick([3, 4, 5] as const);
  const rig = sessionIn(random.pick(PHASES), version);
  let closes = 0;
  let tokens = 0;
  for (let round = 0; round < 6; round += 1) {
    rig.serveBytes(someBytes(random, version));
    rig.now += random.below(2000);
    rig.session.handleTimeout(rig.now);
    for (const event of rig.events()) {
      assert.equal(closes, 0, `${event.type} after close`);
      if (event.type === 'close') closes += 1;
      if (event.type === 'message') tokens = event.token + 1;
    }
    for (let token = 0; token < tokens; token += 1) if (random.chance(0.5)) rig.session.accept(token);
    if (random.chance(0.5)) rig.session.complete(random.below(tokens + 1));
    if (random.chance(0.5)) rig.session.release(random.below(2));
    assert.ok(
      rig.session.takeOutput().every((chunk) => chunk.length < 10_000),
      'output is bounded by input',
    );
  }
  const { inbound: rows } = rig.session.state();
  assert.equal(new Set(rows.map(({ packetId }) => packetId)).size, rows.length);
  rig.cut();
  assert.equal(rig.session.owed, 0);
  rig.connect({ version });
  assert.equal(rig.eventTypes()[0], 'connected', 'whatever came, the next connection begins afresh');
}

test('any bytes in any phase: nothing is thrown, at most one close, and the next connection works', () => {
  const seeds = SEED === undefined ? Array.from({ length: CASES }, (_, seed) => seed) : [Number(SEED)];
  for (const seed of seeds) {
    try {
      playCase(seed);
    } catch (error) {
      assert.fail(`MILLRACE_SEED=${seed}: ${error instanceof Error ? error.stack : error}`);
    }
  }
});

test('a packet above our maximum is refused at its header, and nothing of it is kept (H2)', () => {
  const rig = new SessionRig({ maximumPacketSize: MAXIMUM_PACKET_SIZE }).connect().forget();
  rig.serveBytes(Uint8Array.of(0x30, 0xff, 0xff, 0xff, 0x7f));
  const [event] = rig.events();
  assert.equal(event?.type === 'close' && event.error.code, 'PACKET_TOO_LARGE');
  assert.deepEqual(rig.answers(), ['disconnect 0x95']);
});

test('a server that floods a session whose loss is not settled is cut off', () => {
  const rig = new SessionRig().connect();
  rig.session.publish(outbound(0, 1));
  rig.cut();
  rig.connect().forget();
  const chunk = encodePacket({ ...inbound(0, 0), payload: new Uint8Array(1_000_000) } as Packet, 5);
  for (let count = 0; count < 20; count += 1) rig.serveBytes(chunk);
  assert.deepEqual(rig.eventTypes(), ['close']);
});
