import { MillraceError } from '../../../errors/millrace-error.js';
import type { SubscriptionRequest } from '../../protocol/packet.js';
import type { Properties } from '../../protocol/properties.js';
import type { ProtocolVersion } from '../../protocol/protocol-version.js';
import type { QualityOfService } from '../../protocol/quality-of-service.js';
import type { SubscriptionAnswerEvent } from '../../protocol/session/session-event.js';
import { type BatchLimits, subscribeBatches } from './subscribe-batches.js';
import { subscriptionDiff } from './subscription-diff.js';
import type { GrantedSubscription, HeldSubscription, WantedSubscription } from './wanted-subscription.js';

/** The part of a Session that is used here. */
export interface SubscribingSession {
  /** Gives the packet id, by which its answer is known. @throws MillraceError UNSUPPORTED for what this server cannot do */
  subscribe(subscriptions: readonly SubscriptionRequest[], properties?: Properties): number;
  /** Gives the packet id, too. */
  unsubscribe(filters: readonly string[], properties?: Properties): number;
}

/** What a CONNACK means for the subscriptions. */
export interface Resume {
  /** Below 5.0 a SUBSCRIBE has filters and QoS alone. */
  readonly version: ProtocolVersion;
  /** The server has the session that was ours last time. */
  readonly sessionPresent: boolean;
  /** The broker lost the session and what was in doubt is not sent again (R17): retained messages do not come again either. */
  readonly skipRetained: boolean;
  /** Bytes go by this CONNACK. */
  readonly batches: BatchLimits;
}

/** What is known of the session at the start of a process. */
export interface KeptSession {
  /** As they were when all was granted last. */
  readonly subscriptions: readonly HeldSubscription[];
  /** A session that is present may be an empty one (R5a). */
  readonly unverified: boolean;
}

/** Before a first start, and without a store. */
export const NOTHING_KEPT: KeptSession = { subscriptions: [], unverified: true };

/** What waits for its SUBACK or UNSUBACK. */
type Pending = { readonly subscribe: readonly WantedSubscription[] } | { readonly unsubscribe: readonly string[] };

/**
 * Keeps the wanted subscriptions granted over connections (R5a). *Unverified* means that a session which the server says is
 * present may be an empty one: at the start of the process, after any CONNECT that ended without a CONNACK, and always where another
 * process may have sent one (C3).
 */
export class SubscriptionKeeper {
  readonly #wanted: readonly WantedSubscription[];
  #held: Map<string, HeldSubscription>;
  /** What the session may have besides, until it is known to have it no more. */
  #former: Set<string>;
  #pending = new Map<number, Pending>();
  #unverified: boolean;

  /** `past`: what an earlier process wrote down. `former`: filters to be unsubscribed, of which nothing was. */
  constructor(wanted: readonly WantedSubscription[], past: KeptSession = NOTHING_KEPT, former: readonly string[] = []) {
    this.#wanted = wanted;
    this.#former = new Set(former);
    this.#held = new Map(past.subscriptions.map((held) => [held.subscription.filter, held]));
    this.#unverified = past.unverified;
  }

  /** True when a present session would be no proof (R5a). */
  get unverified(): boolean {
    return this.#unverified;
  }

  /** A CONNECT ended without a CONNACK, or another process may have sent one: the server may have made a session that holds nothing. */
  doubt(): void {
    this.#unverified = true;
  }

  /** The session that the server says is present is the one whose subscriptions are known. */
  verified(): void {
    this.#unverified = false;
  }

