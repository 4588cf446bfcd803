import { PacketDecoder } from '../../../src/mqtt/protocol/codec/packet-decoder.js';
import { PacketWriter } from '../../../src/mqtt/protocol/codec/packet-writer.js';
import type { ProtocolVersion } from '../../../src/mqtt/protocol/index.js';
import type { AckPacket, ConnectPacket, Packet, PublishPacket } from '../../../src/mqtt/protocol/packet.js';
import type { SimBrokerHabits } from './sim-broker-habits.js';
import { messageOf, type SimBrokerContext, SimBrokerSession, type SimMessage } from './sim-broker-session.js';
import type { SimClock } from './sim-clock.js';
import type { LinkEnd, SimLink } from './sim-link.js';

/** Who watches a broker. */
export interface SimBrokerWatcher {
  /** A message of a client was passed on. */
  delivered(message: SimMessage): void;
  handedOver(clientId: string, message: SimMessage): void;
  /** See `SimBrokerContext`. */
  repeated(clientId: string, message: SimMessage): void;
  again(message: SimMessage): void;
  /** These were still the broker's, and went with a session. */
  brokerLost(clientId: string, messages: readonly SimMessage[]): void;
  refusal(message: SimMessage): number | undefined;
  complain(text: string): void;
  /**
   * Asked before a packet of a client is handled (`in`), and before one is written to a client (`out`). `sever` breaks the connection
   * instead: the packet, and all that is on its way, never arrives.
   */
  intercept(direction: PacketDirection, packet: Packet['type'], at: PacketPlace): 'sever' | undefined;
}

/** Where a packet passes. */
export interface PacketPlace {
  readonly link: SimLink;
  /** Empty before CONNECT. */
  readonly clientId: string;
}

/** As the broker sees it. */
export type PacketDirection = 'in' | 'out';

/** How a broker goes down: in order and with all it has, as a `kill -9` leaves it, or with nothing left. */
export type BrokerCrash = 'restart' | 'kill' | 'forget';

/** A broker in virtual time, with the habits of one that exists. */
export class SimBroker {
  readonly #clock: SimClock;
  readonly #watcher: SimBrokerWatcher;
  readonly #context: SimBrokerContext;
  readonly #connections = new Map<string, SimBrokerConnection>();
  #sessions = new Map<string, SimBrokerSession>();
  habits: SimBrokerHabits;
  /** Takes no connections. */
  down = false;
  /** While it stands still: what it will find then, in order. */
  #frozen: (() => void)[] | undefined;

