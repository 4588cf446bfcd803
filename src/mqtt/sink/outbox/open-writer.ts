import type { DurableContext } from '../../../connector/durable-context.js';
import type { DurableSinkWriter, RestoreOutbox } from '../../../connector/durable-sink.js';
import type { OpenContext } from '../../../connector/open-context.js';
import { publishDiagnostic } from '../../../metrics/diagnostics.js';
import { readSessionRecord } from '../../connection/identity/record/read-session-record.js';
import type { MqttConnectionOptions } from '../../connection/options/mqtt-connection-options.js';
import type { ResolvedSink } from '../options/resolve-sink.js';
import { MqttOutboxWriter, type OutboxWriterOwner } from './mqtt-outbox-writer.js';
import { OutboxClient } from './outbox-client.js';
import { restoreOutbox } from './sender/restore-outbox.js';
import { RowCodec } from './sender/row-codec.js';

/** What a job with a store gives. */
export interface StoredContext extends OpenContext {
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
  const { guarantee, metrics } = context;
  const requireKeptSession = guarantee === 'exactly-once';
  const requireQos2 = requireKeptSession && !sink.allowLowerQos;
  const session = { stored: true, onSessionLoss: sink.onSessionLoss(guarantee), requireQos2, requireKeptSession };
  const connections = sink.clients.connections(metrics, name, session);
  const codec = new RowCodec();
  const parts = {
    name,
    topic,
    encode: sink.encoder(guarantee),
    codec,
    leastQos: requireQos2 ? 2 : 0,
    failOnRejection: onError === 'fail',
  } as const;
  const createClients = (owner: OutboxWriterOwner): readonly OutboxClient[] =>
    connections.map((connection) => createClient({ sink, context, restore, codec, connection, owner }));
  return new MqttOutboxWriter<T>(parts, metrics, createClients, context.signal);
};

interface ClientParts<T> {
  readonly sink: ResolvedSink<T>;
  readonly context: StoredContext;
  readonly restore: RestoreOutbox;
  readonly codec: RowCodec;
  readonly connection: MqttConnectionOptions;
  readonly owner: OutboxWriterOwner;
}

const createClient = <T>({ sink, context, restore, codec, connection, owner }: ClientParts<T>): OutboxClient => {
  const { clientId } = connection;
  const record = context.durable.record(clientId);
  const birth = restoreOutbox(restore(clientId), readSessionRecord(record.value), codec);
  const { sent, unwritten, dropped, end, next } = birth;
  publishDiagnostic('outbox-restored', {
    sink: sink.name,
    clientId,
    unsent: end - next,
    inDoubt: sent.length + unwritten.length,
    dropped,
  });
  return new OutboxClient({
    connection: {
      ...connection,
      past: { record, restored: birth.session, onUnknownSession: sink.onUnknownSession },
    },
    birth,
    codec,
    limits: sink.outboxLimits,
    retry: sink.retry,
    owner,
  });
};
