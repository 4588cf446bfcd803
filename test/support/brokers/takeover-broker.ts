import type { PublishPacket, SubscribePacket } from '../../../src/mqtt/protocol/packet.js';
import { type FakeBroker, type FakeClient, startFakeBroker } from './fake-broker.js';

/** What the broker has of one client id. */
interface KeptSession {
  readonly filters: Set<string>;
  /** QoS 2 ids of the client that are not released. */
  readonly ids: Set<number>;
}

/** How it differs from a good one. */
export interface TakeoverBrokerOptions {
  /** It grants no subscription to `millrace/#`, so that no session can be verified. */
  readonly deniesMarkers?: boolean;
}

/**
 * A broker that keeps sessions, gives one to who connects last with its id, and hands a QoS 2 message on as soon as its PUBLISH comes
 * [MQTT-4.3.3-10]: what is published again under an id that is released is another message, and is handed on, too.
 */
export interface TakeoverBroker extends AsyncDisposable {
  readonly fake: FakeBroker;
  readonly port: number;
  readonly url: string;
  /** Payloads that were handed on, as text, in order. */
  readonly delivered: readonly string[];
  /** Clean CONNECTs, and DISCONNECTs with Session Expiry 0, in order. */
  readonly ends: readonly ('clean' | 'expiry')[];
  /** PUBLISHes are neither handed on nor answered. */
  deaf: boolean;
  /** Ends the session: as if it had never been. */
  forget(clientId: string): void;
  /** Makes an empty one. */
  remember(clientId: string): void;
  /** The filters that it has now. */
  save(clientId: string): ReadonlySet<string>;
  /** It has those again, and no others. */
  restore(clientId: string, filters: ReadonlySet<string>): void;
  /** Whether it has that filter. */
  has(clientId: string, filter: string): boolean;
  /** Sends to who has the session now. */
  publish(clientId: string, message: Pick<PublishPacket, 'packetId'> & { readonly text: string }): void;
}

export async function startTakeoverBroker({
  deniesMarkers = false,
}: TakeoverBrokerOptions = {}): Promise<TakeoverBroker> {
  const sessions = new Map<string, KeptSession>();
  const online = new Map<string, FakeClient>();
  const delivered: string[] = [];
  const ends: ('clean' | 'expiry')[] = [];
  const sessionOf = ({ connect }: FakeClient): KeptSession =>
    sessions.get(connect?.clientId ?? '') ?? { filters: new Set(), ids: new Set() };

  const takeOver = (client: FakeClient, clientId: string): void => {
    const before = online.get(clientId);
    online.set(clientId, client);
    if (before === undefined || before.ended) return;
    if (before.connect?.version === 5) before.send({ type: 'disconnect', reasonCode: 0x8e });
    before.fin();
  };
  const grant = (client: FakeClient, { packetId, subscriptions }: SubscribePacket): void => {
    const { filters } = sessionOf(client);
    const reasonCodes = subscriptions.map(({ filter, qos }) => {
      if (deniesMarkers && filter.startsWith('millrace/')) return client.connect?.version === 5 ? 0x87 : 0x80;
      filters.add(filter);
      return qos;
    });
    client.send({ type: 'suback', packetId, reasonCodes });
  };
  const take = (client: FakeClient, { payload, packetId }: PublishPacket): void => {
    if (broker.deaf) return;
    const { ids } = sessionOf(client);
    if (!ids.has(packetId)) delivered.push(new TextDecoder().decode(payload));
    ids.add(packetId);
    client.send({ type: 'pubrec', packetId, reasonCode: 0 });
  };

  const fake = await startFakeBroker({
    connect: (client, { clientId, clean }) => {
      takeOver(client, clientId);
      if (clean && sessions.delete(clientId)) ends.push('clean');
      const sessionPresent = sessions.has(clientId);
      if (!sessionPresent) sessions.set(clientId, { filters: new Set(), ids: new Set() });
      client.send({ type: 'connack', sessionPresent, reasonCode: 0 });
    },
    subscribe: grant,
    unsubscribe: (client, { packetId, filters }) => {
      const session = sessionOf(client);
      const found = filters.map((filter) => session.filters.delete(filter));
      const reasonCodes = client.connect?.version === 5 ? found.map((was) => (was ? 0x00 : 0x11)) : [];
      client.send({ type: 'unsuback', packetId, reasonCodes });
    },
    publish: take,
    pubrel: (client, { packetId }) => {
      sessionOf(client).ids.delete(packetId);
      client.send({ type: 'pubcomp', packetId, reasonCode: 0 });
    },
    pubrec: (client, { packetId }) => client.send({ type: 'pubrel', packetId, reasonCode: 0 }),
    disconnect: (client, { properties }) => {
      const { clientId = '', clean = false } = client.connect ?? {};
      const expires = properties?.sessionExpiryInterval === 0;
      if (expires) ends.push('expiry');
      // who was taken over takes no session with it
      if ((clean || expires) && online.get(clientId) === client) sessions.delete(clientId);
      client.fin();
    },
  });
  const broker: TakeoverBroker = {
    fake,
    port: fake.port,
    url: fake.url,
    delivered,
    ends,
    deaf: false,
    forget: (clientId) => void sessions.delete(clientId),
    remember: (clientId) => void sessions.set(clientId, { filters: new Set(), ids: new Set() }),
    save: (clientId) => new Set(sessions.get(clientId)?.filters),
    restore: (clientId, filters) => void sessions.set(clientId, { filters: new Set(filters), ids: new Set() }),
    has: (clientId, filter) => sessions.get(clientId)?.filters.has(filter) === true,
    publish: (clientId, { packetId, text }) => {
      const payload = new TextEncoder().encode(text);
      online.get(clientId)?.send({ type: 'publish', topic: 't', payload, qos: 2, retain: false, dup: false, packetId });
    },
    [Symbol.asyncDispose]: () => fake.stop(),
  };
  return broker;
}
