import { protocolError } from '../../codec/protocol-error.js';
import type { PublishPacket } from '../../packet.js';
import type { Properties } from '../../properties.js';

/** The topic aliases that the server has set on the present connection [MQTT-3.3.2-7]. Bounded by our Topic Alias Maximum. */
export class TopicAliases {
  readonly #maximum: number;
  readonly #topics = new Map<number, string>();

  constructor(maximum: number) {
    this.#maximum = maximum;
  }

  /** A new connection knows none. */
  clear(): void {
    this.#topics.clear();
  }

  /** R22: what a rejected PUBLISH may have set stands for nothing, so that what uses it is rejected too and never goes by an older topic. */
  forget({ properties, rejection }: PublishPacket): void {
    if (rejection?.aliasUnknown === true) this.#topics.clear();
    else if (properties?.topicAlias !== undefined) this.#topics.delete(properties.topicAlias);
  }

  /** The topic of a PUBLISH. Throws PROTOCOL_ERROR: 0x94 above our maximum [MQTT-3.1.2-26, 3.1.2-27], 0x82 when nothing is known by it. */
  resolve(packet: PublishPacket): string {
    const alias = packet.properties?.topicAlias;
    if (alias === undefined) {
      if (packet.topic === '')
        throw protocolError('a PUBLISH without a topic and without a topic alias [MQTT-3.3.2-8]');
      return packet.topic;
    }
    if (alias < 1 || alias > this.#maximum) {
      throw protocolError(`topic alias ${alias}, but the maximum is ${this.#maximum} [MQTT-3.1.2-26]`, 0x94);
    }
    if (packet.topic !== '') this.#topics.set(alias, packet.topic);
    const topic = this.#topics.get(alias);
    if (topic === undefined) throw protocolError(`topic alias ${alias} stands for nothing on this connection`);
    return topic;
  }
}

/** The properties without the alias, which means nothing beyond its connection. */
export function withoutAlias(properties: Properties | undefined): Properties | undefined {
  if (properties?.topicAlias === undefined) return properties;
  const { topicAlias: _, ...others } = properties;
  return Object.keys(others).length === 0 ? undefined : others;
}