  constructor(clock: SimClock, habits: SimBrokerHabits, watcher: SimBrokerWatcher) {
    const broker = this;
    this.#clock = clock;
    this.#watcher = watcher;
    this.habits = habits;
    this.#context = {
      get habits() {
        return broker.habits;
      },
      now: () => this.#clock.now,
      route: (message) => this.#route(message),
      refusal: (message) => watcher.refusal(message),
      complain: (text) => watcher.complain(text),
      handedOver: (clientId, message) => watcher.handedOver(clientId, message),
      repeated: (clientId, message) => watcher.repeated(clientId, message),
      again: (message) => watcher.again(message),
      brokerLost: (clientId, messages) => watcher.brokerLost(clientId, messages),
    };
    if (habits.keeps === 'last-save') this.#saveEvery(habits.savesEveryMs);
  }

  get idle(): boolean {
    return [...this.#sessions.values()].every(({ idle }) => idle);
  }

  hasSession(clientId: string): boolean {
    return this.#sessions.has(clientId);
  }

  session(clientId: string): SimBrokerSession | undefined {
    return this.#sessions.get(clientId);
  }

  /** The broker's end of a new connection. */
  accept(link: SimLink): LinkEnd {
    return new SimBrokerConnection(link, {
      habits: this.habits,
      whenAwake: (handle) => {
        if (this.#frozen === undefined) handle();
        else this.#frozen.push(handle);
      },
      open: (connection, packet) => this.#open(connection, packet),
      ended: (connection) => this.#ended(connection),
      route: (message) => this.#route(message),
      complain: (text) => this.#watcher.complain(text),
      intercept: (direction, packet, at) => this.#watcher.intercept(direction, packet, at),
    });
  }

  /** A session that some client has made before all this, and left. */
  prepare(clientId: string, subscriptions: readonly (readonly [filter: string, qos: 0 | 1 | 2])[]): void {
    const session = new SimBrokerSession(clientId, this.#context);
    for (const [filter, qos] of subscriptions) session.subscriptions.set(filter, qos);
    this.#sessions.set(clientId, session);
  }

  /** A message of another client; gives the clients that are to have it. */
  publish(message: SimMessage): readonly string[] {
    return this.#toSessions(message);
  }

  /** Stands still: connections are open and new ones come to be, and nothing is read or answered for a while. */
  freeze(ms: number): void {
    this.#frozen ??= [];
    this.#clock.after(ms, () => {
      const found = this.#frozen ?? [];
      this.#frozen = undefined;
      for (const handle of found) handle();
    });
  }

  /** The broker ends; it takes connections again after `downMs`. */
  crash(how: BrokerCrash, downMs: number): void {
    for (const connection of [...this.#connections.values()]) connection.close();
    this.#connections.clear();
    this.#forget(how === 'forget' ? 'nothing' : how === 'kill' ? this.habits.keeps : 'everything');
    for (const session of this.#sessions.values()) session.forgetPubrecs();
    this.down = true;
    this.#clock.after(downMs, () => {
      this.down = false;
    });
  }

  #forget(keeps: SimBrokerHabits['keeps']): void {
    if (keeps === 'nothing') this.#forgetAll();
    for (const [clientId, session] of [...this.#sessions]) {
      if (keeps === 'no-receipts') session.forgetReceipts();
      else if (keeps === 'last-save' && !session.restore()) this.#sessions.delete(clientId);
    }
  }

  #saveEvery(ms: number): void {
    this.#clock.after(ms, () => {
      for (const session of this.#sessions.values()) if (!this.down) session.save();
      this.#saveEvery(ms);
    });
  }

  #forgetAll(): void {
    for (const { clientId, unacknowledged } of this.#sessions.values())
      this.#watcher.brokerLost(clientId, unacknowledged);
    this.#sessions = new Map();
  }

  #open(
    connection: SimBrokerConnection,
    { clientId, clean }: ConnectPacket,
  ): { session: SimBrokerSession; present: boolean } {
    const other = this.#connections.get(clientId);
    if (other !== undefined && other !== connection) other.close();
    this.#connections.set(clientId, connection);
    const found = this.#sessions.get(clientId);
    if (found !== undefined && !clean) return { session: found, present: true };
    if (found !== undefined) this.#watcher.brokerLost(clientId, found.unacknowledged);
    const session = new SimBrokerSession(clientId, this.#context);
    this.#sessions.set(clientId, session);
    return { session, present: false };
  }

  /** Who was taken over takes no session with it. */
  #ended(connection: SimBrokerConnection): void {
    const { clientId, endsSession } = connection;
    if (this.#connections.get(clientId) !== connection) return;
    this.#connections.delete(clientId);
    if (!endsSession) return;
    this.#watcher.brokerLost(clientId, this.#sessions.get(clientId)?.unacknowledged ?? []);
    this.#sessions.delete(clientId);
  }

  #route(message: SimMessage): void {
    this.#watcher.delivered(message);
    this.#toSessions(message);
  }

  #toSessions(message: SimMessage): readonly string[] {
    const takers: string[] = [];
    for (const session of this.#sessions.values()) {
      const wanted = session.wants(message.topic);
      if (wanted === undefined) continue;
      takers.push(session.clientId);
      const qos = wanted < message.qos ? wanted : message.qos;
      session.enqueue({ ...message, qos });
    }
    return takers;
  }
}

interface ConnectionOwner {
  readonly habits: SimBrokerHabits;
  /** At once, or when the broker no longer stands still. */
  whenAwake(handle: () => void): void;
  open(connection: SimBrokerConnection, packet: ConnectPacket): { session: SimBrokerSession; present: boolean };
  ended(connection: SimBrokerConnection): void;
  route(message: SimMessage): void;
  complain(text: string): void;
  intercept(direction: PacketDirection, packet: Packet['type'], at: PacketPlace): 'sever' | undefined;
}

/** One connection, seen by the broker. */
class SimBrokerConnection implements LinkEnd, PacketPlace {
  readonly link: SimLink;
  readonly #owner: ConnectionOwner;
  readonly #decoder = new PacketDecoder({ version: 5, maximumPacketSize: 268_435_460, from: 'client' });
  readonly #writer = new PacketWriter('server');
  readonly #inflight = new Set<number>();
  #session: SimBrokerSession | undefined;
  /** With it the session ends [MQTT-3.1.2-6 of 3.1.1; 3.1.2.11.2 and 3.14.2.2.2 of 5.0]. */
  endsSession = false;
  #open = true;
  /** Nothing comes or goes any more, but nobody has said so. */
  #severed = false;

  constructor(link: SimLink, owner: ConnectionOwner) {
    this.link = link;
    this.#owner = owner;
  }

