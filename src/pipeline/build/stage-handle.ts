import type { OpenContext } from '../../connector/open-context.js';
import { schemaFunction } from '../../connector/schema/schema-function.js';
import type { StandardSchema } from '../../connector/schema/standard-schema.js';
import type { SinkDefinition } from '../../connector/sink.js';
import type { OpenTable, Table, TableKey } from '../../connector/tables/table.js';
import { refuseMore } from '../../internal/options/refuse-more.js';
import { refusePromise } from '../../internal/refuse-promise.js';
import type { MapAsyncOptions } from '../map-async-options.js';
import type { AsyncServiceOptions, ServiceOptions } from '../service-options.js';
import { shownItem } from '../shown-item.js';
import type { KeyedStage, SinkStage, Stage, WindowedStage } from '../stage.js';
import type { StageOptions } from '../stage-options.js';
import type { StateKey } from '../stage-state.js';
import type { VertexWork } from '../vertex.js';
import type { WindowDefinition } from '../windows/window-definition.js';
import { asyncWork, MAP_ASYNC } from './async-work.js';
import { checkFunctions, checkName, checkSink, checkTable } from './check-parts.js';
import { checkStageOptions, resolveStage } from './check-stage-options.js';
import type { GraphBuilder } from './graph-builder.js';
import { KeyedStageHandle } from './keyed-stage-handle.js';
import { ASYNC_SERVICE, SERVICE, serviceWork } from './service-work.js';
import { registerStage, vertexOf } from './stage-registry.js';
import { checkWindows } from './window-work.js';
import { groupingOfAll, windowsOfAll } from './windowed-stage-handle.js';

/** A stage as a handle on one vertex of a graph under construction. */
export class StageHandle<T, Timed extends boolean = boolean> implements Stage<T, Timed> {
  readonly #graph: GraphBuilder;
  readonly #id: number;

  constructor(graph: GraphBuilder, id: number) {
    this.#graph = graph;
    this.#id = id;
    registerStage(this, graph, id, 'stage');
  }

  get name(): string {
    return this.#graph.nameOf(this.#id);
  }

  setName(name: string): this {
    checkName(name);
    this.#graph.rename(this.#id, name);
    return this;
  }

  map<R>(fn: (item: T) => R, options: StageOptions = {}): Stage<R, Timed> {
    checkFunctions('map', { fn });
    return this.#then({ kind: 'map', apply: fn, ...resolveStage('map', options) });
  }

  filter<S extends T>(predicate: (item: T) => item is S, options?: StageOptions): Stage<S, Timed>;
  filter(predicate: (item: T) => boolean, options?: StageOptions): Stage<T, Timed>;
  filter(predicate: (item: T) => boolean, options: StageOptions = {}): Stage<T, Timed> {
    checkFunctions('filter', { predicate });
    return this.#then({ kind: 'filter', apply: predicate, ...resolveStage('filter', options) });
  }

  flatMap<R>(fn: (item: T) => Iterable<R>, options: StageOptions = {}): Stage<R, Timed> {
    checkFunctions('flatMap', { fn });
    return this.#then({ kind: 'flatMap', apply: fn, ...resolveStage('flatMap', options) });
  }

  schema<R>(schema: StandardSchema<R>, options: StageOptions = {}): Stage<R, Timed> {
    return this.#then({ kind: 'map', apply: schemaFunction(schema), ...resolveStage('schema', options) }, 'schema');
  }

  mapAsync<R>(
    fn: (item: T, signal: AbortSignal) => PromiseLike<R> | R,
    options: MapAsyncOptions<T> = {},
  ): Stage<R, Timed> {
    checkFunctions('mapAsync', { fn });
    checkStageOptions('mapAsync', options, MAP_ASYNC);
    return this.#then({ ...asyncWork(options), call: fn });
  }

  mapUsingService<S, R>(
    createFn: (context: OpenContext) => S | PromiseLike<S>,
    mapFn: (service: S, item: T) => R,
    destroyFn?: (service: S) => void | PromiseLike<void>,
    options: ServiceOptions = {},
  ): Stage<R, Timed> {
    checkFunctions('mapUsingService', { createFn, mapFn, ...(destroyFn !== undefined && { destroyFn }) });
    checkStageOptions('mapUsingService', options, SERVICE);
    const service = serviceWork({ createFn, destroyFn }, options);
    return this.#then({ kind: 'mapUsingService', service, apply: mapFn, onError: options.onError ?? 'fail' });
  }

