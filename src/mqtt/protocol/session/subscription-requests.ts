import { MillraceError } from '../../../errors/index.js';
import { invalidState, protocolError } from '../codec/protocol-error.js';
import type { SubackPacket, SubscribePacket, UnsubackPacket } from '../packet.js';
import type { Properties } from '../properties.js';
import { isSharedFilter, unsharedFilter } from '../topic.js';
import type { PubcompFence } from './finished/pubcomp-fence.js';
import { REQUEST_IDS } from './outbound/packet-ids.js';
import type { PacketOutput } from './packet-output.js';
import type { ServerLimits, SubscriptionAnswerEvent } from './session-event.js';

const { first: FIRST_ID, last: LAST_ID } = REQUEST_IDS;

type SubscribeRequest = Pick<SubscribePacket, 'subscriptions' | 'properties'>;

interface Request {
  readonly type: 'suback' | 'unsuback';
  readonly filters: number;
}

/** SUBSCRIBE and UNSUBSCRIBE of one connection that have no answer yet. Their ids are above those of messages (R8). */
export class SubscriptionRequests {
  readonly #output: PacketOutput;
  readonly #fence: PubcompFence;
  readonly #pending = new Map<number, Request>();
  #nextId = FIRST_ID;

  /** `fence`: what an answer shows besides. */
  constructor(output: PacketOutput, fence: PubcompFence) {
    this.#output = output;
    this.#fence = fence;
  }

  /** Requests without an answer. */
  get pending(): number {
    return this.#pending.size;
  }

  connectionLost(): void {
    this.#pending.clear();
  }

  /** Throws UNSUPPORTED for what this server cannot do, and what the codec throws. */
  subscribe(request: SubscribeRequest, limits: ServerLimits): number {
    checkAbilities(request, limits);
    const packetId = this.#freeId();
    this.#output.write({ type: 'subscribe', packetId, ...request });
    return this.#await(packetId, { type: 'suback', filters: request.subscriptions.length });
  }

  /** Throws what the codec throws. */
  unsubscribe(filters: readonly string[], properties?: Properties): number {
    const packetId = this.#freeId();
    this.#output.write({ type: 'unsubscribe', packetId, filters, ...(properties && { properties }) });
    return this.#await(packetId, { type: 'unsuback', filters: filters.length });
  }

  /**
   * SUBACK or UNSUBACK: must answer a request [MQTT-3.8.4-2, 3.10.4-4] with a code for each filter [MQTT-3.8.4-6, 3.11.3-1].
   * An UNSUBACK that nobody asked for takes nothing away: undefined. Throws PROTOCOL_ERROR otherwise.
   */
  handle(packet: SubackPacket | UnsubackPacket): SubscriptionAnswerEvent | undefined {
    const { type, packetId, reasonCodes, properties } = packet;
    const request = this.#pending.get(packetId);
    if (request === undefined && type === 'unsuback') return undefined;
    if (request?.type !== type) throw protocolError(`${type} for packet id ${packetId}, which asked for none`);
    // below 5.0 UNSUBACK has none: it says that all is done
    const codes = type === 'unsuback' && this.#output.version < 5 ? new Array(request.filters).fill(0) : reasonCodes;
    if (codes.length !== request.filters) {
      throw protocolError(`${type} with ${codes.length} codes for ${request.filters} filters [MQTT-3.8.4-6]`);
    }
    this.#pending.delete(packetId);
    this.#fence.requestAnswered(packetId);
    return {
      type: type === 'suback' ? 'subscribed' : 'unsubscribed',
      packetId,
      reasonCodes: codes,
      reasonString: properties?.reasonString,
    };
  }

  /** After the write, which may throw: then no answer is awaited, and the id stays free. */
  #await(packetId: number, request: Request): number {
    this.#pending.set(packetId, request);
    this.#fence.requestSent(packetId);
    this.#nextId = packetId === LAST_ID ? FIRST_ID : packetId + 1;
    return packetId;
  }

  /** They go round, so that no id is used again right behind its answer. */
  #freeId(): number {
    if (this.#pending.size > LAST_ID - FIRST_ID) {
      throw invalidState('Too many requests wait for their SUBACK or UNSUBACK');
    }
    let id = this.#nextId;
    while (this.#pending.has(id)) id = id === LAST_ID ? FIRST_ID : id + 1;
    return id;
  }
}

function checkAbilities({ subscriptions, properties }: SubscribeRequest, limits: ServerLimits): void {
  const filters = subscriptions.map(({ filter }) => filter);
  const wildcard = filters.find((filter) => /[#+]/.test(unsharedFilter(filter)));
  if (!limits.wildcardSubscriptionAvailable && wildcard !== undefined) {
    throw unsupported('wildcards in filters', { filter: wildcard });
  }
  const shared = filters.find(isSharedFilter);
  if (!limits.sharedSubscriptionAvailable && shared !== undefined) {
    throw unsupported('shared subscriptions', { filter: shared });
  }
  if (!limits.subscriptionIdentifiersAvailable && properties?.subscriptionIdentifiers !== undefined) {
    throw unsupported('subscription identifiers', {});
  }
}

function unsupported(what: string, details: Readonly<Record<string, unknown>>): MillraceError {
  return new MillraceError('UNSUPPORTED', `The broker cannot do ${what}`, {
    details,
    advice: 'Subscribe without them, or use a broker that can do it.',
  });
}
