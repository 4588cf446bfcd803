import { createHash } from 'node:crypto';
import type { MqttConnectionOptions } from './mqtt-connection-options.js';

/** Bytes that are kept: enough to see a change, too little to find a password by. */
const KEPT_BYTES = 2;

/**
 * Tells whether a session was accepted with the settings of now (R24): where it connects, as whom, what it subscribes to, and what the
 * guarantee needs of the broker. What a user's function gives anew at each connect does not count: signed queries, header values,
 * credentials of a provider.
 */
export function settingsDigest(options: MqttConnectionOptions): string {
  const { servers, version, clientId, tls, webSocket, subscriptions, fixedCredentials } = options;
  const places = servers.map(({ protocol, host, port, path }) => [protocol, host, port, path.split('?', 1)]);
  const { requireQos2, requireKeptSession } = options;
  // nothing where the guarantee needs nothing
  const needed = requireQos2 || requireKeptSession ? [[requireQos2, requireKeptSession]] : [];
  const settings = [places, version, clientId, tls, webSocket.protocol, subscriptions, fixedCredentials, ...needed];
  return createHash('sha256')
    .update(JSON.stringify(settings, bytesAsText))
    .digest('hex')
    .slice(0, 2 * KEPT_BYTES);
}

const bytesAsText = (_key: string, value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
