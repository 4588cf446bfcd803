import { MillraceError } from '../../../errors/index.js';
import type { Transport } from '../../../mqtt/connection/transport/transport.js';
import { encodePacket } from '../../../mqtt/protocol/codec/encode/encode-packet.js';
import { PacketDecoder } from '../../../mqtt/protocol/codec/packet-decoder.js';
import type { Packet, PublishPacket, SubscriptionRequest } from '../../../mqtt/protocol/packet.js';
import type { ProtocolVersion } from '../../../mqtt/protocol/protocol-version.js';
import { LARGEST_PACKET } from '../../../mqtt/protocol/session/server-limits.js';
import { hasAnswer, packetsOf } from '../verdict/trace.js';
import type { Recorder } from './recorder.js';

const GOODBYE_MS = 1000;
/** So often it says that it lives: no broker that grants less is known. */
const PING_MS = 3000;

/** What a client publishes. */
export interface Publication {
  readonly topic: string;
  readonly text: string;
  readonly qos: 0 | 1 | 2;
  /** 1 and above; default: one that this client has not used. */
  readonly id?: number;
  readonly retain?: boolean;
  readonly dup?: boolean;
}

/** One connection whose every packet is told what to do: nothing is answered before `answerAll`. */
export class WireClient {
  /** As the trace names it. */
  readonly link: string;
  readonly #transport: Transport;
  readonly #version: ProtocolVersion;
  readonly #recorder: Recorder;
  readonly #decoder: PacketDecoder;
  readonly #pings: NodeJS.Timeout;
  #answering = false;
  #ended = false;
  #nextId = 100;

  constructor(link: string, transport: Transport, version: ProtocolVersion, recorder: Recorder) {
    this.link = link;
    this.#transport = transport;
    this.#version = version;
    this.#recorder = recorder;
    this.#decoder = new PacketDecoder({ version, maximumPacketSize: LARGEST_PACKET, from: 'server' });
    this.#pings = setInterval(() => this.send({ type: 'pingreq' }), PING_MS);
    transport.start({
      onData: (bytes) => this.#receive(bytes),
      onDrain: () => {},
      onEnd: () => this.#end('broker'),
    });
  }

  send(packet: Packet): void {
    if (this.#ended) return;
    this.#recorder.add({ way: 'out', link: this.link, packet });
    this.#transport.write([encodePacket(packet, this.#version)]);
  }

  /** @throws MillraceError SUBSCRIPTION_REFUSED, TIMEOUT */
  subscribe(...subscriptions: readonly SubscriptionRequest[]): Promise<readonly number[]> {
    return this.subscribeAs(this.#nextId++, subscriptions);
  }

  /** The same, under a packet id. */
  async subscribeAs(packetId: number, subscriptions: readonly SubscriptionRequest[]): Promise<readonly number[]> {
    this.send({ type: 'subscribe', packetId, subscriptions });
    const answer = () =>
      packetsOf(this.#recorder.trace, 'in', this.link, 'suback').find((suback) => suback.packetId === packetId);
    await this.#recorder.until(() => answer() !== undefined || this.#ended);
    const codes = answer()?.reasonCodes;
    if (codes === undefined) throw new MillraceError('TIMEOUT', 'no SUBACK came');
    return codes;
  }

  /** Writes it; gives its packet id. */
  publish({ topic, text, qos, id = this.#nextId++, retain = false, dup = false }: Publication): number {
    const packetId = qos === 0 ? 0 : id;
    this.send({ type: 'publish', topic, payload: Buffer.from(text), qos, retain, dup, packetId });
    return packetId;
  }

  /** Publishes and goes on to the end of the flow; false where an answer does not come. */
  async deliver(publication: Publication): Promise<boolean> {
    const id = this.publish(publication);
    if (publication.qos === 0) return true;
    if (publication.qos === 1) return this.untilAnswer('puback', id);
    if (!(await this.untilAnswer('pubrec', id))) return false;
    this.acknowledge('pubrel', id);
    return this.untilAnswer('pubcomp', id);
  }

  acknowledge(type: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', packetId: number): void {
    this.send({ type, packetId, reasonCode: 0 });
  }

  untilAnswer(type: 'puback' | 'pubrec' | 'pubrel' | 'pubcomp', id: number): Promise<boolean> {
    // a PUBACK where PUBREC was due ends the flow as well
    const has = () => hasAnswer(this.#recorder.trace, this.link, type, id);
    const other = () => type === 'pubrec' && hasAnswer(this.#recorder.trace, this.link, 'puback', id);
    return this.#recorder.until(() => has() || other() || this.#ended).then(() => has());
  }

  /** Answers what came and is not answered, and from now on everything. */
  answerAll(): void {
    this.#answering = true;
    const answered = new Set<number>();
    for (const event of this.#recorder.trace) {
      if (event.link === this.link && event.way === 'out' && 'packetId' in event.packet)
        answered.add(event.packet.packetId);
    }
    for (const event of this.#recorder.trace) {
      if (event.link !== this.link || event.way !== 'in' || !('packetId' in event.packet)) continue;
      if (!answered.has(event.packet.packetId)) this.#answer(event.packet);
    }
  }

  /** The broker has processed what was sent before: it answers in order. */
  async fence(): Promise<void> {
    const count = () => packetsOf(this.#recorder.trace, 'in', this.link, 'pingresp').length;
    const before = count();
    this.send({ type: 'pingreq' });
    await this.#recorder.until(() => count() > before || this.#ended);
  }

  /** Without a word. */
  cut(): void {
    this.#transport.destroy();
    this.#end('us');
  }

  /** In order; the session stays as long as CONNECT said. */
  async leave(): Promise<void> {
    if (this.#ended) return;
    this.send({ type: 'disconnect', reasonCode: 0 });
    this.#end('us');
    await this.#transport.close(GOODBYE_MS);
  }

  get ended(): boolean {
    return this.#ended;
  }

  #receive(bytes: Uint8Array): void {
    this.#decoder.push(bytes);
    try {
      for (let packet = this.#decoder.next(); packet !== undefined && !this.#ended; packet = this.#decoder.next()) {
        // the payload is a view of the read buffer
        const kept = packet.type === 'publish' ? { ...packet, payload: packet.payload.slice() } : packet;
        this.#recorder.add({ way: 'in', link: this.link, packet: kept });
        if (this.#answering) this.#answer(kept);
      }
    } catch {
      this.#transport.destroy();
      this.#end('broker');
    }
  }

  #answer(packet: Packet): void {
    if (packet.type === 'publish') this.#answerPublish(packet);
    if (packet.type === 'pubrel') this.acknowledge('pubcomp', packet.packetId);
  }

  #answerPublish({ qos, packetId }: PublishPacket): void {
    if (qos > 0) this.acknowledge(qos === 1 ? 'puback' : 'pubrec', packetId);
  }

  #end(by: 'us' | 'broker'): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#pings);
    this.#recorder.add({ way: 'end', link: this.link, by });
  }
}
