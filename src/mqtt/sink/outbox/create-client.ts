import type { DurableContext } from '../../../connector/durable-context.js';
import type { RestoreOutbox } from '../../../connector/durable-sink.js';
import { publishDiagnostic } from '../../../metrics/diagnostics.js';
import { readSessionRecord } from '../../connection/identity/record/read-session-record.js';
import type { MqttConnectionOptions } from '../../connection/options/mqtt-connection-options.js';
import type { ResolvedSink } from '../options/resolve-sink.js';
import { OutboxClient, type OutboxClientOwner } from './outbox-client.js';
import { restoreOutbox } from './sender/restore-outbox.js';
import type { RowCodec } from './sender/row-codec.js';

/** What a client of a sink behind a store is made of. */
export interface StoredClientParts {
  /** What of its options a client needs. */
  readonly sink: Pick<ResolvedSink<never>, 'name' | 'outboxLimits' | 'retry' | 'onUnknownSession'>;
  /** Where the session of the client is recorded. */
  readonly durable: DurableContext;
  /** Asked once, by the client id. */
  readonly restore: RestoreOutbox;
  /** Shared with the writer, which encodes what is decoded here. */
  readonly codec: RowCodec;
  /** Still without a past. */
  readonly connection: MqttConnectionOptions;
  /** Told of what is delivered, and of the end. */
  readonly owner: OutboxClientOwner;
}

/** A client of a sink behind a store, with what the store has of its outbox and its session. @throws MillraceError STORE_CORRUPT */
export const createClient = (parts: StoredClientParts): OutboxClient => {
  const { sink, durable, restore, codec, connection, owner } = parts;
  const { clientId } = connection;
  const record = durable.record(clientId);
  // the record says whether what the rows were sent in is still the session (R5)
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
