import type { AckPacket, Packet, PublishPacket } from '../../../src/mqtt/protocol/packet.js';
import { matchesFilter } from '../../../src/mqtt/protocol/topic.js';
import type { SimBrokerHabits } from './sim-broker-habits.js';

/** A message in a broker. */
export interface SimMessage {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1 | 2;
  /** The topic that a dead letter names in its user properties. */
  readonly about?: string;
}

interface Flow {
  readonly id: number;
  readonly message: SimMessage;
  /** It was first sent when the client had shown that it knows the first fence: from then on a copy can be told (R2b). */
  readonly fenced: boolean;
  /** `unwritten`: PUBREL is to be sent again on the present connection. */
  stage: 'publish' | 'pubrel' | 'unwritten';
}

/** What a broker has written to its disk. */
interface SavedSession {
  readonly queue: readonly SimMessage[];
  readonly flows: readonly Flow[];
  readonly receipts: ReadonlyMap<number, Receipt>;
  readonly lastId: number;
}

interface Receipt {
  readonly message: SimMessage;
  /** When it came. */
  readonly at: number;
}

/** What a session asks of its broker. */
export interface SimBrokerContext {
  readonly habits: SimBrokerHabits;
  readonly now: () => number;
  /** Passes on a message of the client. */
  readonly route: (message: SimMessage) => void;
  /** PUBREC code of at least 0x80 for a message that is refused. */
  readonly refusal: (message: SimMessage) => number | undefined;
  /** The client has broken the protocol. */
  readonly complain: (text: string) => void;
  /** PUBACK or PUBREC came: the message is the client's now. */
  readonly handedOver: (clientId: string, message: SimMessage) => void;
  /** It will be sent by PUBLISH again although the client has acknowledged it: the broker has forgotten that. */
  readonly repeated: (clientId: string, message: SimMessage) => void;
  /** As `repeated`, but the client can tell it (R2b). */
  readonly again: (message: SimMessage) => void;
  /** These were still the broker's, and it has them no more. */
  readonly brokerLost: (clientId: string, messages: readonly SimMessage[]) => void;
}

const PACKET_IDS = 65_535;

/** What a broker keeps for one client, over connections. */
export class SimBrokerSession {
  readonly clientId: string;
  readonly #context: SimBrokerContext;
  readonly subscriptions = new Map<string, 0 | 1 | 2>();
  #queue: SimMessage[] = [];
  #flows: Flow[] = [];
  #receipts = new Map<number, Receipt>();
  #lastId = 0;
  /** PUBCOMPs of the client. It writes the second only behind the fence of the first (R2b). */
  #completed = 0;
  #saved: SavedSession | undefined;
  // Of one connection:
  #write: ((packet: Packet) => void) | undefined;
  #window = 0;
  #sent = 0;
  #due: { puback: number[]; pubrec: number[] } = { puback: [], pubrec: [] };

  constructor(clientId: string, context: SimBrokerContext) {
    this.clientId = clientId;
    this.#context = context;
  }

  /** Nothing waits for the client, and nothing of it for a PUBREL. */
  get idle(): boolean {
    return this.#queue.length === 0 && this.#flows.length === 0 && this.#receipts.size === 0;
  }

