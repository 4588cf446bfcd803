import { publishDiagnostic } from '../../metrics/diagnostics.js';
import type { ServerLimits } from '../protocol/session/session-event.js';
import type { MqttConnectionOptions } from './options/mqtt-connection-options.js';

/** A server that keeps the session for less than we asked for loses it when we are away for longer [MQTT-3.2.2.3.2]: said at each CONNACK. */
export function tellShortenedExpiry(
  { name, clientId, sessionExpiryInterval: asked }: MqttConnectionOptions,
  { sessionExpiryInterval: granted }: ServerLimits,
): void {
  if (granted === undefined || granted >= asked) return;
  publishDiagnostic('session-expiry-shortened', { name, clientId, asked, granted });
}
