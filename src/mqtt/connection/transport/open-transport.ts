import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { tlsOptions } from '../options/tls-options.js';
import { awaitSocket } from './await-socket.js';
import { openWebSocket } from './open-web-socket.js';
import { type Reach, reachHost } from './reach-host.js';
import type { Transport } from './transport.js';
import { connectError } from './transport-error.js';
import type { TransportRequest } from './transport-request.js';

/** Opens a byte stream to the address, with TLS and the WebSocket handshake where it asks for them. Rejects with a MillraceError. */
export async function openTransport(request: TransportRequest): Promise<Transport> {
  const reach = await reachOf(request);
  const { host, port, protocol } = request.address;
  switch (protocol) {
    case 'mqtt':
      // without Nagle's delay
      return awaitSocket(connectTcp({ host, port, ...reach }), 'connect', request);
    case 'mqtts':
      // a certificate that does not hold is TLS_REFUSED: it never falls back to plain text
      return awaitSocket(
        connectTls({ host, port, ...tlsOptions(request.tls, host), ...reach }),
        'secureConnect',
        request,
      );
    case 'ws':
    case 'wss':
      return openWebSocket(request, reach);
  }
}

async function reachOf(request: TransportRequest): Promise<Reach> {
  const { address } = request;
  try {
    return await reachHost({ ...request, host: address.host });
  } catch (error) {
    throw connectError(error, address);
  }
}
