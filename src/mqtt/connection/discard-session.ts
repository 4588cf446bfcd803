import { deferred } from '../../internal/deferred.js';
import type { ProtocolVersion } from '../protocol/protocol-version.js';
import { Session } from '../protocol/session/session.js';
import { connectRequest, sessionOptions } from './connect-request.js';
import type { ConnectionMetrics } from './connection-metrics.js';
import { Link } from './link.js';
import type { Login } from './login.js';
import type { MqttConnectionOptions } from './options/mqtt-connection-options.js';
import type { Transport } from './transport/transport.js';

/** Milliseconds for the DISCONNECT to leave. */
const GOODBYE_MS = 1000;

/** What a discard needs besides an open transport. */
export interface DiscardRequest {
  /** Their will and session expiry are left out. */
  readonly options: MqttConnectionOptions;
  /** Its bytes count among those of its owner. */
  readonly metrics: ConnectionMetrics;
  /** With which the session was made. */
  readonly version: ProtocolVersion;
  /** Of this connection alone: the one that follows has another. */
  readonly login: Login;
  /** Cuts it; its reason is what the discard rejects with. */
  readonly signal: AbortSignal;
}

/**
 * Throws away what a broker keeps for our client id, by a clean connection that is closed at once (R6a, R8b). A session that is to
 * outlive a cut cannot be begun clean on 3.x, where Clean Session 1 ends it with the connection [MQTT-3.1.2-6]; and on 5.0
 * mosquitto 2.0 does not keep over its restart what began with Clean Start 1, whatever its expiry. So the session that is used
 * always begins by a CONNECT of its own that is not clean. Without the will, which is not meant for this connection.
 * Rejects with the error that a CONNECT would fail with.
 */
export async function discardSession(transport: Transport, request: DiscardRequest): Promise<void> {
  const options = { ...request.options, will: undefined, sessionExpiryInterval: 0 };
  const session = new Session(sessionOptions(options));
  const accepted = deferred<void>();
  const onAbort = (): void => accepted.reject(request.signal.reason);
  const link = new Link({
    session,
    transport,
    authenticator: request.login.authenticator,
    writeTimeoutMs: options.writeTimeoutMs,
    received: request.metrics.received,
    sent: request.metrics.sent,
    listener: {
      onEvents: (events) => {
        if (events.some((event) => event.type === 'connected')) accepted.resolve();
      },
      onDrain: () => {},
      onEnd: ({ error }) => accepted.reject(error),
    },
  });
  request.signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (request.signal.aborted) throw request.signal.reason;
    const { version, login } = request;
    link.start(connectRequest(options, { version, clean: true, login, elsewhere: false, unverified: false }));
    await accepted.promise;
    session.disconnect();
    await link.close(GOODBYE_MS);
  } catch (error) {
    link.destroy();
    throw error;
  } finally {
    request.signal.removeEventListener('abort', onAbort);
  }
}
