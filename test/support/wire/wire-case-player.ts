import { encodePacket } from '../../../src/mqtt/protocol/codec/encode/encode-packet.js';
import { type ProtocolVersion, Session, type SessionOptions } from '../../../src/mqtt/protocol/index.js';
import type { Packet } from '../../../src/mqtt/protocol/packet.js';
import { connectRequest, sessionOptions } from '../histories/client-session.js';
import { parseWirePayload, type WireCase } from './wire-language.js';

const LAST_ID = 65_535;

/** What a case came to, and why it failed if it did. */
export interface WireResult {
  readonly problem: string | undefined;
  readonly closed: boolean;
}

/** Plays one case against a real Session, strict unless said otherwise, whose owner accepts, completes and releases at once. */
export function playWireCase(wire: WireCase, options: Partial<SessionOptions> = {}): WireResult {
  const client = new Client(wire.version, options);
  if (wire.connect && wire.connack) client.receive(goodConnack(wire.version));
  const id = client.perform(wire.command);
  client.takeWritten();
  for (const { type, text } of wire.messages) {
    const bytes = parseWirePayload(text.replace(/\bm1\b/g, `m${id}`));
    if (type === 'send') client.receive(bytes);
    else if (!client.hasWritten(bytes)) {
      return { problem: `did not answer ${text}, but ${client.lastWritten}`, closed: client.closed };
    }
  }
  return { problem: endProblem(client, wire), closed: client.closed };
}

function endProblem(client: Client, { expectDisconnect }: WireCase): string | undefined {
  if (client.closed) return expectDisconnect ? undefined : 'closed the connection';
  if (expectDisconnect) return 'stayed connected';
  const puback = encodePacket({ type: 'puback', packetId: LAST_ID, reasonCode: 0 }, client.version);
  client.takeWritten();
  client.receive(encodePacket(lastPublish(), client.version));
  return client.hasWritten(puback) ? undefined : 'does not answer a PUBLISH any more';
}

class Client {
  readonly version: ProtocolVersion;
  readonly #session: Session;
  closed = false;
  lastWritten = '';

  constructor(version: ProtocolVersion, options: Partial<SessionOptions>) {
    this.#session = new Session(sessionOptions(options));
    this.version = version;
    this.#session.connect(connectRequest({ version, clean: true }), 0);
    this.takeWritten();
  }

  receive(bytes: Uint8Array): void {
    this.#session.receive(bytes, 0);
    for (const event of this.#session.takeEvents()) {
      if (event.type === 'message') this.#session.accept(event.token);
      if (event.type === 'release') this.#session.complete(event.token);
      if (event.type === 'received') this.#session.release(event.seq);
      if (event.type === 'close') this.closed = true;
    }
  }

  /** Does what the case asks for and returns the packet id that it used. */
  perform(command: WireCase['command']): number {
    if (command === undefined) return 1;
    if (command === 'unsubscribe') return this.#session.unsubscribe(['topic']);
    const qos = command === 'publish-1' ? 1 : 2;
    this.#session.publish({ seq: 0, topic: 'topic', payload: new Uint8Array(1), qos, retain: false });
    return 1;
  }

  takeWritten(): Uint8Array {
    return Buffer.concat(this.#session.takeOutput());
  }

  /** Whether exactly these bytes were written since the last look. */
  hasWritten(expected: Uint8Array): boolean {
    const written = this.takeWritten();
    this.lastWritten = Buffer.from(written).toString('hex');
    return Buffer.compare(written, expected) === 0;
  }
}

function goodConnack(version: ProtocolVersion): Uint8Array {
  const properties = version === 5 ? { properties: { receiveMaximum: 20 } } : {};
  return encodePacket({ type: 'connack', sessionPresent: false, reasonCode: 0, ...properties }, version);
}

function lastPublish(): Packet {
  const payload = new Uint8Array(1);
  return { type: 'publish', topic: 'topic', payload, qos: 1, retain: false, dup: false, packetId: LAST_ID };
}
