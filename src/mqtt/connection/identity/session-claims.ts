import type { ServerAddress } from '../options/mqtt-connection-options.js';
import { brokerPlace } from './broker-place.js';

/**
 * What only one connection of a job may use: a client id at a broker, for a second one would take the session over
 * [MQTT-3.1.4-3]. The `claims` of sources and sinks; two names in DNS of one broker are not recognized.
 */
export const sessionClaims = (servers: readonly ServerAddress[], clientId: string): readonly string[] =>
  servers.map((server) => `MQTT client id "${clientId}" at ${brokerPlace(server)}`);
