import { ONLY_PARTITION, type OpenContext } from '../../connector/open-context.js';
import type { SourceReader } from '../../connector/source-reader.js';
import { publishDiagnostic } from '../../metrics/diagnostics.js';
import { Connection } from '../connection/connection.js';
import { directCustody } from './direct/custody.js';
import { durableCustody } from './durable/custody.js';
import { ItemMaker } from './items/item-maker.js';
import { QosCheck } from './items/qos-check.js';
import { MessageIntake } from './message-intake.js';
import { MqttSourceReader } from './mqtt-source-reader.js';
import { neededQos } from './needed-qos.js';
import { openLine } from './open-line.js';
import type { ResolvedSource } from './options/resolve-source.js';
import { refuseGuarantee, refuseWithoutStore } from './refuse-guarantee.js';
import { sourceMetrics } from './source-metrics.js';

/** Opens a reader of a resolved source: its connection, and what stands between that and the engine. */
export const openReader = async <T>(given: ResolvedSource<T>, context: OpenContext): Promise<SourceReader<T>> => {
  const { partition = ONLY_PARTITION } = context;
  const source = partition.count === 1 ? given : given.inPartition(partition);
  const { guarantee } = context;
  const durable = guarantee === 'none' ? undefined : context.durable;
  const refusal = refuseGuarantee(source, guarantee) ?? (durable ? undefined : refuseWithoutStore(source, guarantee));
  if (refusal !== undefined) throw refusal;
  tellOverlaps(source);
  const options = source.connectionOptions(context);
  const { clientId, autoReconnect } = options;
  const custody = durable ? durableCustody({ ...source, clientId }, { ...context, durable }) : directCustody(guarantee);
  const metrics = sourceMetrics(context.metrics, source.name);
  const { name, limits, mapToItemFn, schema, deduplicateBy, onError } = source;
  const filters = source.subscriptions.map(({ filter }) => filter);
  const intake = new MessageIntake({ name, filters, limits, autoReconnect, metrics });
  const line = new Connection({ ...options, past: custody.past }, intake);
  const acks = custody.acknowledger(line.session);
  intake.attach(line, acks);
  await openLine(source, { line, intake, signal: context.signal });
  const needed = guarantee === 'exactly-once' ? neededQos(source) : 0;
  const qosCheck = new QosCheck({ source: name, needed, policy: source.onLowerQos, metrics });
  const maker = new ItemMaker({ name, mapToItemFn, schema, deduplicateBy, qosCheck });
  return new MqttSourceReader({ name, origin: given.name, maker, onError, intake, line, acks, metrics });
};

/** Where copies are told apart there is nothing to tell; exactly-once has refused them otherwise. */
const tellOverlaps = ({ name, overlaps, deduplicateBy }: ResolvedSource<unknown>): void => {
  if (overlaps.length === 0 || deduplicateBy !== undefined) return;
  publishDiagnostic('overlapping-filters', { source: name, filters: overlaps });
};
