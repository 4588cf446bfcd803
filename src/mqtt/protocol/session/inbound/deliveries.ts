import type { PublishPacket } from '../../packet.js';
import type { EventQueue } from '../event-queue.js';
import { withoutAlias } from './topic-aliases.js';

/** Hands messages to the owner, each under a token of its own: ascending, at every QoS, as long as the session lives. */
export class Deliveries {
  readonly #events: EventQueue;
  #token: number;

  /** `token`: of the first. */
  constructor(events: EventQueue, token: number) {
    this.#events = events;
    this.#token = token;
  }

  /** Gives the token. */
  deliver({ payload, qos, retain, dup, properties, rejection, leftOut }: PublishPacket, topic: string): number {
    const token = this.#token;
    this.#token += 1;
    this.#events.push({
      type: 'message',
      topic,
      payload,
      qos,
      retain,
      dup,
      properties: properties?.topicAlias === undefined ? properties : withoutAlias(properties),
      rejection,
      leftOut,
      token,
    });
    return token;
  }
}
