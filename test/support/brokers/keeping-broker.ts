import type { FakeClient, FakeScript } from './fake-broker.js';

/** The sessions of a scripted broker: client id → the filters it has. */
export type KeptSessions = Map<string, Set<string>>;

/** The part of a script that keeps sessions by the specification: present, subscribed, unsubscribed with 0x00 or 0x11. */
export function keepingScript(sessions: KeptSessions = new Map()): FakeScript & Required<Pick<FakeScript, 'connect'>> {
  const filtersOf = (client: FakeClient): Set<string> => sessions.get(client.connect?.clientId ?? '') ?? new Set();
  return {
    connect: (client, { clientId, clean }) => {
      if (clean) sessions.delete(clientId);
      const sessionPresent = sessions.has(clientId);
      if (!sessionPresent) sessions.set(clientId, new Set());
      client.send({ type: 'connack', sessionPresent, reasonCode: 0 });
    },
    subscribe: (client, { packetId, subscriptions }) => {
      for (const { filter } of subscriptions) filtersOf(client).add(filter);
      client.send({ type: 'suback', packetId, reasonCodes: subscriptions.map(({ qos }) => qos) });
    },
    unsubscribe: (client, { packetId, filters }) => {
      const found = filters.map((filter) => filtersOf(client).delete(filter));
      const reasonCodes = client.connect?.version === 5 ? found.map((was) => (was ? 0x00 : 0x11)) : [];
      client.send({ type: 'unsuback', packetId, reasonCodes });
    },
    disconnect: (client) => {
      const { connect } = client;
      if (connect?.clean === true) sessions.delete(connect.clientId);
      client.fin();
    },
  };
}

/** Like it, but each CONNACK says that the session ends with its connection. */
export const forgettingScript = (): ReturnType<typeof keepingScript> => ({
  ...keepingScript(),
  connect: (client) => {
    const properties = { sessionExpiryInterval: 0 };
    client.send({ type: 'connack', sessionPresent: false, reasonCode: 0, properties });
  },
});
