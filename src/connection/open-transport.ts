import { openTcp } from './open-tcp.js';
import { openTls } from './open-tls.js';
import { openWebSocket } from './open-web-socket.js';
import type { Transport } from './transport.js';
import type { TransportRequest } from './transport-request.js';

/** Opens a byte stream to the address, with TLS and the WebSocket handshake where it asks for them. Rejects with a MillraceError. */
export function openTransport(request: TransportRequest): Promise<Transport> {
  switch (request.address.protocol) {
    case 'mqtt':
      return openTcp(request);
    case 'mqtts':
      return openTls(request);
    case 'ws':
    case 'wss':
      return openWebSocket(request);
  }
}
