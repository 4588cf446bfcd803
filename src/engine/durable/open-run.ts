import { MillraceError } from '../../errors/millrace-error.js';
import type { AnyDurableSinkWriter } from '../../pipeline/any-sink.js';
import { compilePipeline } from '../../pipeline/compile/compile-pipeline.js';
import { statefulStages } from '../../pipeline/compile/keyed/stateful-stages.js';
import type { PipelineGraph } from '../../pipeline/vertex.js';
import { openStore } from '../../store/guarded-store.js';
import type { Store, StoreProvider } from '../../store/store.js';
import { storeKeys } from '../layout/keys/store-keys.js';
import { Overlay } from '../layout/overlay.js';
import { partName } from '../layout/stored-parts.js';
import { closePorts } from '../opening/close-ports.js';
import { type JobPorts, planPorts } from '../opening/job-ports.js';
import type { OpenPorts } from '../opening/open-in-order.js';
import { closingOnFailure, openServices } from '../opening/open-services.js';
import { OpeningSink } from '../opening/opening-sink.js';
import type { RunParts, RunRequest } from '../opening/run-parts.js';
import { BUNDLE_LIMITS, KeyedStates } from '../state/keyed-states.js';
import { assembleWork, type DurableWork } from './assemble-work.js';
import { beginFromSnapshot } from './begin-from-snapshot.js';
import { beCareful } from './careful-unit.js';
import type { DurableCustody } from './custody.js';
import { dropTimerRecords } from './drop-timer-records.js';
import { type SettledParts, settleManifest } from './job-manifest.js';
import { openDurablePorts } from './open-ports.js';
import { settleClients } from './settle-clients.js';
import type { JobManifest } from './stored-manifest.js';

/** A run of a job with a store. */
export interface DurableRunParts extends RunParts {
  readonly custody: DurableCustody;
}

/**
 * Opens a run of a job with a store: it goes on from what the last run has committed. It owns the store until the run is closed.
 *
 * The order, and why: the store is opened, and gets the state of the snapshot with which the job is to begin, if any. What it has is held against the pipeline (`settleManifest`), its parts and the codecs of its
 * states: what does not fit is refused before anything is reached, or removed where it is given up, as is what earlier versions have stored besides (`dropTimerRecords`). Then the services of stages are made and the sinks are opened, each with its stored outboxes, and those that the job had never open
 * are waited for; that they were reached is durable before a source is opened with its stored position. Now it is known which clients there
 * are, and what is stored for others is settled (`settleClients`). Last, the lanes are put around all of it (`assembleWork`), which reads
 * pending calls, the head of the known keys of each source, and the end and the first chunk of each outbox: a start takes no longer because
 * much is stored.
 *
 * E1 to E3 of `RunParts` hold. Besides:
 * OR1. Before the first tick commits nothing is written but what stands for itself: manifest, reached sinks, session records, and what
 *      is given up is removed. A crash in between leaves the state as the last run has committed it.
 * OR2. The store is closed last: ports may put records while they close. Where the run has lost work to a failing item that is noted
 *      between the two (`beCareful`), for the next one.
 * OR3. A failure on the way closes what is open in the same order. The store may be closed twice by that, as its contract allows.
 * OR4. A store that is lost ends the run, idle or not.
 */
export const openDurableRun = async (request: RunRequest, stores: StoreProvider): Promise<DurableRunParts> => {
  const startMs = performance.now();
  const { job, partition } = request.options;
  const store = await openStore(job, () => stores.open(job, partition));
  // OR4
  void store.lost?.then((error) => request.stop(error));
  try {
    return await recover(request, { store, stores }, startMs);
  } catch (error) {
    await store.close().catch(() => {});
    throw error;
  }
};

const recover = async (
  request: RunRequest,
  { store, stores }: { readonly store: Store; readonly stores: StoreProvider },
  startMs: number,
): Promise<DurableRunParts> => {
  const { options } = request;
  const { job, initialSnapshot: snapshot } = options;
  const hasBegun = snapshot !== undefined && (await beginFromSnapshot(store, stores, { job, snapshot }));
  const stages = statefulStages(options.graph);
  const isFirst = await settleManifest(store, options, partsOf(options.graph));
  await dropTimerRecords(store, stages);
  const overlay = new Overlay(store);
  const states = new KeyedStates({ stages, overlay, store, limits: options.stateLimits, bundles: BUNDLE_LIMITS });
  const plan = compilePipeline(options.graph, states);
  const ports = planPorts(plan);
  const services = await openServices(request, plan);
  const open = await closingOnFailure({ job, services }, () => openDurablePorts(request, { store, ports }));
  let work: DurableWork | undefined;
  const close = async (): Promise<void> => {
    await closePorts(job, open.readers);
    await closePorts(job, open.writers);
    await closePorts(job, services);
    if (work?.gate.spoilt === true) await beCareful(store);
    await store.close();
  };
  try {
    await settleClients(store, options, openedIn(ports, open));
    work = assembleWork(request, { store, plan, ports, open, overlay, states });
    const { machine, custody, lanes, calls } = work;
    const opening = ports.sinks.map(({ called }, index) => new OpeningSink(called, open.writers[index]?.port.opened));
    const recovered = {
      outbox: custody.stored,
      pendingCalls: calls.reduce((sum, { pending }) => sum + pending, 0),
      elapsedMs: performance.now() - startMs,
    };
    return { machine, custody, lanes, opening, recovered: isFirst || hasBegun ? undefined : recovered, close };
  } catch (error) {
    // what is closed for it must not be told as the reason
    request.abort(MillraceError.from(error));
    await close().catch(() => {});
    throw error;
  }
};

/** Of a pipeline that is compiled for its names alone: its states are read from the store when that is settled. */
const partsOf = (graph: PipelineGraph): SettledParts => {
  const plan = compilePipeline(graph);
  const keeping = [
    ...plan.stateful.map((stage) => ({ kind: 'state', ...stage }) as const),
    ...plan.asyncStages.map(({ name, codec }) => ({ kind: 'async', name, codec }) as const),
  ];
  const ports = planPorts(plan);
  const now = {
    sources: plan.sources.map(({ name }) => name),
    sinks: ports.sinks.map(({ name }) => name),
    stages: keeping.map(({ name }) => name),
    timers: plan.timedStages.flatMap(({ name, early }) => (early ? [] : name)),
    ...calledIn(ports),
  };
  return { now, keeping };
};

const calledIn = ({ sources, sinks }: JobPorts): Pick<JobManifest, 'called'> => {
  const called = [...calledOf('source', sources), ...calledOf('sink', sinks)];
  return called.length === 0 ? {} : { called: Object.fromEntries(called) };
};

const calledOf = (kind: 'source' | 'sink', ports: readonly { readonly name: string; readonly called: string }[]) =>
  ports.flatMap(({ name, called }) => (name === called ? [] : [[partName({ kind, name }), called] as const]));

/** The outboxes that have a client, by their keys. */
const openedIn = ({ sinks }: JobPorts, { writers }: OpenPorts<AnyDurableSinkWriter>): ReadonlySet<string> =>
  new Set(
    sinks.flatMap(({ name }, index) =>
      (writers[index]?.port.outboxes ?? []).map((sender) => storeKeys.outbox(name, sender.name)),
    ),
  );
