import { createReader } from '../../connector/create-reader.js';
import type { RestoreOutbox } from '../../connector/durable-sink.js';
import { openDurableWriter } from '../../connector/guards/guarded-durable-writer.js';
import type { OpenContext } from '../../connector/open-context.js';
import { withOutbox } from '../../connector/outbox/with-outbox.js';
import type { SourceReader } from '../../connector/source-reader.js';
import { MillraceError } from '../../errors/millrace-error.js';
import { deferred } from '../../internal/deferred.js';
import { whenAborted } from '../../internal/waiting/when-aborted.js';
import type { AnyDurableSinkWriter } from '../../pipeline/any-sink.js';
import type { Store, StoreView } from '../../store/store.js';
import { storeKeys } from '../layout/keys/store-keys.js';
import { endOf, partName } from '../layout/stored-parts.js';
import { readSourceRecord } from '../layout/values/source-record.js';
import { closePorts, type NamedPort } from '../opening/close-ports.js';
import type { JobPorts, PlannedSink, PlannedSource } from '../opening/job-ports.js';
import { type OpenPorts, openInOrder } from '../opening/open-in-order.js';
import { openPort, type PortPlace } from '../opening/open-port.js';
import type { RunRequest } from '../opening/run-parts.js';
import { DurableRecords } from './durable-records.js';
import { restoredOutbox } from './outbox/stored-outbox.js';
import { ReachedSinks } from './reached-sinks.js';

/** What a job with a store opens. */
export interface DurablePlan {
  /** Open, and ours alone. */
  readonly store: Store;
  /** What is to be opened: the sinks first, those of dead letters too. */
  readonly ports: JobPorts;
}

/** Opens the sinks, waiting for those that the job has never reached, then the sources. */
export const openDurablePorts = (
  { options, signal, abort, stop }: RunRequest,
  { store, ports }: DurablePlan,
): Promise<OpenPorts<AnyDurableSinkWriter>> => {
  const { job, guarantee, metrics, partition: index, partitions: count } = options;
  const records = new DurableRecords(store, stop);
  const reached = new ReachedSinks(store);
  const contextOf = (port: string): OpenContext => ({
    job,
    guarantee,
    metrics,
    signal,
    partition: { index, count },
    durable: records.contextOf(port),
  });
  const placeOf = (part: string): PortPlace => ({ job, part, signal });
  const openSink = async (sink: PlannedSink): Promise<NamedPort<AnyDurableSinkWriter>> => {
    const place = placeOf(`sink "${sink.called}"`);
    const open = await openPort(place, () =>
      createWriter(sink, contextOf(partName({ kind: 'sink', name: sink.name })), store),
    );
    // one that was reached once takes rows while it is away
    if (reached.has(sink)) failLater(open.port, signal, stop);
    else await whenReached(open.port, place);
    return open;
  };
  return openInOrder({
    job,
    writers: () => ports.sinks.map(openSink),
    onWriters: () => reached.add(ports.sinks),
    readers: () =>
      ports.sources.map((source) =>
        openPort(placeOf(`source "${source.called}"`), async () =>
          restoreReader(source, contextOf(partName({ kind: 'source', name: source.name })), store),
        ),
      ),
    abort,
  });
};

/** One that knows of no store gets an outbox of the engine's. */
const createWriter = (
  { name, called, sink }: PlannedSink,
  context: OpenContext,
  view: StoreView,
): Promise<AnyDurableSinkWriter> => {
  const restore: RestoreOutbox = (outbox) => restoredOutbox(view, { sink: name, outbox });
  const open = () => sink.createDurableWriter?.(context, restore) ?? withOutbox(sink, context, restore);
  return openDurableWriter(called, restore, open);
};

/** A sink that does not listen to the signal keeps no job from ending. */
const whenReached = async (writer: AnyDurableSinkWriter, { job, part, signal }: PortPlace): Promise<void> => {
  const aborted = deferred<never>();
  const stopListening = whenAborted(signal, () => aborted.reject(signal.reason));
  try {
    await Promise.race([writer.opened, aborted.promise]);
  } catch (error) {
    await closePorts(job, [{ part, port: writer }]);
    throw error;
  } finally {
    stopListening();
  }
};

/** One that turns out to be unable when the job runs fails it, by its own error; what is stored for it stays. */
const failLater = ({ opened }: AnyDurableSinkWriter, signal: AbortSignal, stop: RunRequest['stop']): void => {
  opened?.catch((error: unknown) => {
    if (!signal.aborted) stop(MillraceError.from(error));
  });
};

/** On a first start there is nothing to restore: the context then says so by having neither state nor pages. */
const restoreReader = (
  { name, called, source }: PlannedSource,
  context: OpenContext,
  view: StoreView,
): Promise<SourceReader<unknown>> => {
  const bytes = view.get(storeKeys.source(name));
  if (bytes === undefined) return createReader(called, source, context);
  const { state } = readSourceRecord(bytes);
  const restoredPages = pagesOf(name, view);
  return createReader(called, source, { ...context, restored: state, restoredPages });
};

/** All of them: what a reader keeps in pages it has in memory. */
const pagesOf = (source: string, view: StoreView): ReadonlyMap<string, Uint8Array> => {
  const prefix = storeKeys.pages(source);
  const pages = new Map<string, Uint8Array>();
  for (const { key, value } of view.range(prefix, endOf(prefix)))
    pages.set(decodeURIComponent(key.slice(prefix.length)), value);
  return pages;
};
