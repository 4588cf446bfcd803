import type { OnError } from '../../connector/sink.js';
import type { SourceDefinition } from '../../connector/source.js';
import { MillraceError } from '../../errors/index.js';
import type { AnySink } from '../../pipeline/any-sink.js';
import { checkKey } from '../../pipeline/compile/keyed/check-key.js';
import type { ItemTime } from '../../pipeline/time/pending-times.js';
import { timeRootsOf } from '../../pipeline/time/time-roots.js';
import type { StreamTime } from '../../pipeline/time/time-source.js';
import type { Edge, PipelineGraph, Vertex, VertexWork } from '../../pipeline/vertex.js';
import { keyPartition } from './key-partition.js';
import { RoutedItem, RoutedTime } from './routed-item.js';

/** Both ends of an exchange, as a job opens them in each partition. */
export interface ExchangeEnds {
  readonly sink: AnySink;
  readonly source: SourceDefinition<unknown>;
}

export interface SplitOptions {
  readonly partitions: number;
  /** Makes the ends of the exchange with that name. */
  readonly endsOf: (name: string, of: GroupingOf) => ExchangeEnds;
}

/** The stage in front of which an exchange is. */
export interface GroupingOf {
  /** Its name. */
  readonly grouping: string;
  /** Where what it gives up goes. */
  readonly onError: OnError;
  /** Whether its items have a timestamp. */
  readonly timed: boolean;
}

type Grouping = Extract<VertexWork, { kind: 'groupingKey' }>;

/** What is stored of an exchange stands under this name. */
const exchangeName = (grouping: string): string => `exchange ${grouping}`;

/**
 * Cuts a pipeline in front of each `groupingKey`: its items go to a sink that sends each to the partition of its key, and come there from a
 * source. So what keeps state by key sees all items of a key in one partition, and neither engine nor stages know of it. The edges that
 * are cut are those that say `exchange`.
 * @throws MillraceError INVALID_OPTIONS where an exchange would have a name that something else of the pipeline has
 */
export const splitGraph = (graph: PipelineGraph, options: SplitOptions): PipelineGraph => {
  const split = new Splitting(options, timeRootsOf(graph).timed);
  for (const vertex of graph.vertices) split.take(vertex, graph.edges);
  return split.finish(graph.edges);
};

const TIMED_ROUTE = {
  kind: 'route',
  routed: (partition: number, item: unknown, time: ItemTime) => new RoutedItem(partition, item, time),
} as const;

const timesTo =
  (partitions: number) =>
  (time: StreamTime): readonly RoutedTime[] =>
    Array.from({ length: partitions }, (_, to) => new RoutedTime(to, time));

class Splitting {
  readonly #options: SplitOptions;
  readonly #vertices: Vertex[] = [];
  readonly #edges: Edge[] = [];
  /** By the id that it had: the one that it has. */
  readonly #ids = new Map<number, number>();
  /** By the id that a grouping had: what its items go to now. */
  readonly #entries = new Map<number, number>();

  readonly #timed: ReadonlySet<number>;

  constructor(options: SplitOptions, timed: ReadonlySet<number>) {
    this.#options = options;
    this.#timed = timed;
  }

  take(vertex: Vertex, edges: readonly Edge[]): void {
    const { id, name, work } = vertex;
    const isCut = work.kind === 'groupingKey' && edges.some(({ to, exchange }) => to === id && exchange === true);
    if (isCut) this.#cut(vertex, work);
    const now = this.#add(name, work);
    this.#ids.set(id, now);
    // what it takes from stands right before it
    if (isCut) this.#edges.push({ from: now - 1, to: now });
  }

  finish(edges: readonly Edge[]): PipelineGraph {
    this.#checkNames();
    const kept = edges.map(({ from, to, side, late }) => ({
      from: this.#now(from),
      to: this.#entries.get(to) ?? this.#now(to),
      ...(side !== undefined && { side }),
      ...(late && { late }),
    }));
    return { vertices: this.#vertices, edges: [...kept, ...this.#edges] };
  }

  /** The key is asked for on both sides: here to find its partition, there by the stages. */
  #cut({ id, name }: Vertex, work: Grouping): void {
    const { partitions, endsOf } = this.#options;
    const exchange = exchangeName(name);
    const { onError } = work;
    const timed = this.#timed.has(id);
    const { sink, source } = endsOf(exchange, { grouping: name, onError, timed });
    const partitionOf = (item: unknown): number => keyPartition(checkKey(work.keyOf(item)), partitions);
    const entry = this.#add(
      name,
      timed
        ? { ...TIMED_ROUTE, routedTimes: timesTo(partitions), partitionOf, onError }
        : { kind: 'map', apply: (item) => new RoutedItem(partitionOf(item), item), onError },
    );
    const out = this.#add(exchange, { kind: 'sink', sink });
    const taken = this.#add(exchange, { kind: 'source', source });
    if (timed) this.#edges.push({ from: taken, to: this.#add(exchange, { kind: 'arrival', senders: partitions }) });
    this.#edges.push({ from: entry, to: out });
    this.#entries.set(id, entry);
  }

  #add(name: string, work: VertexWork): number {
    const id = this.#vertices.length;
    this.#vertices.push({ id, name, work });
    return id;
  }

  #now(id: number): number {
    return this.#ids.get(id) ?? id;
  }

  #checkNames(): void {
    for (const kind of ['sink', 'source'] as const) {
      const names = this.#vertices.filter(({ work }) => work.kind === kind).map(({ name }) => name);
      const twice = names.find((name, index) => names.indexOf(name) !== index);
      if (twice !== undefined) throw sameName(twice);
    }
  }
}

const sameName = (name: string): MillraceError =>
  new MillraceError('INVALID_OPTIONS', `two parts of the pipeline would be called "${name}"`, {
    advice:
      'Give each groupingKey a name of its own with setName: what is on its way to another partition is stored by it.',
    details: { name },
  });
