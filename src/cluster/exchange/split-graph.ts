import type { OnError } from '../../connector/sink.js';
import type { SourceDefinition } from '../../connector/source.js';
import { MillraceError } from '../../errors/index.js';
import type { AnySink } from '../../pipeline/any-sink.js';
import { checkKey } from '../../pipeline/compile/check-key.js';
import type { Edge, PipelineGraph, Vertex, VertexWork } from '../../pipeline/vertex.js';
import { keyPartition } from './key-partition.js';
import { RoutedItem } from './routed-item.js';

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
  const split = new Splitting(options);
  for (const vertex of graph.vertices) split.take(vertex, graph.edges);
  return split.finish(graph.edges);
};

class Splitting {
  readonly #options: SplitOptions;
  readonly #vertices: Vertex[] = [];
  readonly #edges: Edge[] = [];
  /** By the id that it had: the one that it has. */
  readonly #ids = new Map<number, number>();
  /** By the id that a grouping had: what its items go to now. */
  readonly #entries = new Map<number, number>();

  constructor(options: SplitOptions) {
    this.#options = options;
  }

  take(vertex: Vertex, edges: readonly Edge[]): void {
    const { id, name, work } = vertex;
    const isCut = work.kind === 'groupingKey' && edges.some(({ to, exchange }) => to === id && exchange === true);
    if (isCut) this.#cut(vertex, work);
    const now = this.#add(name, work);
    this.#ids.set(id, now);
    // its source stands right before it
    if (isCut) this.#edges.push({ from: now - 1, to: now });
  }

  finish(edges: readonly Edge[]): PipelineGraph {
    this.#checkNames();
    const kept = edges.map(({ from, to }) => ({ from: this.#now(from), to: this.#entries.get(to) ?? this.#now(to) }));
    return { vertices: this.#vertices, edges: [...kept, ...this.#edges] };
  }

  /** The key is asked for on both sides: here to find its partition, there by the stages. */
  #cut({ id, name }: Vertex, work: Grouping): void {
    const { partitions, endsOf } = this.#options;
    const exchange = exchangeName(name);
    const { sink, source } = endsOf(exchange, { grouping: name, onError: work.onError });
    const route = (item: unknown): RoutedItem =>
      new RoutedItem(keyPartition(checkKey(work.keyOf(item)), partitions), item);
    const entry = this.#add(name, { kind: 'map', apply: route, onError: work.onError });
    const out = this.#add(exchange, { kind: 'sink', sink });
    this.#add(exchange, { kind: 'source', source });
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
