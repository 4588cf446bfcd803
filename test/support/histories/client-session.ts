import type { ConnectRequest, SessionOptions } from '../../../src/mqtt/protocol/index.js';

/** Options of a session under test: generous limits, timeouts in round numbers. */
export function sessionOptions(changes: Partial<SessionOptions> = {}): SessionOptions {
  return {
    clientId: 'client',
    maxInflight: 100,
    maximumPacketSize: 268_435_460,
    receiveMaximum: 65_535,
    topicAliasMaximum: 0,
    connackTimeoutMs: 10_000,
    pingrespTimeoutMs: 10_000,
    ackTimeoutMs: 30_000,
    ...changes,
  };
}

/** A CONNECT that keeps its session; 5.0 unless said otherwise. */
export function connectRequest(changes: Partial<ConnectRequest> = {}): ConnectRequest {
  return { version: 5, clean: false, keepAlive: 60, sessionExpiryInterval: 3600, ...changes };
}
