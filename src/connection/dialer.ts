import { MillraceError } from '../errors/millrace-error.js';
import { timedSignal } from '../internal/timed-signal.js';
import { publishDiagnostic } from '../metrics/diagnostics.js';
import type { ProtocolVersion } from '../protocol/protocol-version.js';
import { askCredentials } from './ask-credentials.js';
import type { Credentials } from './connect-options.js';
import type { ConnectionMetrics } from './connection-metrics.js';
import type { ConnectionOptions, ServerAddress } from './connection-options.js';
import { discardSession } from './discard-session.js';
import { formatAddress } from './format-address.js';
import { openTransport } from './open-transport.js';
import { systemLookup } from './reach-host.js';
import { isSecure } from './resolve-servers.js';
import type { Transport } from './transport.js';

/** The steps that lead to a connection, each within the connect timeout and until the signal aborts. */
export class Dialer {
  readonly #options: ConnectionOptions;
  readonly #metrics: ConnectionMetrics;
  readonly #signal: AbortSignal;

  constructor(options: ConnectionOptions, metrics: ConnectionMetrics, signal: AbortSignal) {
    this.#options = options;
    this.#metrics = metrics;
    this.#signal = signal;
  }

  /** Who we are now. */
  credentials(): Promise<Credentials> {
    return this.#timed('credentials', (signal) => askCredentials(this.#options.credentials, signal));
  }

  /** A byte stream to the server. TLS without verification is said, never silent. */
  transport(address: ServerAddress): Promise<Transport> {
    const { tls, webSocket, maximumPacketSize, name } = this.#options;
    if (isSecure(address) && !tls.rejectUnauthorized) {
      publishDiagnostic('insecure-tls', { name, server: formatAddress(address) });
    }
    return this.#timed(`connection to ${formatAddress(address)}`, (signal) =>
      openTransport({
        address,
        tls,
        webSocket,
        maximumPacketSize,
        signal,
        connectTimeoutMs: this.#options.connectTimeoutMs,
        lookup: systemLookup,
      }),
    );
  }

  /** Throws the session that the broker has for us away. */
  discard(transport: Transport, version: ProtocolVersion, credentials: Credentials): Promise<void> {
    return discardSession(transport, {
      options: this.#options,
      metrics: this.#metrics,
      version,
      credentials,
      signal: this.#signal,
    });
  }

  /** The same over a connection of its own, if that can be done in time. Never rejects. */
  async forget(address: ServerAddress, version: ProtocolVersion, withinMs: number): Promise<void> {
    if (withinMs <= 0) return;
    const limit = timedSignal(this.#signal, withinMs, () => new MillraceError('TIMEOUT', 'closing took too long'));
    const dialer = new Dialer(this.#options, this.#metrics, limit.signal);
    try {
      const credentials = await dialer.credentials();
      await dialer.discard(await dialer.transport(address), version, credentials);
    } catch (error) {
      const { name } = this.#options;
      publishDiagnostic('disconnect', { name, error: MillraceError.from(error).toJSON(), next: 'closed' });
    } finally {
      limit.dispose();
    }
  }

  #timed<T>(what: string, action: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const ms = this.#options.connectTimeoutMs;
    const late = (): Error =>
      new MillraceError('TIMEOUT', `no ${what} within ${ms} ms`, { details: { timeout: what } });
    const limit = timedSignal(this.#signal, ms, late);
    return action(limit.signal).finally(() => limit.dispose());
  }
}
