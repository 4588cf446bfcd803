import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type WebSocket from 'ws';
import { deferred } from '../../../internal/deferred.js';
import { loadPackage } from '../../../internal/load-package.js';
import { tlsOptions } from '../options/tls-options.js';
import { formatAddress } from './format-address.js';
import type { Reach } from './reach-host.js';
import type { Transport } from './transport.js';
import { connectError, webSocketError } from './transport-error.js';
import type { TransportRequest } from './transport-request.js';
import { WebSocketTransport } from './web-socket-transport.js';

/** Least bound of one WebSocket message: a server may put many packets into one. */
const MIN_MESSAGE_BOUND = 16 * 1024 * 1024;
/** Most: the largest packet of MQTT, and some beside it. */
const MAX_MESSAGE_BOUND = 272 * 1024 * 1024;

async function connect(request: TransportRequest, reach: Reach): Promise<WebSocket> {
  const { address, tls, webSocket, maximumPacketSize } = request;
  const { WebSocket: Socket } = await loadPackage('ws', 'a WebSocket', () => import('ws'));
  return new Socket(`${formatAddress(address)}${address.path}`, [webSocket.protocol], {
    headers: { ...webSocket.headers },
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: Math.min(MAX_MESSAGE_BOUND, Math.max(MIN_MESSAGE_BOUND, 2 * maximumPacketSize)),
    ...reach,
    ...(address.protocol === 'wss' ? tlsOptions(tls, address.host) : {}),
  });
}

/** What ws itself finds wrong in the handshake comes as an error without a code. */
function openError(error: Error, request: TransportRequest): unknown {
  const isHandshake = !('code' in error) && /^(Server sent|Invalid|Unexpected|Missing)/.test(error.message);
  return isHandshake ? webSocketError(error.message, request.address, 400) : connectError(error, request.address);
}

/** Opens a WebSocket that speaks the `mqtt` subprotocol [MQTT-6.0.0-3, MQTT-6.0.0-4]. Anything else is WEBSOCKET_REFUSED. */
export async function openWebSocket(request: TransportRequest, reach: Reach): Promise<Transport> {
  const { address, signal } = request;
  const socket = await connect(request, reach);
  const opened = deferred<Transport>();
  let finSeen = false;
  const onAbort = (): void => opened.reject(signal.reason);
  // Bun puts a ws of its own in place of the package, which shows no socket: whether that ended in order is not known there
  socket.once('upgrade', ({ socket: raw }: { readonly socket: Socket | null }) => {
    raw?.setNoDelay(true);
    raw?.once('end', () => {
      finSeen = true;
    });
  });
  // made in the same turn: a message may follow before a promise is handled
  socket.once('open', () => opened.resolve(new WebSocketTransport(socket, address, () => finSeen)));
  socket.once('unexpected-response', (_request, response: IncomingMessage) => {
    const status = response.statusCode ?? 0;
    opened.reject(webSocketError(`the server answered the WebSocket handshake with HTTP ${status}`, address, status));
  });
  socket.on('error', (error: Error) => opened.reject(openError(error, request)));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await opened.promise;
  } catch (error) {
    socket.terminate();
    throw error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
