import type { Packet } from '../../../src/mqtt/protocol/packet.js';

/** A message that is not finished. */
interface Outgoing {
  readonly number: number;
  readonly packetId: number;
  stage: 'publish' | 'pubrec' | 'pubcomp' | 'pubrel again';
  dup: boolean;
}

/**
 * What mosquitto 2.0.11 does with a backlog for one session: it hands out all of it, counts ids up without a look at those in use, and
 * knows a message by the first in its list that has the id. Message `n` has the text "n".
 */
export class OverrunBroker {
  readonly #list = new Map<number, Outgoing>();
  /** Numbers by id, in the order of the list. */
  readonly #byId = new Map<number, number[]>();
  #next = 0;

  get unfinished(): number {
    return this.#list.size;
  }

  /** Hands over the next messages. */
  publish(count: number): Packet[] {
    const packets: Packet[] = [];
    for (let index = 0; index < count; index += 1) {
      const message: Outgoing = {
        number: this.#next,
        packetId: 1 + (this.#next % 65_535),
        stage: 'publish',
        dup: false,
      };
      this.#list.set(message.number, message);
      this.#byId.set(message.packetId, [...(this.#byId.get(message.packetId) ?? []), message.number]);
      this.#next += 1;
      packets.push(write(message));
    }
    return packets;
  }

  /** A connection of the session. `gone`: it ends before anything is written. */
  connect(gone = false): Packet[] {
    for (const message of this.#list.values()) message.stage = message.stage === 'pubcomp' ? 'pubrel again' : 'publish';
    return gone ? [] : [...this.#list.values()].map(write);
  }

  /** What it answers; undefined: it ends the connection. */
  take({ type, packetId }: { readonly type: string; readonly packetId: number }): Packet[] | undefined {
    const message = this.#list.get(this.#byId.get(packetId)?.[0] ?? -1);
    if (type === 'pubrec') {
      if (message !== undefined) message.stage = 'pubcomp';
      return [{ type: 'pubrel', packetId, reasonCode: 0 }];
    }
    if (message === undefined) return [];
    if (message.stage !== 'pubcomp') return undefined;
    this.#list.delete(message.number);
    this.#byId.get(packetId)?.shift();
    return [];
  }
}

function write(message: Outgoing): Packet {
  const { packetId, number, dup, stage } = message;
  if (stage === 'pubrel again') {
    message.stage = 'pubcomp';
    return { type: 'pubrel', packetId, reasonCode: 0 };
  }
  message.stage = 'pubrec';
  message.dup = true;
  const payload = new TextEncoder().encode(String(number));
  return { type: 'publish', topic: 't', payload, qos: 2, retain: false, dup, packetId };
}
