import type { ServerAddress } from './connection-options.js';

/**
 * What only one connection of a job may use: a client id at a broker, for a second one would take the session over
 * [MQTT-3.1.4-3]. The `claims` of sources and sinks; addresses are compared as they are written.
 */
export const sessionClaims = (servers: readonly ServerAddress[], clientId: string): readonly string[] =>
  servers.map(({ host, port }) => `MQTT client id "${clientId}" at ${host.toLowerCase()}:${port}`);
