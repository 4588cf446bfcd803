import { connect } from 'node:net';
import { awaitSocket } from './await-socket.js';
import type { Reach } from './reach-host.js';
import type { Transport } from './transport.js';
import type { TransportRequest } from './transport-request.js';

/** Opens a plain TCP connection, without Nagle's delay. */
export async function openTcp(request: TransportRequest, reach: Reach): Promise<Transport> {
  const { host, port } = request.address;
  return awaitSocket(connect({ host, port, ...reach }), 'connect', request);
}
