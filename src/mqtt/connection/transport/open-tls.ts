import { connect } from 'node:tls';
import { tlsOptions } from '../options/tls-options.js';
import { awaitSocket } from './await-socket.js';
import type { Reach } from './reach-host.js';
import type { Transport } from './transport.js';
import type { TransportRequest } from './transport-request.js';

/** Opens a TLS connection. A certificate that does not hold is TLS_REFUSED; it never falls back to plain text. */
export async function openTls(request: TransportRequest, reach: Reach): Promise<Transport> {
  const { host, port } = request.address;
  return awaitSocket(connect({ host, port, ...tlsOptions(request.tls, host), ...reach }), 'secureConnect', request);
}
