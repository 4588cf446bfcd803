import { letterOfItem } from '../../connector/letter-of-item.js';
import { present } from '../../internal/present.js';
import { publishDiagnostic } from '../../metrics/diagnostics.js';
import type { AnyDurableSinkWriter } from '../../pipeline/any-sink.js';
import type { PipelinePlan, SourcePlan } from '../../pipeline/compile/pipeline-plan.js';
import type { Store } from '../../store/store.js';
import type { Overlay } from '../layout/overlay.js';
import { asyncStages, sourceLanes, timerLanes } from '../opening/assemble-lanes.js';
import type { NamedPort } from '../opening/close-ports.js';
import type { JobPorts } from '../opening/job-ports.js';
import type { JobRunOptions } from '../opening/job-run-options.js';
import type { OpenPorts } from '../opening/open-in-order.js';
import type { RunRequest } from '../opening/run-parts.js';
import { showTimers } from '../opening/show-timers.js';
import { watchEventTime } from '../opening/watch-event-time.js';
import { watchKeys } from '../opening/watch-keys.js';
import { Deduplicators } from '../state/deduplicators.js';
import type { KeyedStates } from '../state/keyed-states.js';
import { StoredEventTimes } from '../state/stored-event-times.js';
import { TickLanes } from '../tick/lanes/tick-lanes.js';
import type { Room } from '../tick/room.js';
import type { StoredMessages } from '../tick/stored-messages.js';
import { TickMachine } from '../tick/tick-machine.js';
import { UnitGate } from '../tick/unit-gate.js';
import { DurableCallLane } from './call-lane.js';
import { CarefulUnit } from './careful-unit.js';
import { CommitMeter, showOutboxes } from './commit-meter.js';
import { checkCommitSize } from './commit-size.js';
import { DurableCustody, type DurableCustodyOptions } from './custody.js';
import { Outbox, type WallTime } from './outbox/outbox.js';
import { DurableOutputLane } from './output-lane.js';

/** A batch is sealed between two ticks, and one tick may overshoot its bounds: what may gather is well below what a commit may have. */
const COMMIT_SHARE = 4;

/** What a commit of one row has besides its bytes is less. */
const ROW_OVERHEAD_BYTES = 64 * 1024;

/** What a durable run does its work with. */
export interface DurableWork {
  /** Has not ticked yet. */
  readonly machine: TickMachine;
  /** Who answers for what came: the store. */
  readonly custody: DurableCustody;
  /** Those of machine and custody: they have the ports. */
  readonly lanes: TickLanes;
  /** Knows, when the run ends, whether work was lost (`beCareful`). */
  readonly gate: UnitGate;
  /** With the pending calls that the store has. */
  readonly calls: readonly DurableCallLane[];
}

/** What it is made of. */
export interface DurableParts {
  /** Takes the commits, and is read for what is not in memory. */
  readonly store: Store;
  /** Compiled over `states`. */
  readonly plan: PipelinePlan;
  /** What the plan opens, and what becomes of what is given up. */
  readonly ports: JobPorts;
  /** In the order of plan and ports. */
  readonly open: OpenPorts<AnyDurableSinkWriter>;
  /** Over the store: lanes and states put what changed into it, the custody seals it. */
  readonly overlay: Overlay;
  /** Of the stages that keep one; they read from the overlay. */
  readonly states: KeyedStates;
}

/** Puts lanes around the ports of a job with a store, and the custody that its store has. */
export const assembleWork = (
  { options, startCall }: RunRequest,
  { store, plan, ports, open, overlay, states }: DurableParts,
): DurableWork => {
  const copies = new Deduplicators(overlay);
  const isNewOf = (source: SourcePlan) => copies.isNewOf(source);
  const { maxItemsInFlight, maxBytesInFlight, tallies } = options;
  const { maxCommitBytes } = store;
  const readers = open.readers.map(({ port }) => port);
  const sources = sourceLanes({ plan, ports, readers, tallies, isNewOf });
  const sinks = outputLanes(options, { store, ports, writers: open.writers, clock: plan.processingClock });
  const calls = asyncStages({ plan, ports }).map((stage) => new DurableCallLane(stage, store));
  const checkSize = (): void => checkCommitSize(overlay.bytes, maxCommitBytes);
  const times = plan.times === undefined ? [] : [new StoredEventTimes(plan.times, overlay)];
  const parts = [copies, ...calls, ...times];
  const gate = new UnitGate(new CarefulUnit({ overlay, states, parts: [...sinks, ...parts], checkSize }));
  const { stageRejections } = ports;
  const lanes = new TickLanes({
    sources,
    sinks,
    asyncStages: calls,
    timedStages: timerLanes({ plan, ports }),
    maxItemsInFlight,
    tallies,
    gate,
    stageRejections,
    letterOf: letterOfItem,
  });
  const custody = new DurableCustody({
    lanes,
    gate,
    overlay,
    sinks,
    parts: [states, ...parts],
    maxCommitBytes,
    bounds: boundsOf(options, store),
    maxBytesInFlight,
    commit: countedCommit(options, store, sinks),
  });
  showTimers(options, plan);
  const { processingClock: clock } = plan;
  const eventTime = watchEventTime({ ...options, plan, lanes, gate });
  const keyWatch = watchKeys(options, plan);
  const bounds = { maxItemsInFlight, maxBytesInFlight };
  const machine = new TickMachine({ clock, eventTime, keyWatch, lanes, gate, custody, ...bounds, startCall });
  return { machine, custody, lanes, gate, calls };
};

/** The commit of the store, measured; the gauges of the outboxes go with it, since a run without a store has neither. */
const countedCommit = (
  { metrics, job, tallies }: JobRunOptions,
  store: Store,
  sinks: readonly DurableOutputLane[],
): DurableCustodyOptions['commit'] => {
  const meter = new CommitMeter(metrics, job, tallies.commits);
  showOutboxes(metrics, job, sinks);
  return (batch) => meter.measure(batch, (one) => store.commit(one));
};

/** What may wait for one commit: what may be in flight, and by its bytes well below what the store takes. */
const boundsOf = ({ maxItemsInFlight, maxBytesInFlight }: JobRunOptions, { maxCommitBytes }: Store): Room => ({
  items: maxItemsInFlight,
  bytes: Math.min(maxBytesInFlight, Math.floor(maxCommitBytes / COMMIT_SHARE)),
});

interface OpenSinks {
  readonly store: Store;
  readonly ports: JobPorts;
  readonly writers: readonly NamedPort<AnyDurableSinkWriter>[];
  readonly clock: WallTime;
}

const outputLanes = (
  options: JobRunOptions,
  { store, ports, writers, clock }: OpenSinks,
): readonly DurableOutputLane[] =>
  ports.sinks.map(({ name, called, rejection }, index) => {
    const { port: writer } = present(writers[index], 'each sink of the plan is open');
    const outboxes = writer.outboxes.map(
      (sender) => new Outbox(store, { sink: name, outbox: sender.name }, sender, clock),
    );
    const { outboxLimits: limits, tallies } = options;
    const onFull = ({ messages, bytes }: StoredMessages) =>
      publishDiagnostic('outbox-full', { job: options.job, sink: called, messages, bytes });
    const checkSize = (bytes: number): void => checkCommitSize(bytes + ROW_OVERHEAD_BYTES, store.maxCommitBytes);
    return new DurableOutputLane({ name: called, writer, outboxes, limits, checkSize, rejection, tallies, onFull });
  });
