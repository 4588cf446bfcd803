import { Connection } from '../connection/connection.js';
import { defineSource } from '../connector/define-source.js';
import type { Source } from '../connector/open-source.js';
import type { OpenContext, SourceReader } from '../connector/source.js';
import { MillraceError } from '../errors/millrace-error.js';
import { MessageIntake } from './message-intake.js';
import { MqttSourceReader } from './mqtt-source-reader.js';
import { defaultGuaranteeOf, refuseGuarantee } from './refuse-guarantee.js';
import type { ResolvedSource } from './resolve-source.js';
import { sourceMetrics } from './source-metrics.js';

/** A resolved MQTT source as an engine takes it. */
export const mqttSource = <T>(source: ResolvedSource<T>): Source<T> =>
  defineSource<T>({
    name: source.name,
    claims: source.claims,
    defaultGuarantee: defaultGuaranteeOf(source),
    refuse: (guarantee) => refuseGuarantee(source, guarantee),
    onError: source.onError,
    createReader: (context) => createReader(source, context),
  });

const createReader = async <T>(source: ResolvedSource<T>, context: OpenContext): Promise<SourceReader<T>> => {
  const refusal = refuseGuarantee(source, context.guarantee);
  if (refusal !== undefined) throw refusal;
  const options = source.connectionOptions(context);
  const acknowledgeOnReceipt = context.guarantee === 'none';
  const metrics = sourceMetrics(context.metrics, source.name);
  const intake = new MessageIntake({
    name: source.name,
    filters: source.subscriptions.map(({ filter }) => filter),
    limits: source.limits,
    acknowledgeOnReceipt,
    autoReconnect: options.autoReconnect,
    metrics,
  });
  const line = new Connection(options, intake);
  intake.attach(line);
  try {
    await line.open(context.signal);
    if (intake.failure !== undefined) throw intake.failure;
  } catch (error) {
    await line.close();
    throw explained(source, MillraceError.from(error));
  }
  const { name, mapToItemFn, onError } = source;
  return new MqttSourceReader({ name, mapToItemFn, onError, acknowledgeOnReceipt, intake, line, metrics });
};

/** A source that cannot fall back says why it did not. */
const explained = ({ needsVersion5 }: ResolvedSource<unknown>, error: MillraceError): MillraceError => {
  if (needsVersion5 === undefined || error.code !== 'UNSUPPORTED_PROTOCOL_VERSION') return error;
  return new MillraceError(error.code, `the broker does not speak MQTT 5.0, and ${needsVersion5}`, {
    cause: error,
    advice: 'Use filters that do not overlap and no options of 5.0, or a broker that speaks 5.0',
  });
};
