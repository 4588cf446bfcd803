import { openTcp } from './open-tcp.js';
import { openTls } from './open-tls.js';
import { openWebSocket } from './open-web-socket.js';
import { type Reach, reachHost } from './reach-host.js';
import type { Transport } from './transport.js';
import { connectError } from './transport-error.js';
import type { TransportRequest } from './transport-request.js';

/** Opens a byte stream to the address, with TLS and the WebSocket handshake where it asks for them. Rejects with a MillraceError. */
export async function openTransport(request: TransportRequest): Promise<Transport> {
  const reach = await reachOf(request);
  switch (request.address.protocol) {
    case 'mqtt':
      return openTcp(request, reach);
    case 'mqtts':
      return openTls(request, reach);
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
