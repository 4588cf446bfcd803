import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { JobRunner } from '../engine/job-runner.js';
import { MillraceError } from '../errors/millrace-error.js';
import { Answers } from './answers.js';
import { HttpService } from './http-service.js';
import { LetterAnswers } from './letters/letter-answers.js';
import { type ListeningPlace, listenAt, placeOf } from './listening-place.js';
import { PageFiles } from './page-files.js';
import { hostOfAddress, type KnownHosts } from './policy/known-hosts.js';
import {
  type HttpTlsOptions,
  type ResolvedServeOptions,
  resolveServeOptions,
  type ServeOptions,
} from './serve-options.js';
import { TokenCheck } from './token-check.js';
import { ProcessListener } from './told/process-listener.js';

/** A server that tells of the jobs of an engine. */
export interface Served extends AsyncDisposable {
  /** `http://127.0.0.1:9090`, or `unix:` and the path of the socket. */
  readonly url: string;
  /** Undefined on a Unix socket. */
  readonly port: number | undefined;
  /** Others reach it, and what they send and get can be read on the way, the token too. */
  readonly exposed: boolean;
  /** Ends its connections, and listens no more. The jobs go on. */
  close(): Promise<void>;
}

/**
 * Serves the state of an engine's jobs: a page at `/`, `/live`, `/ready`, `/metrics`, `/api/jobs`, `/api/events`, `/api/dead-letters` and, where it is allowed,
 * control. It tells of what happens from now on: serve before the jobs begin. The engine goes on when the server is closed, and the other way round.
 * @throws MillraceError INVALID_OPTIONS, also for an address that others reach without a token; INVALID_STATE when it cannot be listened at
 */
export const serve = async (engine: JobRunner, options: ServeOptions): Promise<Served> => {
  const resolved = resolveServeOptions(options);
  const place = await placeOf(resolved);
  const reached = place.kind === 'address' && !place.loopback;
  if (reached && resolved.token === undefined) throw noToken(place.address);
  const server = createBounded(resolved);
  const sockets = socketsOf(server);
  const listener = new ProcessListener((job) => engine.getJob(job) !== undefined);
  let port: number | undefined;
  try {
    port = await listenAt(server, place);
  } catch (error) {
    listener[Symbol.dispose]();
    throw error;
  }
  const hosts = knownHosts(resolved, place, port);
  const { tls, token, allowControl, maxViewers } = resolved;
  const scheme = tls === undefined ? 'http' : 'https';
  const answers = new Answers(engine, listener, allowControl);
  const service = new HttpService({
    engine,
    answers,
    letters: new LetterAnswers(engine),
    policy: { hosts, scheme, openToRead: !reached, allowControl },
    tokens: new TokenCheck(token),
    maxViewers,
    page: new PageFiles(),
  });
  service.attach(server);
  const url = place.kind === 'path' ? `unix:${place.path}` : `${scheme}://${hostOfAddress(place.address)}:${port}`;
  const exposed = reached && tls === undefined;
  if (exposed && resolved.warnings) warnOfExposure(url);
  server.once('close', () => {
    answers[Symbol.dispose]();
    listener[Symbol.dispose]();
  });
  const close = onceClosed(server, sockets, service);
  return { url, port, exposed, close, [Symbol.asyncDispose]: close };
};

/** What a connection may take, whoever has it. */
const BOUNDS = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
} as const;
const IDLE_MS = 30_000;

const createBounded = ({ tls, maxConnections }: ResolvedServeOptions): Server => {
  const server = tls === undefined ? createServer(BOUNDS) : createEncrypted(tls);
  server.maxConnections = maxConnections;
  server.maxHeadersCount = 64;
  server.timeout = IDLE_MS;
  return server;
};

const createEncrypted = ({ cert, key }: HttpTlsOptions): Server => {
  try {
    return createTlsServer({ ...BOUNDS, cert: bytesOf(cert), key: bytesOf(key), minVersion: 'TLSv1.2' });
  } catch (cause) {
    // what OpenSSL says of a key names none of it
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MillraceError('INVALID_OPTIONS', `serve: tls: cert and key do not fit together, or are no PEM: ${why}`);
  }
};

const bytesOf = (text: string | Uint8Array): string | Buffer => (typeof text === 'string' ? text : Buffer.from(text));

const knownHosts = (
  { at, hosts: allowed, tls }: ResolvedServeOptions,
  place: ListeningPlace,
  port: number | undefined,
): KnownHosts => {
  const named = 'host' in at ? [hostOfAddress(at.host)] : [];
  const bound = place.kind === 'path' ? ['localhost'] : ['localhost', ...named, hostOfAddress(place.address)];
  return { bound, allowed, port, defaultPort: tls === undefined ? 80 : 443 };
};

const noToken = (address: string): MillraceError =>
  new MillraceError('INVALID_OPTIONS', `serve: ${address} is reached by others, which needs a token`, {
    advice:
      'Give a token of 128 random bits (openssl rand -hex 32), the command by MILLRACE_HTTP_TOKEN or --http-token-file; or listen at 127.0.0.1 or a Unix socket.',
  });

const warnOfExposure = (url: string): void =>
  process.emitWarning(`${url} is reached by others, and not encrypted: the token can be read on the way`, {
    code: 'MILLRACE_HTTP_NOT_ENCRYPTED',
    detail: 'Give it a certificate (tls), a Unix socket, or an address that only a proxy with TLS reaches.',
  });

/** All of them: those that shake hands for TLS, or have sent nothing yet, Node does not count as connections of HTTP. */
const socketsOf = (server: Server): ReadonlySet<Socket> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
};

const onceClosed = (server: Server, sockets: ReadonlySet<Socket>, service: HttpService): (() => Promise<void>) => {
  let closed: Promise<void> | undefined;
  return () => {
    closed ??= closeAll(server, sockets, service);
    return closed;
  };
};

const closeAll = async (server: Server, sockets: ReadonlySet<Socket>, service: HttpService): Promise<void> => {
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  await service.end();
  for (const socket of sockets) socket.destroy();
  await closed;
};
