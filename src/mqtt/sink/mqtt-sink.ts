import { defineSink } from '../../connector/define-sink.js';
import type { DurableSinkWriter, RestoreOutbox } from '../../connector/durable-sink.js';
import type { OpenContext } from '../../connector/open-context.js';
import { withOutbox } from '../../connector/outbox/with-outbox.js';
import type { Sink } from '../../connector/sink.js';
import type { SinkWriter } from '../../connector/sink-writer.js';
import { MqttSinkWriter } from './mqtt-sink-writer.js';
import { VOLATILE_SESSION } from './options/resolve-clients.js';
import type { ResolvedSink } from './options/resolve-sink.js';
import { openOutboxWriter } from './outbox/open-outbox-writer.js';
import { plainClient } from './plain-client.js';
import { refuseGuarantee, refuseWithoutStore } from './refuse-guarantee.js';

/** A resolved MQTT sink as an engine takes it. */
export const mqttSink = <T>(sink: ResolvedSink<T>): Sink<T> =>
  defineSink<T>({
    name: sink.name,
    claims: sink.clients.claims,
    refuse: (guarantee) => refuseGuarantee(sink, guarantee),
    onError: sink.onError,
    createWriter: (context) => createWriter(sink, context),
    createDurableWriter: (context, restore) => createDurableWriter(sink, context, restore),
  });

const createWriter = async <T>(sink: ResolvedSink<T>, context: OpenContext): Promise<SinkWriter<T>> => {
  const { guarantee, metrics, signal } = context;
  const refusal = refuseWithoutStore(sink.name, guarantee) ?? refuseGuarantee(sink, guarantee);
  if (refusal !== undefined) throw refusal;
  const { name, topic, retry, onError } = sink;
  const limits = sink.limits(guarantee, false);
  const connections = sink.clients.connections(metrics, name, VOLATILE_SESSION);
  const parts = { name, topic, encode: sink.encoder(guarantee), failOnRejection: onError === 'fail' };
  const writer = new MqttSinkWriter<T>(parts, metrics, (owner) =>
    connections.map((connection) => plainClient({ connection, limits, retry, owner })),
  );
  await writer.open(signal);
  return writer;
};

/** A sink whose client ids differ from run to run has nothing to go on with but its items: at least once, as a sink of the user's own. */
const createDurableWriter = async <T>(
  sink: ResolvedSink<T>,
  context: OpenContext,
  restore: RestoreOutbox,
): Promise<DurableSinkWriter<T>> => {
  const refusal = refuseGuarantee(sink, context.guarantee);
  if (refusal !== undefined) throw refusal;
  const { durable } = context;
  if (durable !== undefined && sink.clients.named) return openOutboxWriter(sink, { ...context, durable }, restore);
  const { name, onError } = sink;
  return withOutbox({ name, onError, createWriter: (inner) => createWriter(sink, inner) }, context, restore);
};
