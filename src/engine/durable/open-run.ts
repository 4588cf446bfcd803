import { MillraceError } from '../../errors/millrace-error.js';
import { present } from '../../internal/present.js';
import { publishDiagnostic } from '../../metrics/diagnostics.js';
import type { AnyDurableSinkWriter } from '../../pipeline/any-sink.js';
import { compilePipeline } from '../../pipeline/compile/compile-pipeline.js';
import type { PipelinePlan, SourcePlan } from '../../pipeline/compile/pipeline-plan.js';
import { statefulStages } from '../../pipeline/compile/stateful-stages.js';
import { openStore } from '../../store/guarded-store.js';
import type { Store, StoreBatch, StoreProvider } from '../../store/store.js';
import { Overlay } from '../layout/overlay.js';
import { storeKeys } from '../layout/store-keys.js';
import { asyncStages, sourceLanes } from '../opening/assemble-lanes.js';
import { closePorts, type NamedPort } from '../opening/close-ports.js';
import { type JobPorts, planPorts } from '../opening/job-ports.js';
import type { JobRunOptions } from '../opening/job-run-options.js';
import type { OpenPorts } from '../opening/open-ports.js';
import { OpeningSink } from '../opening/opening-sink.js';
import type { RunParts, RunRequest } from '../opening/run-parts.js';
import { Deduplicators } from '../state/deduplicators.js';
import { DEFAULT_CACHE_LIMITS, KeyedStates } from '../state/keyed-states.js';
import type { CommitPart } from '../tick/commit-part.js';
import type { Room } from '../tick/room.js';
import type { SourceLane } from '../tick/source-lane.js';
import { NOTHING_STORED, type Stored } from '../tick/stored.js';
import { TickMachine } from '../tick/tick-machine.js';
import { DurableCallLane } from './call-lane.js';
import { beCareful, CarefulUnit } from './careful-unit.js';
import { CommitMeter, showOutboxes } from './commit-meter.js';
import { checkCommitSize, commitRoom, DurableTick, stageRoom } from './durable-tick.js';
import { type JobManifest, settleClients, settleManifest } from './job-manifest.js';
import { openDurablePorts } from './open-ports.js';
import { Outbox } from './outbox.js';
import { DurableOutputLane } from './output-lane.js';

/** A batch is sealed between two ticks, and one tick may overshoot its bounds: what may gather is well below what a commit may have. */
const COMMIT_SHARE = 4;

/** What a commit of one row has besides its bytes is less. */
const ROW_OVERHEAD_BYTES = 64 * 1024;

/** Opens a run of a job with a store: it goes on from what the last run has committed. */
export const openDurableRun = async (request: RunRequest, stores: StoreProvider): Promise<RunParts> => {
  const startMs = performance.now();
  const { job, partition } = request.options;
  const store = await openStore(job, () => stores.open(job, partition));
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
  const now: JobManifest = {
    sources: plan.sources.map(({ name }) => name),
    sinks: ports.sinks.map(({ name }) => name),
    stages: [...plan.stateful, ...plan.asyncStages].map(({ name }) => name),
  };
  const isFirst = await settleManifest(store, options, now);
  const open = await openDurablePorts(request, { store, plan, ports });
  let work: DurableWork | undefined;
  const close = async (): Promise<void> => {
    await closePorts(options.job, open.readers);
    await closePorts(options.job, open.writers);
    if (work?.machine.spoilt === true) await beCareful(store);
    await store.close();
  };
  try {
    await settleClients(store, options, { opened: openedIn(ports, open), now });
    work = assemble(request, { store, plan, ports, open, overlay, states });
    const { machine, sources, sinks, tick, calls } = work;
    const { metrics, job, tallies } = options;
    const meter = new CommitMeter(metrics, job, tallies.commits);
    showOutboxes(metrics, job, sinks);
    const commit = (batch: StoreBatch) => meter.measure(batch, (one) => store.commit(one));
    const stored = () => storedIn(sinks);
    const recovered = {
      outbox: stored(),
      pendingCalls: calls.reduce((sum, { pending }) => sum + pending, 0),
      elapsedMs: performance.now() - startMs,
    };
    const opening = ports.sinks.map(({ name }, index) => new OpeningSink(name, open.writers[index]?.port.opened));
    const run = { machine, sources, sinks, durable: { tick, commit }, stored, opening, close };
    return isFirst ? run : { ...run, recovered };
  } catch (error) {
    // what is closed for it must not be told as the reason
    request.abort(MillraceError.from(error));
    await close();
    throw error;
  }
};

