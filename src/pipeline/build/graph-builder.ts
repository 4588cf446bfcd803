import type { Edge, PipelineGraph, Vertex, VertexWork } from '../vertex.js';

/** Collects the vertices and edges of one pipeline while its stages are built. */
export class GraphBuilder {
  readonly #vertices: Vertex[] = [];
  readonly #edges: Edge[] = [];

  /**
   * Adds a vertex behind others and gives its id. Its name is its kind, numbered, until `rename`. One with state that stands behind several is told
   * from which of them an item comes.
   */
  add(work: VertexWork, from: readonly number[], name?: string): number {
    const id = this.#vertices.length;
    this.#vertices.push({ id, name: this.#freeName(name ?? work.kind), work });
    const exchange = work.kind === 'groupingKey' ? ({ exchange: true } as const) : {};
    const sided = work.kind === 'stateful' && from.length > 1;
    for (const [side, one] of from.entries())
      this.#edges.push({ from: one, to: id, ...exchange, ...(sided && { side }) });
    return id;
  }

  /** Has the late items of a vertex go to another one, besides what that is given. */
  addLate(from: number, to: number): void {
    this.#edges.push({ from, to, late: true });
  }

  /** The id that `add` gives next. */
  get nextId(): number {
    return this.#vertices.length;
  }

  nameOf(id: number): string {
    return this.#vertex(id).name;
  }

  rename(id: number, name: string): void {
    this.#vertices[id] = { ...this.#vertex(id), name };
  }

  build(): PipelineGraph {
    return Object.freeze({ vertices: Object.freeze([...this.#vertices]), edges: Object.freeze([...this.#edges]) });
  }

  #vertex(id: number): Vertex {
    const vertex = this.#vertices[id];
    if (vertex === undefined) throw new RangeError(`no vertex ${id}`);
    return vertex;
  }

  #freeName(wanted: string): string {
    const taken = new Set(this.#vertices.map((vertex) => vertex.name));
    let name = wanted;
    for (let number = 2; taken.has(name); number += 1) name = `${wanted}-${number}`;
    return name;
  }
}
