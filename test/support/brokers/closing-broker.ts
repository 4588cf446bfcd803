import type { AckPacket, PublishPacket } from '../../../src/mqtt/protocol/packet.js';
import { type FakeBroker, type FakeClient, type FakeScript, startFakeBroker } from './fake-broker.js';
import { keepingScript } from './keeping-broker.js';

/** A scripted broker that keeps its sessions, hands each QoS 2 message on once, and ends a connection at some messages. */
export interface ClosingBroker extends FakeBroker {
  /** `topic payload` of what it handed on, in order. */
  readonly delivered: readonly string[];
  /** The connections of the sink: those on which it did not only look on. */
  readonly trials: readonly FakeClient[];
}

/**
 * How it ends one: by FIN, by RST, which takes the answers before it along, with a DISCONNECT of this code, or with one as Mochi sends it
 * below 5.0, where a server has none.
 */
export type Closing = 'fin' | 'reset' | 'bare-disconnect' | number;

const BARE_DISCONNECT = Uint8Array.of(0xe0, 0);

/** Starts one that closes, instead of an answer, at messages for which `closesAt` holds, and keeps its half of them. */
export async function startClosingBroker(
  closesAt: (packet: PublishPacket) => boolean,
  closing: Closing,
): Promise<ClosingBroker> {
  const delivered: string[] = [];
  const broker = await startFakeBroker(closingScript(closesAt, { closing, delivered }));
  const trials = {
    get: () =>
      broker.clients.filter(({ connect }) => connect !== undefined && !connect.clientId.startsWith('control-')),
  };
  return Object.defineProperty(Object.assign(broker, { delivered }), 'trials', trials) as unknown as ClosingBroker;
}

function closingScript(
  closesAt: (packet: PublishPacket) => boolean,
  { closing, delivered }: { readonly closing: Closing; readonly delivered: string[] },
): FakeScript {
  /** Client id and packet id of the QoS 2 messages that wait for their PUBREL. */
  const halves = new Set<string>();
  const keyOf = (client: FakeClient, { packetId }: AckPacket | PublishPacket): string =>
    `${client.connect?.clientId} ${packetId}`;
  /** What came behind the message is not looked at any more. */
  const ended = new Set<FakeClient>();
  const end = (client: FakeClient): void => {
    ended.add(client);
    if (closing === 'reset') client.reset();
    else {
      if (closing === 'bare-disconnect') client.sendBytes(BARE_DISCONNECT);
      else if (closing !== 'fin') client.send({ type: 'disconnect', reasonCode: closing });
      client.fin();
    }
  };
  return {
    ...keepingScript(),
    publish: (client, packet) => {
      if (ended.has(client)) return;
      const key = keyOf(client, packet);
      const known = packet.qos === 2 && halves.has(key);
      if (packet.qos === 2) halves.add(key);
      if (closesAt(packet)) {
        end(client);
        return;
      }
      if (!known) delivered.push(`${packet.topic} ${Buffer.from(packet.payload).toString()}`);
      if (packet.qos > 0) {
        client.send({ type: packet.qos === 1 ? 'puback' : 'pubrec', packetId: packet.packetId, reasonCode: 0 });
      }
    },
    pubrel: (client, packet) => {
      if (ended.has(client)) return;
      halves.delete(keyOf(client, packet));
      client.send({ type: 'pubcomp', packetId: packet.packetId, reasonCode: 0 });
    },
  };
}
