import { present } from '../../internal/present.js';
import type { StageClock } from '../timers/stage-clock.js';
import type { PipelineGraph, TimestampsWork, Vertex } from '../vertex.js';
import { Departure } from './departure.js';
import type { Meeting, MeetingStream } from './meeting.js';
import { MergedWatermark } from './merged-watermark.js';
import { PendingTimes } from './pending-times.js';
import { SenderWatermark } from './sender-watermark.js';
import { SourceWatermark } from './source-watermark.js';
import { StageTime } from './stage-time.js';
import { needsTime, type TimeRoots, timeRootsOf } from './time-roots.js';
import { type StreamTime, type TimeSource, timeOf } from './time-source.js';
import { TimersTime } from './timers-time.js';

/** What is stored of the event time of a run. */
export interface EventTimesState {
  /** By the name of the stage that gives the timestamps; of what comes from other partitions, by where from. */
  readonly sources: readonly (readonly [name: string, time: StreamTime])[];
  /** Of streams that meet, by the names of what they come from; of a stage that goes by event time, and behind its timers, by the stage. */
  readonly merged: readonly (readonly [names: string, watermark: number])[];
}

export interface EventTimesOptions {
  readonly graph: PipelineGraph;
  /** When the first timer of a stage is due; Infinity where it has none. */
  readonly firstTimerOf: (vertex: Vertex) => () => number;
}

const TIMED = 'only stages whose items have timestamps go by event time';
const VERTEX = 'a root of event time is a vertex of the graph';

/** The event time of one run, at each stage where something goes by it. The parts of it are made when the pipeline is compiled. */
export class EventTimes {
  readonly #options: EventTimesOptions;
  readonly #roots: TimeRoots;
  readonly #sources = new Map<number, SourceWatermark>();
  readonly #senders = new Map<number, readonly SenderWatermark[]>();
  readonly #departures = new Map<number, Departure>();
  readonly #pending = new Map<number, PendingTimes>();
  readonly #stages = new Map<number, StageTime>();
  readonly #timers = new Map<number, TimersTime>();
  /** By the names of what they come from. */
  readonly #merged = new Map<string, MergedWatermark>();
  readonly #meetings: Meeting[] = [];

  constructor(options: EventTimesOptions) {
    this.#options = options;
    this.#roots = timeRootsOf(options.graph);
  }

