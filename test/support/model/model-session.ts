import {
  type InboundMemory,
  PacketDecoder,
  PacketWriter,
  Session,
  type SessionEvent,
  type SessionState,
} from '../../../src/mqtt/protocol/index.js';
import type { Packet } from '../../../src/mqtt/protocol/packet.js';
import { connectRequest, sessionOptions } from '../histories/client-session.js';

/** What was done to a session since its birth: enough to make it again, since it depends on nothing else. */
export type SessionInput =
  | { readonly do: 'connect'; readonly present: boolean }
  | { readonly do: 'receive'; readonly packet: Packet }
  | { readonly do: 'cut' }
  /** It is as late as the session wants to be called. */
  | { readonly do: 'timeout' }
  /** The PINGREQ that is due at once is written, and its PINGRESP comes. */
  | { readonly do: 'fence' }
  | { readonly do: 'publish'; readonly seq: number }
  | { readonly do: 'release'; readonly seq: number }
  | { readonly do: 'accept' | 'complete'; readonly token: number }
  | { readonly do: 'startEpoch' };

/** The real Session as a value that a search can hold: its birth and what happened since. */
export interface SessionHistory {
  readonly birth: SessionState;
  readonly inputs: readonly SessionInput[];
}

/** What a commit right after an input has of a session: the ids as runs (R2), and what changed of its memory (R2b). */
export interface CommitOfSession {
  readonly inbound: Uint16Array;
  readonly memory: InboundMemory;
}

/** What a session said and wrote. */
export interface SessionOutput {
  readonly events: readonly SessionEvent[];
  readonly packets: readonly Packet[];
  readonly state: SessionState;
  readonly commit: CommitOfSession;
}

const OPTIONS = sessionOptions({ maxInflight: 10, receiveMaximum: 10 });
const REQUEST = connectRequest({ keepAlive: 0 });

/** The message of a sequence number: the number is all that it says. */
export const modelMessage = (seq: number) =>
  ({ seq, topic: 't', payload: new TextEncoder().encode(String(seq)), qos: 2, retain: false }) as const;

export const seqOfPayload = (payload: Uint8Array): number => Number(new TextDecoder().decode(payload));

/** Makes the session of a history once more, and tells what its last input made it say and write. */
function outputOf({ birth, inputs }: SessionHistory): SessionOutput {
  const session = new Session({ ...OPTIONS, state: birth });
  let events: readonly SessionEvent[] = [];
  let chunks: readonly Uint8Array[] = [];
  let commit = commitOf(session);
  for (const input of inputs) {
    feed(session, input);
    events = session.takeEvents();
    chunks = session.takeOutput();
    commit = commitOf(session);
  }
  return { events, packets: decoded(chunks), state: session.state(), commit };
}

function commitOf(session: Session): CommitOfSession {
  return { inbound: session.inboundIdRuns(Number.MAX_SAFE_INTEGER), memory: session.changedInboundMemory() };
}

/**
 * Gives inputs to sessions. A session is made again from its history for each; two that are alike (the searcher's `likeness` says
 * so, and its keys of states rest on the same) are made once.
 */
export class SessionMaker {
  readonly #known = new Map<string, { readonly session: SessionHistory; readonly output: SessionOutput }>();

  feed(before: SessionHistory, likeness: string, input: SessionInput) {
    const key = `${likeness} ${JSON.stringify(input)}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const session = { birth: before.birth, inputs: [...before.inputs, input] };
    const made = { session, output: outputOf(session) };
    this.#known.set(key, made);
    return made;
  }
}

function feed(session: Session, input: SessionInput): void {
  switch (input.do) {
    case 'connect':
      session.connect(REQUEST, 0);
      session.takeOutput();
      session.receive(bytesOf({ type: 'connack', sessionPresent: input.present, reasonCode: 0 }), 0);
      return;
    case 'receive':
      session.receive(bytesOf(input.packet), 0);
      return;
    case 'cut':
      session.connectionLost(0);
      return;
    case 'timeout':
      session.handleTimeout(session.deadline());
      return;
    case 'fence':
      session.handleTimeout(0);
      session.takeOutput();
      session.receive(bytesOf({ type: 'pingresp' }), 0);
      return;
    case 'publish':
      session.publish(modelMessage(input.seq));
      return;
    case 'release':
      session.release(input.seq);
      return;
    case 'accept':
      session.accept(input.token);
      return;
    case 'complete':
      session.complete(input.token);
      return;
    case 'startEpoch':
      session.startEpoch('redeliver');
  }
}

const KNOWN_BYTES = new Map<string, Uint8Array>();

function bytesOf(packet: Packet): Uint8Array {
  const key = JSON.stringify(packet);
  const known = KNOWN_BYTES.get(key);
  if (known !== undefined) return known;
  const writer = new PacketWriter('server');
  writer.write(packet, 5);
  const bytes = Uint8Array.from(Buffer.concat([...writer.take()]));
  KNOWN_BYTES.set(key, bytes);
  return bytes;
}

function decoded(chunks: readonly Uint8Array[]): Packet[] {
  const packets: Packet[] = [];
  if (chunks.length === 0) return packets;
  const decoder = new PacketDecoder({ version: 5, maximumPacketSize: 268_435_460, from: 'client' });
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let packet = decoder.next(); packet !== undefined; packet = decoder.next()) packets.push(packet);
  }
  return packets;
}
