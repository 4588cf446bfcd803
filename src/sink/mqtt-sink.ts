import { defineSink } from '../connector/define-sink.js';
import type { Sink } from '../connector/open-sink.js';
import type { SinkWriter } from '../connector/sink.js';
import type { OpenContext } from '../connector/source.js';
import { MqttSinkWriter } from './mqtt-sink-writer.js';
import { plainClient } from './plain-client.js';
import { refuseGuarantee } from './refuse-guarantee.js';
import type { ResolvedSink } from './resolve-sink.js';

/** A resolved MQTT sink as an engine takes it. */
export const mqttSink = <T>(sink: ResolvedSink<T>): Sink<T> =>
  defineSink<T>({
    name: sink.name,
    claims: sink.clients.claims,
    refuse: (guarantee) => refuseGuarantee(sink, guarantee),
    onError: sink.onError,
    createWriter: (context) => createWriter(sink, context),
  });

const createWriter = async <T>(sink: ResolvedSink<T>, context: OpenContext): Promise<SinkWriter<T>> => {
  const refusal = refuseGuarantee(sink, context.guarantee);
  if (refusal !== undefined) throw refusal;
  const { name, topic, encode, retry, onError } = sink;
  const limits = sink.limits(context.guarantee);
  const connections = sink.clients.connections(context.metrics, name);
  const parts = { name, topic, encode, failOnRejection: onError === 'fail' };
  const writer = new MqttSinkWriter<T>(parts, context.metrics, (owner) =>
    connections.map((connection) => plainClient({ connection, limits, retry, owner })),
  );
  await writer.open(context.signal);
  return writer;
};
