import assert from 'node:assert/strict';
import { type DeadLetter, letterOfItem } from '../../../src/connector/index.js';
import { DirectCallLane } from '../../../src/engine/direct/call-lane.js';
import { DirectCustody } from '../../../src/engine/direct/custody.js';
import { DirectOutputLane } from '../../../src/engine/direct/output-lane.js';
import { asyncStages, sourceLanes, timerLanes } from '../../../src/engine/opening/assemble-lanes.js';
import { planPorts } from '../../../src/engine/opening/job-ports.js';
import { createTallies } from '../../../src/engine/tick/job-tallies.js';
import type { CallLane } from '../../../src/engine/tick/lanes/call-lane.js';
import type { Slot } from '../../../src/engine/tick/lanes/slot.js';
import { TickLanes } from '../../../src/engine/tick/lanes/tick-lanes.js';
import { TickMachine } from '../../../src/engine/tick/tick-machine.js';
import { NO_UNIT } from '../../../src/engine/tick/unit.js';
import { UnitGate } from '../../../src/engine/tick/unit-gate.js';
import { MetricsRegistry } from '../../../src/metrics/index.js';
import { compilePipeline } from '../../../src/pipeline/compile/compile-pipeline.js';
import type { PipelinePlan } from '../../../src/pipeline/compile/pipeline-plan.js';
import type { PipelineGraph } from '../../../src/pipeline/vertex.js';
import { expectedOutputs, randomPipeline } from '../ends/engine-items.js';
import { SimulatedSink, SimulatedWriter, simulatedDeadLetters } from '../ends/simulated-sink.js';
import { SimulatedSource } from '../ends/simulated-source.js';
import type { Traced } from '../ends/traced.js';
import type { SeededRandom } from '../seeded-random.js';

const INPUTS = 60;

/** A tick machine between simulated sources and sinks, under one random schedule, with the oracle of what may be acknowledged. */
export class EngineRig {
  readonly sources: readonly SimulatedSource[];
  readonly machine: TickMachine;
  readonly maxItemsInFlight: number;
  readonly writers: SimulatedWriter<Traced>[] = [];
  readonly letters: SimulatedWriter<DeadLetter>[] = [];
  readonly #random: SeededRandom;
  readonly #graph: PipelineGraph;
  readonly #gate = new UnitGate(NO_UNIT);
  readonly #lanes: TickLanes;
  readonly #custody: DirectCustody;
  readonly #done = new Map<string, number>();
  #overshoot: number | undefined;
  /** Up to where each source's acknowledgements have been checked. */
  readonly #checked = new Map<SimulatedSource, number>();
  readonly #calls: { readonly lane: CallLane; readonly slot: Slot }[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
    const onError = { deadLetter: simulatedDeadLetters() };
    const count = { sources: 1 + random.below(2), sinks: 1 + random.below(3) };
    this.maxItemsInFlight = 2 + random.below(20);
    this.sources = Array.from(
      { length: count.sources },
      (_, index) => new SimulatedSource(index, INPUTS, { random, onError }),
    );
    const sinks = Array.from({ length: count.sinks }, (_, index) => new SimulatedSink(index, onError));
    this.#graph = randomPipeline(random, { sources: this.sources, sinks, onError });
    const plan = compilePipeline(this.#graph);
    this.#lanes = this.#assemble(plan);
    this.#custody = new DirectCustody({ lanes: this.#lanes, gate: this.#gate, onReceipt: false });
    this.machine = new TickMachine({
      clock: plan.processingClock,
      lanes: this.#lanes,
      gate: this.#gate,
      custody: this.#custody,
      maxItemsInFlight: this.maxItemsInFlight,
      maxBytesInFlight: 1000,
      startCall: (lane, slot) => this.#calls.push({ lane, slot }),
    });
    for (const source of this.sources) source.onCommitted = (upTo) => this.#checkAcknowledged(source, upTo);
  }

