import { publishDiagnostic } from '../../metrics/diagnostics.js';
import type { ConnackPacket } from '../protocol/packet.js';
import type { MqttConnectionOptions } from './options/mqtt-connection-options.js';

/**
 * What a CONNACK answers although our CONNECT did not ask: an authentication method [MQTT-4.12.0-6], response information
 * [MQTT-3.1.2-28], a client id in place of the one that we have [MQTT-3.2.2-16]. It is ignored, and said at each CONNACK.
 */
export function tellUnasked(options: MqttConnectionOptions, { properties }: ConnackPacket): void {
  if (properties === undefined) return;
  const { name, clientId, authentication, requestResponseInformation } = options;
  const asked: Readonly<Partial<Record<keyof typeof properties, boolean>>> = {
    authenticationMethod: authentication !== undefined,
    responseInformation: requestResponseInformation === true,
    assignedClientIdentifier: clientId === '',
  };
  const unasked = Object.entries(asked).filter(([property, wanted]) => property in properties && !wanted);
  if (unasked.length === 0) return;
  publishDiagnostic('properties-unasked', { name, clientId, properties: unasked.map(([property]) => property) });
}
