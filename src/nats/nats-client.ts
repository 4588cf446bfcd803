import { readFile } from 'node:fs/promises';
import type { Authenticator, Msg, MsgHdrs, NatsConnection, NodeConnectionOptions } from '@nats-io/transport-node';
import { MillraceError } from '../errors/millrace-error.js';
import { deferred } from '../internal/deferred.js';
import { withinMs } from '../internal/waiting/within-ms.js';
import { loadNats, type NatsModule } from './load-nats.js';
import { natsError, unreachable } from './nats-errors.js';
import type { NatsAuth, NatsOptions } from './nats-options.js';
import { serverPlaces } from './server-place.js';

/** One server that accepts and says nothing must not keep the others from being tried. */
const DIAL_MS = 5_000;
const RECONNECT_MS = 250;
/** A server that stands still is given up after two that are not answered. */
const PING_MS = 1_000;
/** Atomic batches. */
const LEAST_VERSION = [2, 12] as const;

/** Who hears what is sent to a subject. */
export interface NatsListener {
  /** The bytes are not changed afterwards. */
  onMessage(payload: Uint8Array): void;
  /** The servers end it. */
  onFailed(error: MillraceError): void;
}

/** A request to the servers. */
export interface NatsRequest {
  readonly subject: string;
  readonly payload: Uint8Array | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** In milliseconds. */
  readonly timeoutMs: number;
}

/**
 * A connection to a cluster of NATS servers, kept up for as long as it is open. It adds to the client of NATS that nothing waits for what
 * cannot come, and that all its errors are ours.
 *
 * NC1. A request that was under way when the connection ended is rejected at once, though its answer would be waited for by the client
 *      (which costs its whole timeout). Whether it was done is unknown, and the caller repeats what can be repeated.
 * NC2. Nothing is sent while there is no connection: the client would keep it, and drop it at the next one.
 */
export class NatsClient {
  /** Where the servers are, for messages. */
  readonly location: string;
  readonly #nats: NatsModule;
  readonly #connection: NatsConnection;
  /** How to end what waits for an answer of this connection, or for the next one. */
  readonly #waiting = new Map<(error: MillraceError) => void, string>();
  readonly #reconnected = new Set<() => void>();
  #connected = true;
  /** Why it can be used no more. */
  #end: MillraceError | undefined;

  private constructor(location: string, nats: NatsModule, connection: NatsConnection) {
    this.location = location;
    this.#nats = nats;
    this.#connection = connection;
    void this.#follow();
  }

  /**
   * Connects to one of the servers; which one may change from then on.
   * @throws MillraceError CLUSTER_UNREACHABLE, BAD_CREDENTIALS, TLS_REFUSED, UNSUPPORTED (without the packages, or servers that are too
   * old), INVALID_OPTIONS
   */
  static async open(options: NatsOptions): Promise<NatsClient> {
    const nats = await loadNats();
    const places = serverPlaces(options.servers);
    const location = `NATS at ${places.map(({ place }) => place).join(', ')}`;
    try {
      const connection = await nats.connect({
        servers: places.map(({ place }) => place),
        name: options.name ?? 'millrace',
        timeout: DIAL_MS,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RECONNECT_MS,
        pingInterval: PING_MS,
        maxPingOut: 2,
        noAsyncTraces: true,
        ...tlsOf(
          options,
          places.some(({ tls }) => tls),
        ),
        ...(options.auth && { authenticator: await authenticatorOf(nats, options.auth) }),
      });
      await checkVersion(connection, location);
      return new NatsClient(location, nats, connection);
    } catch (error) {
      throw natsError(error, location);
    }
  }

  /** That of the packages of NATS, for what they do by themselves. */
  get connection(): NatsConnection {
    return this.#connection;
  }

  /** Bytes that a message may have, with its headers. */
  get maxPayload(): number {
    return this.#connection.info?.max_payload ?? 0;
  }

