import type { MillraceError } from '../../errors/millrace-error.js';
import { publishDiagnostic } from '../../metrics/diagnostics.js';
import type { ConnackPacket } from '../protocol/packet.js';
import type { ProtocolVersion } from '../protocol/protocol-version.js';
import type { ConnectedEvent, ServerLimits } from '../protocol/session/session-event.js';
import { isSharedFilter } from '../protocol/topic.js';
import type { ConnectionMetrics } from './connection-metrics.js';
import type { MqttConnectionOptions, ServerAddress } from './options/mqtt-connection-options.js';
import type { Verdict } from './reconnect/conflict-detector.js';
import type { NextStep } from './reconnect/reconnect-policy.js';
import type { Redirect } from './reconnect/redirects.js';
import type { OlderBecause } from './reconnect/version-fallback.js';
import { formatAddress } from './transport/format-address.js';

/** Where and as what a connection was accepted. */
export interface Acceptance {
  /** Of the server that accepted it, not of the broker that was asked for. */
  readonly address: ServerAddress;
  /** The one that is spoken. */
  readonly version: ProtocolVersion;
  /** undefined: it is the newest version, or the one that was asked for (R5d). */
  readonly olderBecause: OlderBecause | undefined;
  /** It is not the first of this process. */
  readonly resumed: boolean;
}

/**
 * What a connection tells of its life to those who only watch: metrics and diagnostics channels. Whoever has to act is told by the
 * listener.
 */
export class ConnectionDiagnostics {
  readonly #options: MqttConnectionOptions;
  readonly #metrics: ConnectionMetrics;
  /** Of the last accepted connection. */
  #version: ProtocolVersion | undefined;
  /** Servers of the list that were told to be so. */
  readonly #unusable = new Set<string>();

  constructor(options: MqttConnectionOptions, metrics: ConnectionMetrics) {
    this.#options = options;
    this.#metrics = metrics;
  }

  /** The next attempt begins. */
  retrying(address: ServerAddress): void {
    publishDiagnostic('reconnect', { name: this.#options.name, server: formatAddress(address) });
  }

  /** CONNACK 0 came. */
  accepted(event: ConnectedEvent, { address, version, olderBecause, resumed }: Acceptance): void {
    this.#metrics.connects.add();
    if (resumed) this.#metrics.reconnects.add();
    const { sessionPresent, clientId, epoch, limits } = event;
    tellShortenedExpiry(this.#options, limits);
    if (version !== this.#version) {
      this.#tellOlder(formatAddress(address), version, olderBecause);
      tellShared(this.#options, formatAddress(address), version);
      tellWill(this.#options, formatAddress(address), version);
    }
    this.#version = version;
    tellUnasked(this.#options, event.connack);
    publishDiagnostic('connect', {
      name: this.#options.name,
      server: formatAddress(address),
      version,
      sessionPresent,
      clientId,
      epoch,
      sessionExpiryInterval: limits.sessionExpiryInterval,
    });
  }

  /** A trial was held (R19a). */
  examined(verdict: Verdict, address: ServerAddress): void {
    const { name, clientId } = this.#options;
    publishDiagnostic('client-id-examined', { name, clientId, server: formatAddress(address), verdict });
  }

  /** The session is lost; `wentBack`: the server has it as it was at an earlier time (R5c). */
  lost(wentBack = false): void {
    const { name, clientId, onSessionLoss: policy } = this.#options;
    this.#metrics.sessionsLost.add();
    if (wentBack) publishDiagnostic('session-went-back', { name, clientId, policy });
    else publishDiagnostic('session-lost', { name, policy });
  }

  /** An attempt ended without a CONNACK 0. */
  failed(): void {
    this.#metrics.failures.add();
  }

  /** The server wants us elsewhere. */
  redirected({ from, to, moved, problem }: Redirect): void {
    const { name } = this.#options;
    const server = formatAddress(from);
    if (to === undefined) publishDiagnostic('redirect-refused', { name, server, moved, problem });
    else publishDiagnostic('redirect', { name, server, moved, to: formatAddress(to) });
  }

  /** An attempt or a connection ended; `next`: what follows. */
  ended(error: MillraceError, next: NextStep, server: string): void {
    const { name } = this.#options;
    const told = error.toJSON();
    if (next.do === 'retry' && next.refused === true) {
      publishDiagnostic('refused-for-now', { name, server, error: told, waitMs: Math.round(next.waitMs) });
    }
    if (next.do === 'retry' && next.unusable !== undefined) this.#tellUnusable(server, next.unusable);
    publishDiagnostic('disconnect', { name, error: told, next: next.do });
  }

  /** Once for each server: it is asked again in each round of its list. */
  #tellUnusable(server: string, error: MillraceError): void {
    if (this.#unusable.has(server)) return;
    this.#unusable.add(server);
    publishDiagnostic('server-unusable', { name: this.#options.name, server, error: error.toJSON() });
  }

  /** R5d: an older version that nobody asked for is never spoken without a word. */
  #tellOlder(server: string, version: ProtocolVersion, because: OlderBecause | undefined): void {
    if (because === undefined) return;
    publishDiagnostic('older-version', { name: this.#options.name, server, version, because });
  }
}

/** 3.x has no shared subscriptions: a server that has none either takes the filter for a topic of that name, and nothing ever comes. */
function tellShared({ name, subscriptions }: MqttConnectionOptions, server: string, version: ProtocolVersion): void {
  const filters = subscriptions.map(({ filter }) => filter).filter(isSharedFilter);
  if (version < 5 && filters.length > 0) publishDiagnostic('shared-below-5', { name, server, version, filters });
}

/**
 * Where another owner may take the store over, it takes our client id, too, and that ends our connection without a DISCONNECT: the server
 * publishes the will of a session that lives on. On 5.0 not if the will waits, for the next connection comes meanwhile [MQTT-3.1.3-9].
 */
function tellWill(
  { name, clientId, will, past }: MqttConnectionOptions,
  server: string,
  version: ProtocolVersion,
): void {
  if (will === undefined || past?.record.renew === undefined) return;
  const waits = version === 5 && (will.properties?.willDelayInterval ?? 0) > 0;
  if (!waits) publishDiagnostic('will-at-takeover', { name, clientId, server, version });
}

/**
 * A server that keeps the session for less than we asked for loses it when we are away for longer [MQTT-3.2.2.3.2]: said at each CONNACK.
 */
function tellShortenedExpiry(
  { name, clientId, sessionExpiryInterval: asked }: MqttConnectionOptions,
  { sessionExpiryInterval: granted }: ServerLimits,
): void {
  if (granted === undefined || granted >= asked) return;
  publishDiagnostic('session-expiry-shortened', { name, clientId, asked, granted });
}

/**
 * What a CONNACK answers although our CONNECT did not ask: an authentication method [MQTT-4.12.0-6], response information
 * [MQTT-3.1.2-28], a client id in place of the one that we have [MQTT-3.2.2-16]. It is ignored, and said at each CONNACK.
 */
function tellUnasked(options: MqttConnectionOptions, { properties }: ConnackPacket): void {
  if (properties === undefined) return;
  const { name, clientId, authentication, requestResponseInformation } = options;
  const asked: Readonly<Partial<Record<keyof typeof properties, boolean>>> = {
    authenticationMethod: authentication !== undefined,
    responseInformation: requestResponseInformation === true,
    assignedClientIdentifier: clientId === '',
  };
  const unasked = Object.entries(asked).filter(([property, wanted]) => property in properties && !wanted);
  if (unasked.length === 0) return;
  publishDiagnostic('properties-unasked', { name, clientId, properties: unasked.map(([property]) => property) });
}
