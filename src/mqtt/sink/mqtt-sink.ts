import { defineSink } from '../../connector/define-sink.js';
import type { DurableSinkWriter, RestoreOutbox } from '../../connector/durable-sink.js';
import type { OpenContext } from '../../connector/open-context.js';
import { withOutbox } from '../../connector/outbox/with-outbox.js';
import type { Sink } from '../../connector/sink.js';
import type { SinkWriter } from '../../connector/sink-writer.js';
import { onceLoaded } from '../../internal/once-loaded.js';
import type { ResolvedSink } from './options/resolve-sink.js';
import { refuseGuarantee } from './refuse-guarantee.js';

/** What opens a sink, and with it the connections and their sockets: a process that only builds pipelines does not load them. */
export const loadWriters = onceLoaded(() => import('./open-writers.js'));

/**
 * A resolved MQTT sink as an engine takes it. Who answers for its messages is chosen here: its sessions (`direct/`), or a store
 * (`outbox/`).
 */
export const mqttSink = <T>(sink: ResolvedSink<T>): Sink<T> =>
  defineSink<T>({
    name: sink.name,
    claims: sink.clients.claims,
    claimScope: 'engine',
    claimsOf: (partition) => sink.clients.claimsOf(partition),
    refuse: (guarantee) => refuseGuarantee(sink, guarantee),
    onError: sink.onError,
    load: loadWriters,
    createWriter: (context) => createWriter(sink, context),
    createDurableWriter: (context, restore) => createDurableWriter(sink, context, restore),
  });

const createWriter = async <T>(sink: ResolvedSink<T>, context: OpenContext): Promise<SinkWriter<T>> =>
  (await loadWriters()).openWriter(sink, context);

/** A sink whose client ids differ from run to run has nothing to go on with but its items: at least once, as a sink of the user's own. */
const createDurableWriter = async <T>(
  sink: ResolvedSink<T>,
  context: OpenContext,
  restore: RestoreOutbox,
): Promise<DurableSinkWriter<T>> => {
  const refusal = refuseGuarantee(sink, context.guarantee);
  if (refusal !== undefined) throw refusal;
  const { durable } = context;
  if (durable !== undefined && sink.clients.named) {
    const { openOutboxWriter } = await loadWriters();
    return openOutboxWriter(sink, { ...context, durable }, restore);
  }
  const { name, onError } = sink;
  return withOutbox({ name, onError, createWriter: (inner) => createWriter(sink, inner) }, context, restore);
};