/** What a durable run does its work with. */
interface DurableWork {
  readonly machine: TickMachine;
  readonly tick: DurableTick;
  readonly sources: readonly SourceLane[];
  readonly sinks: readonly DurableOutputLane[];
  readonly calls: readonly DurableCallLane[];
}

interface DurableParts {
  readonly store: Store;
  readonly plan: PipelinePlan;
  readonly ports: JobPorts;
  readonly open: OpenPorts<AnyDurableSinkWriter>;
  readonly overlay: Overlay;
  readonly states: KeyedStates;
}

const assemble = (
  { options, startCall }: RunRequest,
  { store, plan, ports, open, overlay, states }: DurableParts,
): DurableWork => {
  const copies = new Deduplicators(overlay);
  const isNewOf = (source: SourcePlan) => copies.isNewOf(source);
  const { maxItemsInFlight, maxBytesInFlight, tallies } = options;
  const readers = open.readers.map(({ port }) => port);
  const sources = sourceLanes({ plan, ports, readers, tallies, isNewOf });
  const sinks = outboxLanes(options, { store, ports, writers: open.writers });
  const calls = asyncStages({ plan, ports }).map((stage) => new DurableCallLane(stage, store));
  const parts: readonly CommitPart[] = [states, copies, ...calls];
  const { maxCommitBytes } = store;
  const bounds = boundsOf(options, store);
  const checkSize = (): void => checkCommitSize(overlay.bytes, maxCommitBytes);
  const unit = new CarefulUnit({ overlay, states, parts: [...sinks, copies, ...calls], checkSize });
  const machine = new TickMachine({
    sources,
    sinks,
    asyncStages: calls,
    maxItemsInFlight,
    maxBytesInFlight,
    acknowledgeOnReceipt: false,
    commitRoom: () => commitRoom(unit.on ? less(bounds, overlay.bytes) : bounds, { sinks, parts }),
    stageRoom: () => stageRoom(sinks, maxCommitBytes),
    unit,
    tallies,
    startCall,
  });
  const tick = new DurableTick({ machine, overlay, sources, sinks, parts, maxCommitBytes });
  return { machine, tick, sources, sinks, calls };
};

/** The outboxes that have a client, by their keys. */
const openedIn = ({ sinks }: JobPorts, { writers }: OpenPorts<AnyDurableSinkWriter>): ReadonlySet<string> =>
  new Set(
    sinks.flatMap(({ name }, index) =>
      (writers[index]?.port.outboxes ?? []).map((sender) => storeKeys.outbox(name, sender.name)),
    ),
  );

/** Carefully, states wait in the overlay. */
const less = ({ items, bytes }: Room, waiting: number): Room => ({ items, bytes: bytes - waiting });

const storedIn = (sinks: readonly DurableOutputLane[]): Stored =>
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
  readonly writers: readonly NamedPort<AnyDurableSinkWriter>[];
}

const outboxLanes = (options: JobRunOptions, { store, ports, writers }: OpenSinks): readonly DurableOutputLane[] => {
  return ports.sinks.map(({ name, rejection }, index) => {
    const { port: writer } = present(writers[index], 'each sink of the plan is open');
    const outboxes = writer.outboxes.map((sender) => new Outbox(store, { sink: name, outbox: sender.name }, sender));
    const { outboxLimits: limits, tallies } = options;
    const onFull = ({ messages, bytes }: Stored) =>
      publishDiagnostic('outbox-full', { job: options.job, sink: name, messages, bytes });
    const checkSize = (bytes: number): void => checkCommitSize(bytes + ROW_OVERHEAD_BYTES, store.maxCommitBytes);
    return new DurableOutputLane({ name, writer, outboxes, limits, checkSize, rejection, tallies, onFull });
  });
};
