import type { MillraceError } from '../../../errors/index.js';
import type { Rejection } from '../rejection.js';
import { EventQueue } from './event-queue.js';
import { SessionAuthentication } from './handshake/session-authentication.js';
import { SessionHandshake } from './handshake/session-handshake.js';
import { InboundMessages } from './inbound/inbound-messages.js';
import { OutboundMessages } from './outbound/outbound-messages.js';
import { PacketOutput } from './packet-output.js';
import { SessionTimers } from './present/session-timers.js';
import { SessionEpoch } from './session-epoch.js';
import type { SessionOptions } from './session-options.js';
import { SessionSettlement } from './session-settlement.js';
import type { SessionState } from './session-state.js';
import { SubscriptionRequests } from './subscription-requests.js';

/** What a session is made of. Each is for its whole life, and told of the end of each connection. */
export interface SessionParts {
  /** As in the constructor of `Session`. */
  readonly options: SessionOptions;
  /** What the owner is to be told. */
  readonly events: EventQueue;
  /** The only way to the transport. */
  readonly output: PacketOutput;
  /** What the server has to do in time. */
  readonly timers: SessionTimers;
  /** Messages of the server. */
  readonly inbound: InboundMessages;
  /** Messages of ours. */
  readonly outbound: OutboundMessages;
  /** SUBSCRIBE and UNSUBSCRIBE. */
  readonly requests: SubscriptionRequests;
  /** Counts the fresh sessions. */
  readonly epoch: SessionEpoch;
  /** Whose the server's session is. */
  readonly settlement: SessionSettlement;
  /** AUTH. */
  readonly authentication: SessionAuthentication;
  /** From CONNECT to CONNACK. */
  readonly handshake: SessionHandshake;
}

/** `rejectionOf`: that of the PUBLISH at hand, see `InboundOptions`. */
export function sessionParts(
  options: SessionOptions,
  rejectionOf: (error: MillraceError) => Rejection | undefined,
): SessionParts {
  const state: SessionState = options.state ?? { epoch: 0, inbound: [], outbound: [] };
  const { topicAliasMaximum, receiveMaximum, settlesEmpty = false, storesIds = false } = options;
  const events = new EventQueue();
  const output = new PacketOutput();
  const epoch = new SessionEpoch(state.epoch);
  const inbound = new InboundMessages(output, events, {
    topicAliasMaximum,
    // without a store a message that is done, and not answered, would come to the next process as a new one: with one it is known (R2)
    mostOpen: storesIds ? receiveMaximum : Number.POSITIVE_INFINITY,
    storesIds,
    rejectionOf: options.tolerance && rejectionOf,
    rows: state.inbound,
    memory: state.memory,
  });
  const outbound = new OutboundMessages(output, events, { rows: state.outbound, burnt: state.burnt });
  // the inbound side's fence, too: any answer shows that the server has read the PUBCOMPs before its request
  const requests = new SubscriptionRequests(output, inbound.qos2.fence);
  const authentication = new SessionAuthentication(output, events);
  return {
    options,
    events,
    output,
    timers: new SessionTimers(options),
    inbound,
    outbound,
    requests,
    epoch,
    settlement: new SessionSettlement({ epoch, inbound, outbound, requests, events, settlesEmpty }),
    authentication,
    handshake: new SessionHandshake({ options, authentication, epoch }),
  };
}