  /**
   * Asks, once. @returns the answer, whatever it says
   * @throws MillraceError CLUSTER_UNREACHABLE when there was none, NOT_AUTHORIZED
   */
  request({ subject, payload, headers, timeoutMs }: NatsRequest): Promise<Msg> {
    return this.#settled(subject, () =>
      this.#connection.request(subject, payload, { timeout: timeoutMs, ...this.#headersOf(headers) }),
    );
  }

  /**
   * Asks for several messages. @param isLast tells the one that ends them
   * @returns all of them, the last one too
   * @throws MillraceError CLUSTER_UNREACHABLE when the last one has not come in time, NOT_AUTHORIZED
   */
  async requestAll(
    { subject, payload, timeoutMs }: Omit<NatsRequest, 'headers'>,
    isLast: (message: Msg) => boolean,
  ): Promise<readonly Msg[]> {
    const messages: Msg[] = [];
    const done = deferred<readonly Msg[]>();
    const inbox = this.#nats.createInbox();
    const answers = this.#connection.subscribe(inbox, {
      callback: (error, message) => {
        if (error !== null) return done.reject(error);
        messages.push(message);
        if (isLast(message)) done.resolve(messages);
      },
    });
    try {
      return await this.#settled(subject, () => {
        this.#connection.publish(subject, payload, { reply: inbox });
        return withinMs(done.promise, timeoutMs, () => new Error('timeout'));
      });
    } finally {
      answers.unsubscribe();
    }
  }

  /** Sends without an answer. Whether it arrives is unknown. */
  publish(subject: string, payload: Uint8Array, headers?: Readonly<Record<string, string>>): void {
    // one that the client has given up by itself is known to be closed a moment later
    if (!this.#connected || this.#connection.isClosed()) return;
    this.#connection.publish(subject, payload, this.#headersOf(headers));
  }

  /**
   * Listens to a subject, over every connection; what is sent while there is none does not come. Resolves, with what ends it, when an empty
   * message of our own has come: so we may send there, too. The listener is not told of empty ones.
   * @throws MillraceError CLUSTER_UNREACHABLE, NOT_AUTHORIZED
   */
  async subscribe(subject: string, listener: NatsListener): Promise<() => void> {
    const what = `subject ${subject} of ${this.location}`;
    const heard = deferred<void>();
    heard.promise.catch(() => {});
    let end = () => {};
    const callback = (error: Error | null, { data }: Msg): void => {
      if (error !== null) {
        heard.reject(error);
        listener.onFailed(natsError(error, what));
      } else if (data.byteLength === 0) heard.resolve();
      else listener.onMessage(data);
    };
    try {
      await this.#settled(subject, () => {
        const subscription = this.#connection.subscribe(subject, { callback });
        end = () => subscription.unsubscribe();
        this.#connection.publish(subject);
        return heard.promise;
      });
    } catch (error) {
      end();
      throw error;
    }
    return end;
  }

  /** Resolves when there is a connection, or after so long all the same. */
  async whenConnected(limitMs: number): Promise<void> {
    if (this.#connected) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#reconnected.delete(done);
        resolve();
      };
      const timer = setTimeout(done, limitMs);
      this.#reconnected.add(done);
    });
  }

  /** Ends it. What is under way is rejected. */
  async close(): Promise<void> {
    this.#over(undefined);
    await this.#connection.close();
  }

  async #settled<T>(subject: string, begin: () => Promise<T>): Promise<T> {
    const what = `a request to ${this.location}`;
    if (this.#end !== undefined) throw this.#end;
    if (!this.#connected) throw unreachable(`${what}: there is no connection`);
    let lost: (error: MillraceError) => void = () => {};
    const ended = new Promise<never>((_, reject) => {
      lost = reject;
    });
    this.#waiting.set(lost, subject);
    try {
      return await Promise.race([begin(), ended]);
    } catch (error) {
      throw natsError(error, what);
    } finally {
      this.#waiting.delete(lost);
    }
  }

  #headersOf(headers: Readonly<Record<string, string>> | undefined): { headers?: MsgHdrs } {
    if (headers === undefined) return {};
    const made = this.#nats.headers();
    for (const [name, value] of Object.entries(headers)) made.set(name, value);
    return { headers: made };
  }

  async #follow(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === 'disconnect') this.#lose(unreachable(`the connection to ${this.location} was lost`));
      else if (status.type === 'reconnect') this.#resume();
      else if (status.type === 'error') this.#deny(status.error);
    }
    // the client ends it when the servers refuse us again and again
    this.#over((await this.#connection.closed()) ?? undefined);
  }

  #over(error: Error | undefined): void {
    this.#end ??= error
      ? natsError(error, this.location)
      : new MillraceError('INVALID_STATE', `the connection to ${this.location} is closed`);
    this.#lose(this.#end);
    for (const done of [...this.#reconnected]) done();
  }

  #lose(error: MillraceError): void {
    this.#connected = false;
    for (const lost of this.#waiting.keys()) lost(error);
    this.#waiting.clear();
  }

  /** The client knows of most requests that are not allowed, but not of those for several messages. */
  #deny(error: Error): void {
    if (!('subject' in error)) return;
    for (const [lost, subject] of this.#waiting) {
      if (subject === error.subject) lost(natsError(error, `a request to ${this.location}`));
    }
  }

  #resume(): void {
    this.#connected = true;
    for (const done of [...this.#reconnected]) done();
  }
}

const tlsOf = ({ tls }: NatsOptions, byUrl: boolean): Pick<NodeConnectionOptions, 'tls'> => {
  if (typeof tls === 'object') return { tls: { ...tls } };
  return (tls ?? byUrl) ? { tls: {} } : {};
};

const authenticatorOf = async (nats: NatsModule, auth: NatsAuth): Promise<Authenticator> => {
  if ('user' in auth) return nats.usernamePasswordAuthenticator(auth.user, auth.password);
  if ('token' in auth) return nats.tokenAuthenticator(auth.token);
  if ('nkeySeed' in auth) return nats.nkeyAuthenticator(new TextEncoder().encode(auth.nkeySeed));
  return nats.credsAuthenticator(await readCredentials(auth.credentialsFile));
};

const readCredentials = async (path: string): Promise<Uint8Array> => {
  try {
    return await readFile(path);
  } catch (error) {
    throw MillraceError.from(error, 'INVALID_OPTIONS', 'auth.credentialsFile');
  }
};

const checkVersion = async (connection: NatsConnection, location: string): Promise<void> => {
  const version = connection.info?.version ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = LEAST_VERSION;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  await connection.close();
  throw new MillraceError(
    'UNSUPPORTED',
    `${location} runs version ${version}; a cluster needs ${LEAST_VERSION.join('.')}`,
    {
      advice: 'Upgrade the servers, one after the other.',
      details: { version },
    },
  );
};