  /** One random thing happens outside, then one tick. */
  step(): void {
    const random = this.#random;
    const all = [...this.writers, ...this.letters];
    const writer = random.pick(all);
    switch (random.below(4)) {
      case 0:
        this.#arrive(random.pick(this.sources), random.below(15));
        break;
      case 1:
        writer.credit = random.below(6);
        break;
      case 2:
        writer.confirm(random.below(8), () => this.writers.some((one) => one === writer) && random.chance(0.05));
        break;
      case 3:
        this.#settle(random.below(4));
        break;
    }
    this.#tick();
  }

  /** Lets everything through until all is done. */
  finish(): void {
    for (const source of this.sources) {
      source.ended = true;
      this.#arrive(source, INPUTS);
    }
    for (let tick = 0; tick < 2000 && !this.machine.finished; tick += 1) {
      for (const writer of [...this.writers, ...this.letters]) {
        writer.credit = 1000;
        writer.confirm(1000, () => false);
      }
      this.#settle(this.#calls.length);
      for (const lane of this.#lanes.sources) lane.handleReady();
      this.#tick();
    }
  }

  /** Everything that was polled is acknowledged, everything it led to has arrived, once and in order. */
  checkEnd(): void {
    assert.ok(this.machine.finished, 'the machine stands still with work left');
    for (const source of this.sources) assert.equal(source.committedUpTo, INPUTS - 1);
    assert.deepEqual(Object.fromEntries(this.#done), Object.fromEntries(this.#expectedAll()));
    for (const writer of this.writers) checkOrder(writer.written);
  }

  #tick(): void {
    const more = this.#tickOnce();
    if (more) return;
    const { waitingItems } = this.machine;
    const polled = this.#polled;
    this.#tickOnce();
    assert.equal(this.#polled, polled, 'a driver would have slept though there was room to poll');
    assert.equal(this.machine.waitingItems, waitingItems, 'a driver would have slept though there was work');
  }

  #tickOnce(): boolean {
    const more = this.machine.tick(0);
    this.#custody.conclude();
    // also what a check of acknowledgements has found
    if (this.machine.halted !== undefined) throw this.machine.halted;
    this.#checkBounds();
    return more;
  }

  get #polled(): number {
    return this.sources.reduce((sum, { polled }) => sum + polled, 0);
  }

  #arrive(source: SimulatedSource, count: number): void {
    source.arrived = Math.min(INPUTS, source.arrived + count);
    this.#lanes.sources[source.index]?.handleReady();
  }