  /** Of a stage that gives timestamps. */
  sourceOf({ id, name, work }: Vertex): SourceWatermark {
    if (work.kind !== 'timestamps') throw new RangeError(`"${name}" gives no timestamps`);
    return made(this.#sources, id, () => new SourceWatermark({ ...work, name }));
  }

  /** Of each partition, by its index, from which items come to an `arrival`. */
  sendersOf({ id, name, work }: Vertex): readonly SenderWatermark[] {
    const senders = work.kind === 'arrival' ? work.senders : 0;
    const all = Array.from({ length: senders }, (_, from) => new SenderWatermark(`${name} ${from}`));
    return made(this.#senders, id, () => all);
  }

  /** Of what leaves by a `route`. */
  departureOf({ id }: Vertex): Departure {
    return made(this.#departures, id, () => new Departure(this.#before(id)));
  }

  /** Of a mapAsync stage; undefined where its items have no timestamp. */
  pendingOf({ id }: Vertex): PendingTimes | undefined {
    if (!this.#roots.timed.has(id)) return undefined;
    return made(this.#pending, id, () => new PendingTimes(this.#before(id)));
  }

  /** Behind a stage with timers of event time; undefined for another one. */
  timersOf(vertex: Vertex): TimersTime | undefined {
    if (!needsTime(vertex)) return undefined;
    const { id } = vertex;
    return made(this.#timers, id, () => new TimersTime(this.#at(id), this.#options.firstTimerOf(vertex)));
  }

  /** That of what comes to a stage; undefined where its items have no timestamp. */
  streamOf({ id }: Vertex): TimeSource | undefined {
    return this.#roots.timed.has(id) ? this.#before(id) : undefined;
  }

  /** The time at a stage that goes by that of its items. */
  clockOf({ id }: Vertex): StageClock {
    if (!this.#roots.timed.has(id)) throw new RangeError(TIMED);
    const time = this.#at(id);
    return {
      get now() {
        return timeOf(time);
      },
    };
  }

  /** Where streams meet, so that one may hold others back. */
  get meetings(): readonly Meeting[] {
    return this.#meetings;
  }

  /** Streams whose ingestion timestamps are ahead of the clock that gives them: they were given by another one. */
  aheadOf(now: number): readonly { readonly stage: string; readonly byMs: number }[] {
    return this.#options.graph.vertices.flatMap((vertex) => {
      if (vertex.work.kind !== 'timestamps' || vertex.work.timestampOf !== undefined) return [];
      const byMs = this.sourceOf(vertex).watermark - now;
      return byMs > 0 ? [{ stage: vertex.name, byMs }] : [];
    });
  }

  /** The greatest of the pipeline. */
  get allowedLagMs(): number {
    return this.#greatest(({ allowedLagMs }) => allowedLagMs);
  }

  /** The longest of the pipeline that is finite. */
  get idleTimeoutMs(): number {
    return this.#greatest(({ idleTimeoutMs }) => (Number.isFinite(idleTimeoutMs) ? idleTimeoutMs : 0));
  }

  #greatest(of: (work: TimestampsWork) => number): number {
    const all = this.#options.graph.vertices.map(({ work }) => (work.kind === 'timestamps' ? of(work) : 0));
    return Math.max(0, ...all);
  }

  /** Looks for sources that have become idle. @returns the names of their stages */
  look(now: number): readonly string[] {
    return [...this.#sources.values()].filter((source) => source.look(now)).map(({ name }) => name);
  }

  /** When `look` may find one; Infinity for never. */
  deadline(): number {
    return [...this.#sources.values()].reduce(
      (first, source) => Math.min(first, source.deadline()),
      Number.POSITIVE_INFINITY,
    );
  }

  get state(): EventTimesState {
    return {
      sources: this.#stored().map(({ name, state }) => [name, state]),
      merged: this.#reached().map(([name, { state }]) => [name, state]),
    };
  }

  /** As an earlier run has stored it: what had ended is asked again. What is stored of stages that are no more is left out. */
  recover(state: EventTimesState): void {
    this.restore(state);
    for (const source of this.#sources.values())
      if (source.pace === 'ended') source.restore({ ...source.state, pace: 'going' });
  }

  /** It is as it was. */
  restore({ sources, merged }: EventTimesState): void {
    const stored = new Map(sources);
    for (const one of this.#stored()) {
      const time = stored.get(one.name);
      if (time !== undefined) one.restore(time);
    }
    const reached = new Map(this.#reached());
    for (const [name, watermark] of merged) reached.get(name)?.restore(watermark);
  }

  #stored(): readonly (SourceWatermark | SenderWatermark)[] {
    return [...this.#sources.values(), ...[...this.#senders.values()].flat()];
  }

  /** What would go back if it were not known. */
  #reached(): readonly (readonly [string, MergedWatermark | StageTime | TimersTime])[] {
    const stages = [...this.#stages].map(
      ([id, time]) => [JSON.stringify({ at: this.#vertex(id).name }), time] as const,
    );
    const timers = [...this.#timers].map(
      ([id, time]) => [JSON.stringify({ behind: this.#vertex(id).name }), time] as const,
    );
    return [...this.#merged, ...stages, ...timers];
  }

  /** At a stage that goes by it. */
  #at(id: number): StageTime {
    return made(this.#stages, id, () => new StageTime(this.#before(id)));
  }

  /** Of the stream in front of a vertex. */
  #before(id: number): TimeSource {
    const roots = (this.#roots.before.get(id) ?? []).map((root) => this.#vertex(root));
    const streams = roots.map((root) => ({ stage: root.name, time: this.#behindRoot(root) }));
    const [only] = streams;
    if (only !== undefined && streams.length === 1) return only.time;
    return this.#meet(JSON.stringify(roots.map(({ name }) => name).sort()), streams);
  }

  #meet(names: string, streams: readonly MeetingStream[]): MergedWatermark {
    return made(this.#merged, names, () => {
      this.#meetings.push(streams);
      return new MergedWatermark(streams.map(({ time }) => time));
    });
  }

  #behindRoot(vertex: Vertex): TimeSource {
    const { work } = vertex;
    if (work.kind === 'timestamps') return this.sourceOf(vertex);
    if (work.kind === 'arrival') {
      const senders = this.sendersOf(vertex).map((time, from) => ({ stage: vertex.name, from, time }));
      return this.#meet(JSON.stringify(vertex.name), senders);
    }
    if (work.kind === 'mapAsync') return present(this.pendingOf(vertex), VERTEX);
    return present(this.timersOf(vertex), VERTEX);
  }

  #vertex(id: number): Vertex {
    return present(this.#options.graph.vertices[id], VERTEX);
  }
}

const made = <K, V>(known: Map<K, V>, key: K, make: () => V): V => {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
};