  /** Messages that the client has not acknowledged. */
  get unacknowledged(): readonly SimMessage[] {
    return [...this.#flows.filter(({ stage }) => stage === 'publish').map(({ message }) => message), ...this.#queue];
  }

  /**
   * A connection: everything unfinished again, in order [MQTT-4.4.0-1], then what waits. `open`: the client is still there; else nothing
   * can be written.
   */
  connect(write: (packet: Packet) => void, receiveMaximum: number | undefined, open = true): void {
    for (const flow of this.#flows) this.#reset(flow);
    if (!open) return;
    this.#write = write;
    this.#window = receiveMaximum ?? this.#context.habits.window;
    this.#sent = 0;
    this.#due = { puback: [], pubrec: [] };
    for (const flow of this.#flows) this.#send(flow, true);
    this.#pump();
  }

  disconnect(): void {
    this.#write = undefined;
  }

  /** As mosquitto 2.0.11 does at each CONNECT of a session: what it was to send PUBREL for again already, it takes for unsent. */
  #reset(flow: Flow): void {
    if (flow.stage === 'publish') return;
    const repeats = flow.stage === 'unwritten' && this.#context.habits.repeatsUnwritten;
    flow.stage = repeats ? 'publish' : 'unwritten';
    if (!repeats) return;
    if (flow.fenced) this.#context.again(flow.message);
    else this.#context.repeated(this.clientId, flow.message);
  }

  /** The broker was killed: see `SimBrokerHabits.keeps`. */
  forgetReceipts(): void {
    this.#receipts.clear();
  }

  /** The broker starts again: see `SimBrokerHabits.pubrecsKept`. */
  forgetPubrecs(): void {
    for (const flow of this.#flows.slice(this.#context.habits.pubrecsKept)) {
      if (flow.stage !== 'publish') this.#repeat(flow);
    }
  }

  /** What is to be there after a kill. */
  save(): void {
    this.#saved = {
      queue: [...this.#queue],
      flows: this.#flows.map((flow) => ({ ...flow })),
      receipts: new Map(this.#receipts),
      lastId: this.#lastId,
    };
  }

  /** Goes back to what was saved; false when nothing was. */
  restore(): boolean {
    const saved = this.#saved;
    if (saved === undefined) return false;
    const owed = new Set(this.unacknowledged);
    const queued = new Set(this.#queue);
    this.#queue = [...saved.queue];
    this.#flows = saved.flows.map((flow) => ({ ...flow }));
    this.#receipts = new Map(saved.receipts);
    this.#lastId = saved.lastId;
    const { clientId } = this;
    for (const message of this.unacknowledged) {
      // what goes back to the queue gets another id, so that the client does not know it again
      const known = this.#queue.includes(message) ? queued.has(message) : owed.has(message);
      if (!known) this.#context.repeated(clientId, message);
      owed.delete(message);
    }
    this.#context.brokerLost(clientId, [...owed]);
    return true;
  }

  /** Before the first fence nobody can tell that by R2b, so the oracle is told. */
  #repeat(flow: Flow): void {
    flow.stage = 'publish';
    this.#context.repeated(this.clientId, flow.message);
  }

  /** The QoS at which the client wants a topic. */
  wants(topic: string): 0 | 1 | 2 | undefined {
    let wanted: 0 | 1 | 2 | undefined;
    for (const [filter, qos] of this.subscriptions) {
      if (matchesFilter(filter, topic) && (wanted === undefined || qos > wanted)) wanted = qos;
    }
    return wanted;
  }

  enqueue(message: SimMessage): void {
    if (message.qos > 0) this.#queue.push(message);
    else this.#write?.(publishOf(message, 0, false));
    this.#pump();
  }

  /** A PUBLISH of the client at QoS 1 or 2. */
  take(packet: PublishPacket): void {
    const { packetId, dup, qos } = packet;
    const message = messageOf(packet);
    const refusal = this.#context.refusal(message);
    if (refusal !== undefined) this.#answer({ type: qos === 1 ? 'puback' : 'pubrec', packetId, reasonCode: refusal });
    else if (qos === 1) {
      this.#context.route(message);
      this.#answer({ type: 'puback', packetId, reasonCode: 0 });
    } else this.#receive(message, packetId, dup);
  }

  /** A PUBREL of the client. */
  release({ packetId }: AckPacket): void {
    const { habits, route } = this.#context;
    const receipt = this.#receipt(packetId);
    this.#receipts.delete(packetId);
    if (receipt !== undefined && habits.deliversAt === 'pubrel') route(receipt.message);
    const reasonCode = receipt === undefined ? habits.unknownReleaseAnswer : 0;
    this.#answer({ type: 'pubcomp', packetId, reasonCode });
  }

  /** PUBACK, PUBREC or PUBCOMP of the client. */
  acknowledge({ type, packetId }: AckPacket): void {
    if (type === 'puback' || type === 'pubrec') {
      const due = this.#due[type].shift();
      if (due !== packetId)
        this.#context.complain(`${type} ${packetId} out of the order of receipt: ${due} was due (R14, R14a)`);
    }
    const flow = this.#flows.find(({ id }) => id === packetId);
    if (flow === undefined) {
      this.#context.complain(`${type} for packet id ${packetId}, which is not in use`);
      return;
    }
    if (type !== 'pubcomp') this.#context.handedOver(this.clientId, flow.message);
    if (type === 'pubrec') {
      flow.stage = 'pubrel';
      this.#write?.({ type: 'pubrel', packetId, reasonCode: 0 });
      if (this.#opensAtPubrec) this.#makeRoom();
      return;
    }
    this.#flows = this.#flows.filter((other) => other !== flow);
    if (type === 'pubcomp') this.#completed += 1;
    if (type !== 'pubcomp' || !this.#opensAtPubrec) this.#makeRoom();
  }

  get #opensAtPubrec(): boolean {
    return this.#context.habits.opensAt === 'pubrec';
  }

  #makeRoom(): void {
    this.#sent -= 1;
    this.#pump();
  }

  #receive(message: SimMessage, packetId: number, dup: boolean): void {
    const { habits, route, now, complain } = this.#context;
    const known = this.#receipt(packetId);
    if (known !== undefined) {
      if (!dup) complain(`packet id ${packetId} was used again before its completion (R11)`);
      else if (known.message.payload !== message.payload || known.message.topic !== message.topic) {
        complain(`packet id ${packetId} was sent again with another message (R12)`);
      }
      this.#answer({ type: 'pubrec', packetId, reasonCode: habits.knownIdAnswer });
      return;
    }
    const dropped = dup && habits.dropsUnknownDup;
    if (!dropped) this.#receipts.set(packetId, { message, at: now() });
    if (!dropped && habits.deliversAt === 'publish') route(message);
    this.#answer({ type: 'pubrec', packetId, reasonCode: 0 });
  }

  #receipt(packetId: number): Receipt | undefined {
    const receipt = this.#receipts.get(packetId);
    if (receipt === undefined || this.#context.now() - receipt.at < this.#context.habits.forgetsAfterMs) return receipt;
    this.#receipts.delete(packetId);
    return undefined;
  }

  #answer(packet: AckPacket): void {
    this.#write?.(packet);
  }

  #pump(): void {
    while (this.#write !== undefined && this.#sent < this.#window) {
      const message = this.#queue.shift();
      if (message === undefined) return;
      const flow: Flow = { id: this.#nextId(), message, fenced: this.#completed >= 2, stage: 'publish' };
      this.#flows.push(flow);
      this.#send(flow, false);
    }
  }

  #send(flow: Flow, again: boolean): void {
    const { id, message, stage } = flow;
    if (stage === 'publish' || !this.#opensAtPubrec) this.#sent += 1;
    if (stage !== 'publish') {
      flow.stage = 'pubrel';
      this.#write?.({ type: 'pubrel', packetId: id, reasonCode: 0 });
      return;
    }
    this.#due[message.qos === 1 ? 'puback' : 'pubrec'].push(id);
    this.#write?.(publishOf(message, id, again));
  }

  #nextId(): number {
    const taken = new Set(this.#flows.map(({ id }) => id));
    let id = this.#context.habits.lowestId ? 1 : (this.#lastId % PACKET_IDS) + 1;
    while (taken.has(id)) id = (id % PACKET_IDS) + 1;
    this.#lastId = id;
    return id;
  }
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

export function messageOf({ topic, payload, qos, properties }: PublishPacket): SimMessage {
  const message = { topic, payload: DECODER.decode(payload), qos };
  const about = properties?.userProperties?.find(([name]) => name === 'millrace-topic')?.[1];
  return about === undefined ? message : { ...message, about };
}

function publishOf({ topic, payload, qos }: SimMessage, packetId: number, dup: boolean): PublishPacket {
  return { type: 'publish', topic, payload: ENCODER.encode(payload), qos, retain: false, dup, packetId };
}
