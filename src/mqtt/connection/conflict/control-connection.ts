import { randomBytes } from 'node:crypto';
import { MillraceError } from '../../../errors/millrace-error.js';
import type { ProtocolVersion } from '../../protocol/protocol-version.js';
import { Session } from '../../protocol/session/session.js';
import type { ConnectedEvent } from '../../protocol/session/session-event.js';
import { connectRequest, sessionOptions } from '../connect-request.js';
import type { ConnectionMetrics } from '../connection-metrics.js';
import { Dialer } from '../dialer.js';
import { Link, type LinkEnd } from '../link.js';
import type { Login } from '../login.js';
import type { MqttConnectionOptions, ServerAddress } from '../options/mqtt-connection-options.js';

/** Milliseconds for the DISCONNECT to leave. */
const GOODBYE_MS = 1000;
/** Seconds. A control connection that is alive must be known to be: the user's keep-alive may be off, or minutes. */
const KEEP_ALIVE = 5;
/** Short enough for a 3.1 server (23 characters). */
const freshClientId = (): string => `control-${randomBytes(7).toString('hex')}`;

/** Where a control connection goes. */
export interface ControlTarget {
  /** The server. */
  readonly address: ServerAddress;
  /** The version of its CONNECT: there is no other one to fall back to. */
  readonly version: ProtocolVersion;
  /** Absent: one that nobody else has. With that of a session this ends the session, for it begins clean. */
  readonly clientId?: string;
  /** With our client id, going on with our session and doing nothing in it: it takes the place of the connection (R19a). */
  readonly resume?: true;
}

/** How a control connection ended that was not stopped. */
export interface ControlEnd extends LinkEnd {
  /** Milliseconds from CONNACK; undefined when the server did not accept it: `error` says whether it refused (see `isConnectRefusal`). */
  readonly livedMs: number | undefined;
}

/** Whom a control connection tells. Nothing comes after `stop`. */
export interface ControlListener {
  /** CONNACK accepted it. */
  onAccepted(event: ConnectedEvent): void;
  /** It is over, or could not be opened; the last call. */
  onEnd(end: ControlEnd): void;
}

/** What a control connection is made of. */
export interface ControlParts {
  /** Those of the connection that it stands beside: credentials, TLS, WebSocket, time limits. */
  readonly options: MqttConnectionOptions;
  /** Its bytes count with those of that connection; as a connect it does not count. */
  readonly metrics: ConnectionMetrics;
  readonly listener: ControlListener;
}

interface Attempt {
  readonly stopping: AbortController;
  link?: Link;
  session?: Session;
  acceptedAt?: number;
}

/**
 * A second connection to the server of a connection, on which nothing is published and nothing subscribed. What ends it too is no
 * fault of a message (R20a), and no conflict of client ids (R19a). It begins clean and has no will; it lives until it is stopped or
 * ends, and every step that leads to it has the time limit that the connection itself has.
 */
export class ControlConnection {
  readonly #parts: ControlParts;
  #attempt: Attempt | undefined;

  constructor(parts: ControlParts) {
    this.#parts = parts;
  }

  /** It is being opened, or open. */
  get running(): boolean {
    return this.#attempt !== undefined;
  }

  /** Milliseconds since it was accepted; undefined while it is not. */
  get livedMs(): number | undefined {
    const acceptedAt = this.#attempt?.acceptedAt;
    return acceptedAt === undefined ? undefined : performance.now() - acceptedAt;
  }

  /** Opens it, unless it is running: there is one at a time. */
  start(target: ControlTarget): void {
    if (this.#attempt !== undefined) return;
    const attempt: Attempt = { stopping: new AbortController() };
    this.#attempt = attempt;
    this.#open(attempt, target).catch((error: unknown) => {
      this.#ended(attempt, { error: MillraceError.from(error), byFin: false });
    });
  }

  /** Ends it in order. Does nothing when it is not running. */
  stop(): void {
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    this.#attempt = undefined;
    const { link, session, acceptedAt, stopping } = attempt;
    if (acceptedAt === undefined) link?.destroy();
    else {
      session?.disconnect();
      void link?.close(GOODBYE_MS);
    }
    stopping.abort(new MillraceError('ABORTED', 'the control connection was stopped'));
  }

  async #open(attempt: Attempt, target: ControlTarget): Promise<void> {
    const { options, metrics } = this.#parts;
    const own = ownOptions(options, target);
    const dialer = new Dialer(own, metrics, attempt.stopping.signal);
    const login = await dialer.login(target.address);
    const transport = await dialer.transport(target.address);
    if (this.#attempt !== attempt) {
      transport.destroy();
      return;
    }
    const session = new Session({ ...sessionOptions(own), onlyWatches: true });
    attempt.session = session;
    attempt.link = new Link({
      session,
      transport,
      authenticator: login.authenticator,
      writeTimeoutMs: options.writeTimeoutMs,
      received: metrics.received,
      sent: metrics.sent,
      listener: {
        onEvents: (events) => {
          const connected = events.find((event) => event.type === 'connected');
          if (connected !== undefined) this.#accepted(attempt, connected);
        },
        onDrain: () => {},
        onEnd: (end) => this.#ended(attempt, end),
      },
    });
    attempt.link.start(requestOf(own, target, login));
  }

  #accepted(attempt: Attempt, event: ConnectedEvent): void {
    attempt.acceptedAt = performance.now();
    if (this.#attempt === attempt) this.#parts.listener.onAccepted(event);
  }

  #ended(attempt: Attempt, end: LinkEnd): void {
    if (this.#attempt !== attempt) return;
    const { livedMs } = this;
    this.#attempt = undefined;
    this.#parts.listener.onEnd({ ...end, livedMs });
  }
}

const ownOptions = (options: MqttConnectionOptions, { clientId, resume }: ControlTarget): MqttConnectionOptions => ({
  ...options,
  keepAlive: KEEP_ALIVE,
  will: undefined,
  // what is resumed must outlive this connection (R15)
  ...(resume === true ? {} : { clientId: clientId ?? freshClientId(), sessionExpiryInterval: 0 }),
});

const requestOf = (options: MqttConnectionOptions, { version, resume }: ControlTarget, login: Login) =>
  connectRequest(options, { version, clean: resume !== true, login, elsewhere: false, unverified: false });
