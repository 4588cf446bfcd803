import type { DurableContext } from '../../../connector/durable-context.js';
import type { DurableSinkWriter, RestoreOutbox } from '../../../connector/durable-sink.js';
import type { OpenContext } from '../../../connector/open-context.js';
import type { ResolvedSink } from '../options/resolve-sink.js';
import { createClient } from './create-client.js';
import { MqttOutboxWriter } from './mqtt-outbox-writer.js';
import type { OutboxClient, OutboxClientOwner } from './outbox-client.js';
import { RowCodec } from './sender/row-codec.js';

/** What a job with a store gives. */
export interface StoredContext extends OpenContext {
  /** Has the record of each client's session. */
  readonly durable: DurableContext;
}

/**
 * An MQTT sink behind the outboxes of a store: one for each client, under its client id. It connects while it takes rows already.
 * @throws MillraceError STORE_CORRUPT, and what the options are refused with
 */
export const openWriter = async <T>(
  sink: ResolvedSink<T>,
  context: StoredContext,
  restore: RestoreOutbox,
): Promise<DurableSinkWriter<T>> => {
  const { name, topic, onError } = sink;
  const { guarantee, metrics, partition } = context;
  // at-least-once sends again what a lost session leaves in doubt, so that no broker has to keep one
  const requireKeptSession = guarantee === 'exactly-once';
  const requireQos2 = requireKeptSession && !sink.allowLowerQos;
  const session = { stored: true, onSessionLoss: sink.onSessionLoss(guarantee), requireQos2, requireKeptSession };
  const connections = sink.clients.connections(metrics, name, session, partition);
  const codec = new RowCodec();
  const parts = {
    name,
    topic,
    encode: sink.encoder(guarantee),
    codec,
    leastQos: requireQos2 ? 2 : 0,
    failOnRejection: onError === 'fail',
  } as const;
  const { durable, signal } = context;
  const createClients = (owner: OutboxClientOwner): readonly OutboxClient[] =>
    connections.map((connection) => createClient({ sink, durable, restore, codec, connection, owner }));
  return new MqttOutboxWriter<T>(parts, metrics, createClients, signal);
};
