import { connect, type Socket } from 'node:net';

/** An answer as it came over the wire. */
export interface RawAnswer {
  /** 0: the connection was closed without one. */
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** What to send, byte for byte. */
export interface RawRequest {
  readonly method?: string;
  /** The whole target of the request line. */
  readonly path: string;
  /** Default: the Host of the port. Lines as they are sent. */
  readonly headers?: readonly string[];
  readonly host?: string | null;
  readonly body?: string;
}

type Place = { readonly port: number; readonly host?: string } | { readonly path: string };

/** Sends a request over a socket of its own and reads until the server closes it. */
export async function ask(place: Place, request: RawRequest): Promise<RawAnswer> {
  const socket = 'path' in place ? connect(place.path) : connect(place.port, place.host ?? '127.0.0.1');
  socket.write(rawRequest('port' in place ? place.port : undefined, request));
  return readAnswer(socket);
}

/** The bytes of a request that asks for the connection to be closed behind the answer. */
export function rawRequest(
  port: number | undefined,
  { method = 'GET', path, headers = [], host, body }: RawRequest,
): string {
  const own = port === undefined ? 'localhost' : `127.0.0.1:${port}`;
  const hosts = host === null ? [] : [`Host: ${host ?? own}`];
  const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
  return `${[`${method} ${path} HTTP/1.1`, ...hosts, 'Connection: close', ...headers, ...length].join('\r\n')}\r\n\r\n${body ?? ''}`;
}

/** What comes until the other end closes. */
export async function readAnswer(socket: Socket): Promise<RawAnswer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  // a connection that is cut off has given what it had
  socket.on('error', () => {});
  await new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  const [head = '', ...rest] = Buffer.concat(chunks).toString('utf8').split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = lines.map(
    (line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)] as const,
  );
  return { status: Number(statusLine.split(' ')[1] ?? 0), headers: new Map(headers), body: rest.join('\r\n\r\n') };
}
