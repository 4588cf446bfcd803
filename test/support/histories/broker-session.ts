import assert from 'node:assert/strict';
import type { AckPacket, Packet, PublishPacket } from '../../../src/mqtt/protocol/packet.js';

/** A message that the broker model keeps for a client. */
export interface StoredMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
}

interface Flow {
  readonly id: number;
  readonly message: StoredMessage;
  stage: 'publish' | 'pubrel';
}

/** How the broker model behaves where the specification leaves a choice. */
export interface BrokerHabits {
  /** Gives out the lowest free packet id, as some do, rather than the next one. */
  readonly lowestId: boolean;
}

/** The session that a broker keeps for one client, by the letter of the specification; a client's breach is an assertion error. */
export class BrokerSession {
  readonly #habits: BrokerHabits;
  readonly #received = new Map<number, PublishPacket>();
  readonly #seen = new Map<number, PublishPacket>();
  readonly #queue: StoredMessage[] = [];
  readonly #flows: Flow[] = [];
  #lastId = 0;
  // Of one connection:
  #write: (packet: Packet) => void = () => {};
  #receiveMaximum = 0;
  #sent = 0;
  #due: { readonly puback: number[]; readonly pubrec: number[] } = { puback: [], pubrec: [] };
  #connected = false;
  subscribed = false;
  /** Filters that the client subscribed to and has not taken back. */
  readonly filters = new Set<string>();

  constructor(habits: BrokerHabits) {
    this.#habits = habits;
  }

  get idle(): boolean {
    return this.#queue.length === 0 && this.#flows.length === 0;
  }

  /** Goes on over a new connection: everything unfinished again, in order [MQTT-4.4.0-1], then what waits. */
  connect(write: (packet: Packet) => void, receiveMaximum: number): void {
    this.#write = write;
    this.#receiveMaximum = receiveMaximum;
    this.#due = { puback: [], pubrec: [] };
    this.#connected = true;
    this.#sent = 0;
    for (const flow of this.#flows) this.#send(flow, true);
    this.#pump();
  }

  disconnect(): void {
    this.#connected = false;
  }

  /** A message for this client. */
  enqueue(message: StoredMessage): void {
    if (message.qos > 0) this.#queue.push(message);
    else if (this.#connected) this.#write({ ...publish(message, 0, false) });
    this.#pump();
  }

  /** A PUBLISH of the client; true when it is a new message. */
  take(packet: PublishPacket): boolean {
    if (packet.qos === 0) return true;
    const { packetId } = packet;
    const before = this.#seen.get(packetId);
    if (packet.dup && before !== undefined) {
      assert.deepEqual([...packet.payload], [...before.payload], 'a re-send is byte-identical (R12)');
      assert.equal(packet.topic, before.topic);
    }
    this.#seen.set(packetId, packet);
    if (packet.qos === 1) {
      this.#write({ type: 'puback', packetId, reasonCode: 0 });
      return true;
    }
    const known = this.#received.has(packetId);
    if (known && !packet.dup) assert.fail(`packet id ${packetId} was used again before its completion (R11)`);
    this.#received.set(packetId, packet);
    this.#write({ type: 'pubrec', packetId, reasonCode: 0 });
    return !known;
  }

  /** PUBREL of the client. */
  release({ packetId }: AckPacket): void {
    this.#received.delete(packetId);
    this.#write({ type: 'pubcomp', packetId, reasonCode: 0 });
  }

  /** PUBACK, PUBREC or PUBCOMP of the client; gives the message that it acknowledges. */
  acknowledge({ type, packetId }: AckPacket): StoredMessage | undefined {
    const index = this.#flows.findIndex(({ id }) => id === packetId);
    const flow = this.#flows[index];
    if (type === 'puback' || type === 'pubrec') {
      assert.equal(
        this.#due[type].shift(),
        packetId,
        `${type} in order of receipt, on the same connection (R14, R14a)`,
      );
    }
    assert.ok(flow !== undefined, `${type} for a packet id that is not in use`);
    if (type === 'pubrec') {
      flow.stage = 'pubrel';
      this.#write({ type: 'pubrel', packetId, reasonCode: 0 });
    } else {
      assert.equal(flow.message.qos, type === 'puback' ? 1 : 2);
      this.#flows.splice(index, 1);
      this.#sent -= 1;
      this.#pump();
    }
    return flow.message;
  }

  #pump(): void {
    while (this.#connected && this.#sent < this.#receiveMaximum) {
      const message = this.#queue.shift();
      if (message === undefined) return;
      const flow: Flow = { id: this.#nextId(), message, stage: 'publish' };
      this.#flows.push(flow);
      this.#send(flow, false);
    }
  }

  #send({ id, message, stage }: Flow, again: boolean): void {
    this.#sent += 1;
    if (stage === 'pubrel') {
      this.#write({ type: 'pubrel', packetId: id, reasonCode: 0 });
      return;
    }
    this.#due[message.qos === 1 ? 'puback' : 'pubrec'].push(id);
    this.#write(publish(message, id, again));
  }

  #nextId(): number {
    const taken = new Set(this.#flows.map(({ id }) => id));
    let id = this.#habits.lowestId ? 1 : (this.#lastId % 65_535) + 1;
    while (taken.has(id)) id = (id % 65_535) + 1;
    this.#lastId = id;
    return id;
  }
}

function publish({ topic, payload, qos }: StoredMessage, packetId: number, dup: boolean): PublishPacket {
  return { type: 'publish', topic, payload, qos, retain: false, dup, packetId };
}
