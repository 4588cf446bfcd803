import type { OpenContext } from '../../../connector/open-context.js';
import type { SinkWriter } from '../../../connector/sink-writer.js';
import { VOLATILE_SESSION } from '../options/resolve-clients.js';
import type { ResolvedSink } from '../options/resolve-sink.js';
import { refuseGuarantee, refuseWithoutStore } from '../refuse-guarantee.js';
import { createClient } from './create-client.js';
import { MqttSinkWriter } from './mqtt-sink-writer.js';

/**
 * An MQTT sink that has nothing but its sessions. It is given when every client is connected.
 * @throws MillraceError GUARANTEE_UNSUPPORTED, and what connecting fails with
 */
export const openWriter = async <T>(sink: ResolvedSink<T>, context: OpenContext): Promise<SinkWriter<T>> => {
  const { guarantee, metrics, signal, partition } = context;
  const refusal = refuseWithoutStore(sink.name, guarantee) ?? refuseGuarantee(sink, guarantee);
  if (refusal !== undefined) throw refusal;
  const { name, topic, retry, onError } = sink;
  const limits = sink.limits(guarantee);
  const connections = sink.clients.connections(metrics, name, VOLATILE_SESSION, partition);
  const parts = { name, topic, encode: sink.encoder(guarantee), failOnRejection: onError === 'fail' };
  const writer = new MqttSinkWriter<T>(parts, metrics, (owner) =>
    connections.map((connection) => createClient({ connection, limits, retry, owner })),
  );
  await writer.open(signal);
  return writer;
};