  /** That of the CONNECT. */
  get #version(): ProtocolVersion {
    return this.#decoder.version;
  }

  get clientId(): string {
    return this.#session?.clientId ?? '';
  }

  receive(bytes: Uint8Array): void {
    this.#owner.whenAwake(() => this.#read(bytes));
  }

  ended(): void {
    this.#owner.whenAwake(() => this.#end());
  }

  #read(bytes: Uint8Array): void {
    if (!this.#open) return;
    this.#decoder.push(bytes);
    while (this.#open && !this.#severed) {
      const packet = this.#decoder.next();
      if (packet === undefined) break;
      this.#handle(packet);
    }
    this.#flush();
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#session?.disconnect();
    this.#owner.ended(this);
  }

  /** The broker ends it. */
  close(): void {
    if (!this.#open) return;
    this.#flush();
    this.#end();
    this.link.brokerGone();
  }

  #handle(packet: Packet): void {
    if (this.#owner.intercept('in', packet.type, this) === 'sever') this.#sever();
    if (this.#severed) return;
    if (packet.type === 'connect') this.#connect(packet);
    else if (this.#session === undefined) this.#owner.complain(`${packet.type} before CONNECT`);
    else this.#handleConnected(this.#session, packet);
  }

  #handleConnected(session: SimBrokerSession, packet: Packet): void {
    switch (packet.type) {
      case 'publish':
        this.#publish(session, packet);
        return;
      case 'puback':
      case 'pubrec':
      case 'pubcomp':
        session.acknowledge(packet);
        return;
      case 'pubrel':
        session.release(packet);
        return;
      case 'pingreq':
        this.#write({ type: 'pingresp' });
        return;
      case 'disconnect':
        this.endsSession ||= packet.properties?.sessionExpiryInterval === 0;
        this.close();
        return;
      case 'subscribe': {
        for (const { filter, qos } of packet.subscriptions) session.subscriptions.set(filter, this.#grant(qos));
        const reasonCodes = packet.subscriptions.map(({ qos }) => this.#grant(qos));
        this.#write({ type: 'suback', packetId: packet.packetId, reasonCodes });
        return;
      }
      case 'unsubscribe': {
        const reasonCodes = packet.filters.map((filter) => (session.subscriptions.delete(filter) ? 0x00 : 0x11));
        this.#write({ type: 'unsuback', packetId: packet.packetId, reasonCodes });
        return;
      }
      default:
        this.#owner.complain(`a client sent ${packet.type}`);
    }
  }

  #grant(qos: 0 | 1 | 2): 0 | 1 | 2 {
    const { maximumQoS } = this.#owner.habits;
    return qos < maximumQoS ? qos : maximumQoS;
  }

  #sever(): void {
    this.#severed = true;
    this.link.sever();
  }

  #connect(packet: ConnectPacket): void {
    const { session, present } = this.#owner.open(this, packet);
    const { receiveMaximum, maximumQoS } = this.#owner.habits;
    this.#session = session;
    this.endsSession = this.#version < 5 ? packet.clean : (packet.properties?.sessionExpiryInterval ?? 0) === 0;
    const properties = {
      ...(receiveMaximum === undefined ? {} : { receiveMaximum }),
      ...(maximumQoS === 2 ? {} : { maximumQoS }),
    };
    const sessionPresent = present && this.#version > 3;
    this.#write({ type: 'connack', sessionPresent, reasonCode: 0, ...(this.#version === 5 ? { properties } : {}) });
    session.connect((answer) => this.#write(answer), packet.properties?.receiveMaximum, this.link.hasClient);
  }

  #publish(session: SimBrokerSession, packet: PublishPacket): void {
    if (packet.qos === 0) {
      this.#owner.route(messageOf(packet));
      return;
    }
    this.#inflight.add(packet.packetId);
    const { receiveMaximum } = this.#owner.habits;
    if (this.#version === 5 && this.#inflight.size > (receiveMaximum ?? 65_535)) {
      this.#owner.complain(`${this.#inflight.size} in flight, the Receive Maximum is ${receiveMaximum} (R8a)`);
    }
    session.take(packet);
  }

  #write(packet: Packet): void {
    if (!this.#open || this.#severed) return;
    if (this.#owner.intercept('out', packet.type, this) === 'sever') {
      this.#sever();
      return;
    }
    if (frees(packet)) this.#inflight.delete(packet.packetId);
    // below 5.0 there are no reason codes: what is refused is acknowledged all the same [MQTT-3.3.5-2 of 3.1.1]
    const silent = this.#version < 5 && 'reasonCode' in packet && packet.type !== 'connack';
    this.#writer.write(silent ? { ...packet, reasonCode: 0 } : packet, this.#version);
    // what is written amid `receive` goes out at its end; a message that comes from elsewhere goes out now
    this.#flush();
  }

  #flush(): void {
    const chunks = this.#writer.take();
    if (chunks.length > 0) this.link.toClient(chunks.map((chunk) => chunk.slice()));
  }
}

function frees(packet: Packet): packet is AckPacket {
  if (packet.type === 'puback' || packet.type === 'pubcomp') return true;
  return packet.type === 'pubrec' && packet.reasonCode >= 0x80;
}
