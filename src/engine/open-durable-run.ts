import type { OpenContext, SourceReader } from '../connector/source.js';
import { withOutbox } from '../connector/with-outbox.js';
import { publishDiagnostic } from '../metrics/diagnostics.js';
import type { AnyDurableSinkWriter } from '../pipeline/any-sink.js';
import { compilePipeline } from '../pipeline/compile-pipeline.js';
import type { PipelinePlan, SourcePlan } from '../pipeline/pipeline-plan.js';
import { statefulStages } from '../pipeline/stateful-stages.js';
import type { Store, StoreBatch, StoreProvider, StoreView } from '../store/store.js';
import { asyncStages, sourceLanes } from './assemble-lanes.js';
import { CommitMeter, showOutboxes } from './commit-meter.js';
import { DurableAsyncLane } from './durable-async-lane.js';
import { DurableRecords } from './durable-records.js';
import { type CommitPart, commitRoom, DurableTick } from './durable-tick.js';
import { checkOrphans, settleManifest } from './job-manifest.js';
import { type JobPorts, type OpenPorts, type PlannedSink, planPorts } from './job-ports.js';
import type { JobRunOptions } from './job-run-options.js';
import { closeAll, openPorts } from './open-ports.js';
import { Outbox, restoredOutbox } from './outbox.js';
import { NOTHING_STORED, OutboxLane, type Stored } from './outbox-lane.js';
import { Overlay } from './overlay.js';
import type { RunParts, RunRequest } from './run-parts.js';
import { Deduplicators } from './state/deduplicators.js';
import { DEFAULT_CACHE_LIMITS, KeyedStates } from './state/keyed-states.js';
import { storeKeys } from './store-keys.js';
import { decodeStored } from './stored-value.js';
import { type Room, TickMachine } from './tick-machine.js';

/** A batch is sealed between two ticks, and one tick may overshoot its bounds: what may gather is well below what a commit may have. */
const COMMIT_SHARE = 4;

/** Opens a run of a job with a store: it goes on from what the last run has committed. */
export const openDurableRun = async (request: RunRequest, stores: StoreProvider): Promise<RunParts> => {
  const startMs = performance.now();
  const store = await stores.open(request.options.job, request.options.partition);
  try {
    return await recover(request, store, startMs);
  } catch (error) {
    await store.close();
    throw error;
  }
};

const recover = async (request: RunRequest, store: Store, startMs: number): Promise<RunParts> => {
  const { options } = request;
  const overlay = new Overlay(store);
  const stages = statefulStages(options.graph);
  const states = new KeyedStates({ stages, overlay, limits: DEFAULT_CACHE_LIMITS });
  const plan = compilePipeline(options.graph, states.stateOf);
  const ports = planPorts(plan);
  const isFirst = await settleManifest(store, options.job, {
    sources: plan.sources.map(({ name }) => name),
    sinks: ports.sinks.map(({ name }) => name),
    stages: [...plan.stateful, ...plan.asyncStages].map(({ name }) => name),
  });
  const open = await openDurablePorts(request, { store, plan, ports });
  const close = async (): Promise<void> => {
    await closeAll(open.readers);
    await closeAll(open.writers);
    await store.close();
  };
  try {
    const copies = new Deduplicators(overlay);
    const isNewOf = (source: SourcePlan) => copies.isNewOf(source);
    const sources = sourceLanes({ plan, ports, readers: open.readers, tallies: options.tallies, isNewOf });
    const sinks = outboxLanes(options, { store, ports, writers: open.writers });
    const calls = asyncStages({ plan, ports }).map((stage) => new DurableAsyncLane(stage, store));
    const parts: readonly CommitPart[] = [states, copies, ...calls];
    const { maxItemsInFlight, maxBytesInFlight, tallies, metrics, job } = options;
    const bounds = boundsOf(options, store);
    const machine = new TickMachine({
      sources,
      sinks,
      asyncStages: calls,
      maxItemsInFlight,
      maxBytesInFlight,
      acknowledgeOnReceipt: false,
      commitRoom: () => commitRoom(bounds, { sinks, parts }),
      tallies,
      startCall: request.startCall,
    });
    const tick = new DurableTick({ machine, overlay, sources, sinks, parts, maxCommitBytes: store.maxCommitBytes });
    const meter = new CommitMeter(metrics, job, tallies.commits);
    showOutboxes(metrics, job, sinks);
    const commit = (batch: StoreBatch) => meter.measure(batch, (one) => store.commit(one));
    const stored = () => storedIn(sinks);
    const recovered = {
      outbox: stored(),
      pendingCalls: calls.reduce((sum, { pending }) => sum + pending, 0),
      elapsedMs: performance.now() - startMs,
    };
    const run = { machine, sources, sinks, durable: { tick, commit }, stored, close };
    return isFirst ? run : { ...run, recovered };
  } catch (error) {
    await close();
    throw error;
  }
};