  /** After CONNACK: sends what is needed. `settled` tells whether there is anything to wait for. */
  begin(session: SubscribingSession, resume: Resume): void {
    this.#pending = new Map();
    // with the session all is gone that it had
    if (!resume.sessionPresent) {
      this.#held = new Map();
      this.#former = new Set();
    }
    const held = [...this.#held.values()].map(({ subscription }) => subscription);
    const { subscribe, unsubscribe } = subscriptionDiff(held, this.#wanted, !this.#unverified);
    // what it may not have is asked for again, and counts when it is granted
    if (this.#unverified) this.#held = new Map();
    this.#unverified = false;
    const unwanted = [...new Set([...unsubscribe, ...this.#former])];
    for (const filters of subscribeBatches(unwanted, (filter) => filter, resume.batches)) {
      this.#pending.set(session.unsubscribe(filters), { unsubscribe: filters });
    }
    for (const group of byIdentifier(subscribe, resume)) {
      const requests = group.map((subscription) => requestOf(subscription, resume));
      this.#pending.set(session.subscribe(requests, propertiesOf(group, resume.version)), { subscribe: group });
    }
  }

  /** True when the session has all that is wanted. */
  get settled(): boolean {
    return this.#pending.size === 0;
  }

  /** SUBACK or UNSUBACK arrived. Throws SUBSCRIPTION_REFUSED, or PROTOCOL_ERROR when the codes do not match the filters [MQTT-3.9.3-1]. */
  answered(event: SubscriptionAnswerEvent): readonly GrantedSubscription[] {
    const pending = this.#pending.get(event.packetId);
    this.#pending.delete(event.packetId);
    if (pending === undefined) return [];
    if ('unsubscribe' in pending) {
      for (const filter of pending.unsubscribe) {
        this.#held.delete(filter);
        this.#former.delete(filter);
      }
      return [];
    }
    if (event.reasonCodes.length !== pending.subscribe.length) {
      throw new MillraceError('PROTOCOL_ERROR', 'SUBACK does not have one reason code for each filter', {
        reasonCode: 0x82,
      });
    }
    return pending.subscribe.map((subscription, index) => this.#grant(subscription, event, index));
  }

  /** All that the session has. */
  get held(): readonly HeldSubscription[] {
    return [...this.#held.values()];
  }

  /** All that the session has, by the order wanted. */
  get granted(): readonly GrantedSubscription[] {
    return [...this.#held.values()].map(({ subscription, granted }) => grantedOf(subscription, granted));
  }

  #grant(subscription: WantedSubscription, event: SubscriptionAnswerEvent, index: number): GrantedSubscription {
    const code = event.reasonCodes[index];
    if (code !== 0 && code !== 1 && code !== 2) throw refusal(subscription.filter, code ?? 0x80, event);
    this.#held.set(subscription.filter, { subscription, granted: code });
    return grantedOf(subscription, code);
  }
}

function grantedOf({ filter, qos }: WantedSubscription, granted: QualityOfService): GrantedSubscription {
  return { filter, requested: qos, granted };
}

const NOT_AUTHORIZED = 0x87;
const QUOTA_EXCEEDED = 0x97;

function refusal(
  filter: string,
  reasonCode: number,
  { reasonCodes, reasonString }: SubscriptionAnswerEvent,
): MillraceError {
  const hex = `0x${reasonCode.toString(16).padStart(2, '0')}`;
  const because = reasonCode === NOT_AUTHORIZED ? 'not authorized' : reasonString;
  const text = `the broker refused to subscribe to "${filter}" (${hex}${because === undefined ? '' : `, ${because}`})`;
  return new MillraceError('SUBSCRIPTION_REFUSED', text, {
    reasonCode,
    advice: refusalAdvice(reasonCode, reasonCodes.length),
    details: { filter, reasonCode },
  });
}

function refusalAdvice(reasonCode: number, filters: number): string {
  if (reasonCode === QUOTA_EXCEEDED)
    return `Raise what the broker allows in subscriptions, or use fewer. ${together(filters)}`;
  const check = 'Check that this client may read the topic, and that the filter is what the broker allows.';
  return reasonCode === NOT_AUTHORIZED || filters === 1 ? check : `${check} ${together(filters)}`;
}

const together = (filters: number): string =>
  `It was asked for ${filters} at once: if that is too many, set subscribeBatchSize of the connect options.`;

function requestOf(subscription: WantedSubscription, resume: Resume): SubscriptionRequest {
  const { filter, qos, noLocal, retainAsPublished, retainHandling } = subscription;
  if (resume.version < 5) return { filter, qos };
  // 0 is the user's explicit "at every subscription" and is kept
  return {
    filter,
    qos,
    noLocal,
    retainAsPublished,
    retainHandling: resume.skipRetained && retainHandling === 1 ? 2 : retainHandling,
  };
}

function propertiesOf(group: readonly WantedSubscription[], version: ProtocolVersion): Properties | undefined {
  const identifier = group[0]?.subscriptionIdentifier;
  return version === 5 && identifier !== undefined ? { subscriptionIdentifiers: [identifier] } : undefined;
}

/** One SUBSCRIBE carries one subscription identifier for all its filters [MQTT-3.8.2.1.2]. */
function byIdentifier(
  subscriptions: readonly WantedSubscription[],
  { version, batches }: Resume,
): readonly (readonly WantedSubscription[])[] {
  const groups = new Map<number | undefined, WantedSubscription[]>();
  for (const subscription of subscriptions) {
    const key = version === 5 ? subscription.subscriptionIdentifier : undefined;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [subscription]);
    else group.push(subscription);
  }
  return [...groups.values()].flatMap((group) => subscribeBatches(group, ({ filter }) => filter, batches));
}