  /** Settles random calls, in any order. */
  #settle(count: number): void {
    for (let settled = 0; settled < count && this.#calls.length > 0; settled += 1) {
      const [call] = this.#calls.splice(this.#random.below(this.#calls.length), 1);
      if (call === undefined) return;
      const value = call.lane.plan.call(call.slot.item, new AbortController().signal);
      call.slot.settled = { kind: 'value', value };
    }
  }

  #assemble(plan: PipelinePlan): TickLanes {
    const ports = planPorts(plan);
    const tallies = createTallies(new MetricsRegistry(), 'rig');
    const sinkIds = this.#graph.vertices.filter(({ work }) => work.kind === 'sink').map(({ id }) => id);
    const onDone = (key: string): void => {
      this.#done.set(key, (this.#done.get(key) ?? 0) + 1);
    };
    const open = ports.sinks.map((_, index) => {
      const vertex = sinkIds[index];
      if (vertex === undefined) {
        const letters = new SimulatedWriter<DeadLetter>((letter) => this.#letterKey(letter), onDone);
        this.letters.push(letters);
        return letters;
      }
      const writer = new SimulatedWriter<Traced>((item) => keyOf(vertex, item), onDone);
      this.writers.push(writer);
      return writer;
    });
    return new TickLanes({
      sources: sourceLanes({ plan, ports, readers: this.sources, tallies, isNewOf: () => undefined }),
      asyncStages: asyncStages({ plan, ports }).map((stage) => new DirectCallLane(stage)),
      timedStages: timerLanes({ plan, ports }),
      sinks: ports.sinks.flatMap(({ name, rejection }, index) => {
        const writer = open[index];
        return writer === undefined ? [] : [new DirectOutputLane({ name, writer, rejection, tallies })];
      }),
      maxItemsInFlight: this.maxItemsInFlight,
      tallies,
      gate: this.#gate,
      stageRejections: ports.stageRejections,
      letterOf: letterOfItem,
    });
  }

  /** Of an input, or an output, by the topic that its end gave it; of an item of a stage as outputs have it. */
  #letterKey({ attributes, origin }: DeadLetter): string {
    const vertex = this.#graph.vertices.findIndex(({ name, work }) => name === origin && work.kind === 'peek');
    // no other stage of the pipeline rejects anything, and its items are these
    return vertex < 0 ? String(attributes.topic ?? '') : keyOf(vertex, attributes.item as Traced);
  }

  /** What one input leads to: keys of outputs and letters, with how often. */
  #expected(source: SimulatedSource, position: number): ReadonlyMap<string, number> {
    const keys = new Map<string, number>();
    const input = source.inputs[position];
    if (input?.kind === 'rejected') keys.set(input.key, 1);
    if (input?.kind !== 'item') return keys;
    for (const [vertex, paths] of expectedOutputs(this.#graph, this.#vertexOf(source), input.item)) {
      for (const path of paths) {
        const key = keyOf(vertex, { ...input.item, path });
        keys.set(key, (keys.get(key) ?? 0) + 1);
      }
    }
    return keys;
  }

  #expectedAll(): ReadonlyMap<string, number> {
    const all = new Map<string, number>();
    for (const key of this.#done.keys()) all.set(key, 0);
    for (const source of this.sources) {
      for (let position = 0; position < INPUTS; position += 1) {
        for (const [key, count] of this.#expected(source, position)) all.set(key, count);
      }
    }
    return all;
  }

  #vertexOf(source: SimulatedSource): number {
    return this.#graph.vertices.findIndex(({ name }) => name === source.definition.name);
  }

  /** Invariant 1. */
  #checkAcknowledged(source: SimulatedSource, upTo: number): void {
    const checked = this.#checked.get(source) ?? -1;
    this.#checked.set(source, upTo);
    for (let position = checked + 1; position <= upTo; position += 1) {
      for (const [key, count] of this.#expected(source, position)) {
        assert.equal(this.#done.get(key) ?? 0, count, `input ${position} was acknowledged before ${key} was done`);
      }
    }
  }

  #checkBounds(): void {
    const { machine, maxItemsInFlight, sources } = this;
    assert.ok(machine.inFlightItems <= maxItemsInFlight + sources.length - 1, `${machine.inFlightItems} in flight`);
    this.#overshoot ??= this.#largestFanOut() * (1 + this.#concurrency());
    const overshoot = this.#overshoot;
    const most = sources.length * (maxItemsInFlight + overshoot) + overshoot;
    assert.ok(machine.waitingItems <= most, `${machine.waitingItems} wait, at most ${most} may`);
  }

  #concurrency(): number {
    return this.#lanes.asyncStages.reduce((sum, { plan }) => sum + plan.maxConcurrency, 0);
  }

  /** No input leads to more: each stage at most doubles, and each consumer takes its own copy. */
  #largestFanOut(): number {
    const fans = this.#graph.vertices.map(() => 0);
    for (const { id, work } of [...this.#graph.vertices].reverse()) {
      const behind = this.#graph.edges
        .filter(({ from }) => from === id)
        .reduce((sum, { to }) => sum + (fans[to] ?? 0), 0);
      fans[id] =
        work.kind === 'sink' ? 1 : behind * (work.kind === 'flatMap' ? 2 : 1) + (work.kind === 'mapAsync' ? 1 : 0);
    }
    return Math.max(...fans);
  }
}

const keyOf = (vertex: number, { source, sequence, path }: Traced): string => `${vertex}:${source}:${sequence}:${path}`;

/** Items of one source that took the same way arrive in the order of the source. */
const checkOrder = (items: readonly Traced[]): void => {
  const last = new Map<string, number>();
  for (const { source, sequence, path } of items) {
    const way = `${source}:${path}`;
    assert.ok(sequence >= (last.get(way) ?? -1), `${way}: ${sequence} came after ${last.get(way)}`);
    last.set(way, sequence);
  }
};