const storedIn = (sinks: readonly OutboxLane[]): Stored =>
  sinks.reduce(
    (sum, { stored: { messages, bytes } }) => ({ messages: sum.messages + messages, bytes: sum.bytes + bytes }),
    NOTHING_STORED,
  );

const boundsOf = ({ maxItemsInFlight, maxBytesInFlight }: JobRunOptions, { maxCommitBytes }: Store): Room => ({
  items: maxItemsInFlight,
  bytes: Math.min(maxBytesInFlight, Math.floor(maxCommitBytes / COMMIT_SHARE)),
});

interface OpenSinks {
  readonly store: Store;
  readonly ports: JobPorts;
  readonly writers: readonly AnyDurableSinkWriter[];
}

/** @throws MillraceError JOB_CHANGED when an outbox with messages has no client any more */
const outboxLanes = (options: JobRunOptions, { store, ports, writers }: OpenSinks): readonly OutboxLane[] => {
  const opened = new Set<string>();
  const lanes = ports.sinks.flatMap(({ name, rejection }, index) => {
    const writer = writers[index];
    if (writer === undefined) return [];
    const outboxes = writer.outboxes.map((sender) => {
      opened.add(storeKeys.outbox(name, sender.name));
      return new Outbox(store, { sink: name, outbox: sender.name }, sender);
    });
    const { outboxLimits: limits, tallies } = options;
    const onFull = ({ messages, bytes }: Stored) =>
      publishDiagnostic('outbox-full', { job: options.job, sink: name, messages, bytes });
    return [new OutboxLane({ name, writer, outboxes, limits, rejection, tallies, onFull })];
  });
  checkOrphans(store, options.job, opened);
  return lanes;
};

interface Planned {
  readonly store: Store;
  readonly plan: PipelinePlan;
  readonly ports: JobPorts;
}

const openDurablePorts = (
  { options, signal, abort, stop }: RunRequest,
  { store, plan, ports }: Planned,
): Promise<OpenPorts<AnyDurableSinkWriter>> => {
  const { job, guarantee, metrics } = options;
  const records = new DurableRecords(store, stop);
  const contextOf = (port: string): OpenContext => ({
    job,
    guarantee,
    metrics,
    signal,
    durable: records.contextOf(port),
  });
  return openPorts({
    writers: () => ports.sinks.map(async (sink) => openWriter(sink, contextOf(`sink ${sink.name}`), store)),
    readers: () => plan.sources.map(async (source) => openReader(source, contextOf(`source ${source.name}`), store)),
    abort,
  });
};

const openWriter = (
  { name, sink }: PlannedSink,
  context: OpenContext,
  view: StoreView,
): Promise<AnyDurableSinkWriter> => {
  const restore = (outbox: string) => restoredOutbox(view, { sink: name, outbox });
  return sink.createDurableWriter?.(context, restore) ?? withOutbox(sink, context, restore);
};

const openReader = (
  { name, source }: SourcePlan,
  context: OpenContext,
  view: StoreView,
): Promise<SourceReader<unknown>> => {
  const bytes = view.get(storeKeys.source(name));
  if (bytes === undefined) return source.createReader(context);
  // put by `DurableTick.seal`
  const { state } = decodeStored(bytes) as { readonly state: unknown };
  return source.createReader({ ...context, restored: state });
};
