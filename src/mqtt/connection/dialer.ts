import { MillraceError } from '../../errors/millrace-error.js';
import { checkOptions } from '../../internal/options/check-options.js';
import { publishDiagnostic } from '../../metrics/diagnostics.js';
import type { ProtocolVersion } from '../protocol/protocol-version.js';
import { askProvider, providerFailed } from './authentication/ask-provider.js';
import { Authenticator } from './authentication/authenticator.js';
import type { ConnectionMetrics } from './connection-metrics.js';
import { discardSession } from './discard-session.js';
import { isLoopback } from './identity/broker-place.js';
import type { Login } from './login.js';
import { CREDENTIALS } from './options/connect-checks.js';
import type { Credentials } from './options/connect-options.js';
import type { MqttConnectionOptions, ServerAddress } from './options/mqtt-connection-options.js';
import { isSecure } from './options/servers/resolve-servers.js';
import { formatAddress } from './transport/format-address.js';
import { openTransport } from './transport/open-transport.js';
import { systemLookup } from './transport/reach-host.js';
import { timedSignal } from './transport/timed-signal.js';
import type { Transport } from './transport/transport.js';

/** The steps that lead to a connection, each within the connect timeout and until the signal aborts. */
export class Dialer {
  #options: MqttConnectionOptions;
  readonly #metrics: ConnectionMetrics;
  readonly #signal: AbortSignal;
  /** Of the last attempt, which may never have led to a link that ends it. */
  #authenticator: Authenticator | undefined;
  /** Servers for which it was told that a password goes to them in clear. */
  readonly #toldInClear = new Set<string>();

  constructor(options: MqttConnectionOptions, metrics: ConnectionMetrics, signal: AbortSignal) {
    this.#options = options;
    this.#metrics = metrics;
    this.#signal = signal;
  }

  /** From now on these count. */
  renew(options: MqttConnectionOptions): void {
    this.#options = options;
  }

  /** Who we are now, to this server, for one connection. */
  async login(address: ServerAddress): Promise<Login> {
    const credentials = await this.#timed('credentials', (signal) => askCredentials(this.#options.credentials, signal));
    this.#tellInClear(address, credentials);
    return this.loginAgain(address, { credentials });
  }

  /** The same for one more connection: an exchange serves one only. */
  async loginAgain(address: ServerAddress, { credentials }: Login): Promise<Login> {
    const authenticator = this.#authenticate(address);
    if (authenticator === undefined) return { credentials };
    const authentication = await this.#timed('authentication', (signal) => authenticator.begin(signal));
    return { credentials, authentication, authenticator };
  }

  /** A byte stream to the server. TLS without verification is said, never silent. */
  transport(address: ServerAddress): Promise<Transport> {
    const { tls, webSocket, maximumPacketSize, name } = this.#options;
    if (isSecure(address) && !tls.rejectUnauthorized) {
      publishDiagnostic('insecure-tls', { name, server: formatAddress(address) });
    }
    return this.#timed(`connection to ${formatAddress(address)}`, (signal) =>
      openTransport({
        address: this.#fresh(address),
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
  discard(transport: Transport, version: ProtocolVersion, login: Login): Promise<void> {
    return discardSession(transport, {
      options: this.#options,
      metrics: this.#metrics,
      version,
      login,
      signal: this.#signal,
    });
  }

  /** The same over a connection of its own, if that can be done in time. Never rejects. */
  async forget(address: ServerAddress, version: ProtocolVersion, withinMs: number): Promise<void> {
    if (withinMs <= 0) return;
    const limit = timedSignal(this.#signal, withinMs, () => new MillraceError('TIMEOUT', 'closing took too long'));
    // one of its own, with the time that closing has for its limit
    const dialer = new Dialer(this.#options, this.#metrics, limit.signal);
    try {
      const login = await dialer.login(address);
      await dialer.discard(await dialer.transport(address), version, login);
    } catch (error) {
      const { name } = this.#options;
      publishDiagnostic('disconnect', { name, error: MillraceError.from(error).toJSON(), next: 'closed' });
    } finally {
      limit.dispose();
    }
  }

  /** A password that everybody on the way can read: said once for each server, never silent. */
  #tellInClear(address: ServerAddress, { password }: Credentials): void {
    if (password === undefined || isSecure(address) || isLoopback(address)) return;
    const server = formatAddress(address);
    if (this.#toldInClear.has(server)) return;
    this.#toldInClear.add(server);
    publishDiagnostic('credentials-in-clear', { name: this.#options.name, server });
  }

  /** The same server, with the path that it has now: a presigned one is another at each connect. */
  #fresh(address: ServerAddress): ServerAddress {
    const server = formatAddress(address);
    const path = this.#options.servers.find((one) => formatAddress(one) === server)?.path;
    return path === undefined ? address : { ...address, path };
  }

  #authenticate(address: ServerAddress): Authenticator | undefined {
    const { authentication, name, clientId, connectTimeoutMs, connackTimeoutMs } = this.#options;
    this.#authenticator?.end();
    if (authentication === undefined) return undefined;
    const server = formatAddress(address);
    this.#authenticator = new Authenticator({
      authentication,
      name,
      clientId,
      server,
      signal: this.#signal,
      startTimeoutMs: connectTimeoutMs,
      finishTimeoutMs: connackTimeoutMs,
    });
    return this.#authenticator;
  }

  #timed<T>(what: string, action: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const ms = this.#options.connectTimeoutMs;
    const late = (): Error =>
      new MillraceError('TIMEOUT', `no ${what} within ${ms} ms`, { details: { timeout: what } });
    const limit = timedSignal(this.#signal, ms, late);
    return action(limit.signal).finally(() => limit.dispose());
  }
}

/** Asks the provider who we are. Its exception may hold a secret, so of it only the class and the code are told. */
async function askCredentials(
  provider: (signal: AbortSignal) => Credentials | Promise<Credentials>,
  signal: AbortSignal,
): Promise<Credentials> {
  return checkedCredentials(await askProvider('credentials', () => provider(signal), signal));
}

function checkedCredentials(credentials: Credentials): Credentials {
  const { username, password } = Object(credentials);
  const usernameOk = username === undefined || typeof username === 'string';
  const passwordOk = password === undefined || typeof password === 'string' || password instanceof Uint8Array;
  // one that has neither, and something else: nothing would be sent, for a wrong name
  const isNamed = username !== undefined || password !== undefined;
  const right = isNamed || checkOptions('the credentials', credentials, CREDENTIALS).problems.length === 0;
  if (usernameOk && passwordOk && right) return { username, password };
  throw providerFailed('credentials', 'gave something else than { username?: string, password?: string | Uint8Array }');
}