  mapAsyncUsingService<S, R>(
    createFn: (context: OpenContext) => S | PromiseLike<S>,
    mapFn: (service: S, item: T, signal: AbortSignal) => PromiseLike<R> | R,
    destroyFn?: (service: S) => void | PromiseLike<void>,
    options: AsyncServiceOptions<T> = {},
  ): Stage<R, Timed> {
    checkFunctions('mapAsyncUsingService', { createFn, mapFn, ...(destroyFn !== undefined && { destroyFn }) });
    checkStageOptions('mapAsyncUsingService', options, ASYNC_SERVICE);
    const service = serviceWork({ createFn, destroyFn }, options);
    const call = (item: T, signal: AbortSignal, made: S) => mapFn(made, item, signal);
    const work: VertexWork = { ...asyncWork(options), service, call };
    return this.#then(work, 'mapAsyncUsingService');
  }

  lookup<K extends TableKey, V, R>(
    table: Table<K, V>,
    keyFn: (item: T) => K,
    mapFn: (item: T, row: V | undefined) => R,
    options: ServiceOptions = {},
  ): Stage<R, Timed> {
    checkTable(table);
    checkFunctions('lookup', { keyFn, mapFn });
    checkStageOptions('lookup', options, SERVICE);
    const createFn = (context: OpenContext) => table.open(context);
    const destroyFn = (open: OpenTable<K, V>) => open.close();
    const service = { ...serviceWork({ createFn, destroyFn }, options), sharedBy: table };
    const apply = (open: OpenTable<K, V>, item: T): R => {
      const key = keyFn(item);
      refusePromise(key, 'keyFn');
      return mapFn(item, open.get(key));
    };
    return this.#then({ kind: 'mapUsingService', service, apply, onError: options.onError ?? 'fail' }, 'lookup');
  }

  groupingKey<K extends StateKey>(keyFn: (item: T) => K, options: StageOptions = {}): KeyedStage<T, K, Timed> {
    checkFunctions('groupingKey', { keyFn });
    const id = this.#graph.add({ kind: 'groupingKey', keyOf: keyFn, ...resolveStage('groupingKey', options) }, [
      this.#id,
    ]);
    return new KeyedStageHandle<T, K, Timed>(this.#graph, id, (graph, stage) => new StageHandle(graph, stage));
  }

  window(definition: WindowDefinition): WindowedStage<T> {
    checkWindows(definition);
    const handleOf = <R>(graph: GraphBuilder, id: number) => new StageHandle<R, true>(graph, id);
    return windowsOfAll<T>({
      graph: this.#graph,
      grouping: groupingOfAll(this.#graph, this.#id),
      definition,
      handleOf,
    });
  }

  peek(observe?: (item: T) => void, options: StageOptions = {}): Stage<T, Timed> {
    if (observe !== undefined) checkFunctions('peek', { observe });
    const { onError } = resolveStage('peek', options);
    const stage = new StageHandle<T, Timed>(this.#graph, this.#graph.nextId);
    const print = (item: T): void => console.log(`${stage.name}: ${shownItem(item)}`);
    this.#graph.add({ kind: 'peek', observe: observe ?? print, onError }, [this.#id]);
    return stage;
  }

  merge<U>(this: Stage<T, true>, other: Stage<U, true>): Stage<T | U, true>;
  merge<U>(other: Stage<U>): Stage<T | U>;
  merge<U>(other: Stage<U>): Stage<T | U> {
    const id = vertexOf(other, { method: 'merge', graph: this.#graph, kind: 'stage' });
    return new StageHandle(this.#graph, this.#graph.add({ kind: 'merge' }, [this.#id, id]));
  }

  writeTo(sink: SinkDefinition<T>): SinkStage {
    checkSink(sink);
    const id = this.#graph.add({ kind: 'sink', sink }, [this.#id], sink.name);
    return new SinkHandle(this.#graph, id);
  }

  #then<R>(work: VertexWork, name?: string): Stage<R, Timed> {
    return new StageHandle<R, Timed>(this.#graph, this.#graph.add(work, [this.#id], name));
  }

  static {
    refuseMore(
      'a stage',
      {
        setName: 1,
        map: 2,
        filter: 2,
        flatMap: 2,
        schema: 2,
        mapAsync: 2,
        mapUsingService: 4,
        mapAsyncUsingService: 4,
        lookup: 4,
        groupingKey: 2,
        window: 1,
        peek: 2,
        merge: 1,
        writeTo: 1,
      },
      StageHandle.prototype,
    );
  }
}

/** The end of a branch as a handle on its vertex. */
class SinkHandle implements SinkStage {
  readonly #graph: GraphBuilder;
  readonly #id: number;

  constructor(graph: GraphBuilder, id: number) {
    this.#graph = graph;
    this.#id = id;
  }

  get name(): string {
    return this.#graph.nameOf(this.#id);
  }

  setName(name: string): this {
    checkName(name);
    this.#graph.rename(this.#id, name);
    return this;
  }
}
