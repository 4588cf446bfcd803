import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keyPartition } from '../../../../src/cluster/exchange/key-partition.js';
import { RoutedItem } from '../../../../src/cluster/exchange/routed-item.js';
import { type GroupingOf, splitGraph } from '../../../../src/cluster/exchange/split-graph.js';
import { AggregateOperations, Pipeline, Sinks, SourceBuilder, WindowDefinition } from '../../../../src/index.js';
import { compilePipeline } from '../../../../src/pipeline/compile/compile-pipeline.js';
import type { PipelineGraph, Vertex } from '../../../../src/pipeline/vertex.js';

const PARTITIONS = 5;

const source = (name: string) =>
  SourceBuilder.stream(name, () => ({}))
    .fillBufferFn(() => {})
    .build();

/** The ends are a sink and a source of other kinds: what they do is not asked for. */
const split = (
  graph: PipelineGraph,
): { readonly graph: PipelineGraph; readonly asked: readonly (GroupingOf & { name: string })[] } => {
  const asked: (GroupingOf & { name: string })[] = [];
  const cut = splitGraph(graph, {
    partitions: PARTITIONS,
    endsOf: (name, of) => {
      asked.push({ name, ...of });
      return { sink: Sinks.noop(), source: source(name) };
    },
  });
  return { graph: cut, asked };
};

/** Each edge as `kind name > kind name`, in their order. */
const edgesOf = ({ vertices, edges }: PipelineGraph): readonly string[] =>
  edges.map(({ from, to }) => `${shown(vertices[from])} > ${shown(vertices[to])}`);
const shown = (vertex: Vertex | undefined): string => `${vertex?.work.kind} ${vertex?.name}`;

const check = ({ vertices, edges }: PipelineGraph): void => {
  for (const [index, { id }] of vertices.entries()) assert.equal(id, index);
  for (const { from, to } of edges) assert.ok(from < to, `the edge from ${from} to ${to} leads upwards`);
};

const count = () => ({ seen: 0 });

describe('a pipeline that is cut in front of its groupings', () => {
  it('has a sink in the place of each, and a source behind it; all else is as it was', () => {
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source('in'))
      .map((item) => item)
      .groupingKey(() => 'k')
      .setName('by device')
      .mapStateful(count, () => 1)
      .setName('count')
      .writeTo(Sinks.noop())
      .setName('out');
    const { graph, asked } = split(pipeline.toGraph());
    check(graph);
    assert.deepEqual(asked, [{ name: 'exchange by device', grouping: 'by device', onError: 'fail', timed: false }]);
    assert.deepEqual(edgesOf(graph).toSorted(), [
      'groupingKey by device > stateful count',
      'map by device > sink exchange by device',
      'map map > map by device',
      'source exchange by device > groupingKey by device',
      'source in > map map',
      'stateful count > sink out',
    ]);
    assert.ok(graph.edges.every(({ exchange }) => exchange === undefined));
  });

  it('sends items with their time, and takes it from all partitions, where they have one', () => {
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source('in'))
      .withIngestionTimestamps()
      .groupingKey(() => 'k')
      .setName('by device')
      .flatMapStateful(count, () => [1], { clock: 'event' })
      .setName('count')
      .writeTo(Sinks.noop())
      .setName('out');
    const { graph, asked } = split(pipeline.toGraph());
    check(graph);
    assert.deepEqual(asked, [{ name: 'exchange by device', grouping: 'by device', onError: 'fail', timed: true }]);
    assert.deepEqual(edgesOf(graph).toSorted(), [
      'arrival exchange by device > groupingKey by device',
      'groupingKey by device > stateful count',
      'route by device > sink exchange by device',
      'source exchange by device > arrival exchange by device',
      'source in > timestamps time of in',
      'stateful count > sink out',
      'timestamps time of in > route by device',
    ]);
    const { work } = graph.vertices.find((vertex) => vertex.work.kind === 'arrival') ?? {};
    assert.deepEqual(work, { kind: 'arrival', senders: PARTITIONS });
  });

  it('has late items go where they went, and nothing else', () => {
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source('in'))
      .withIngestionTimestamps()
      .window(WindowDefinition.tumbling(10))
      .aggregate(AggregateOperations.counting(), { lateItems: Sinks.list<unknown>([]) })
      .writeTo(Sinks.noop())
      .setName('out');
    const { graph } = split(pipeline.toGraph());
    const late = graph.edges.filter((edge) => edge.late === true);
    assert.deepEqual(edgesOf({ ...graph, edges: late }), ['stateful window > sink list']);
    assert.ok(edgesOf(graph).includes('stateful window > sink out'));
  });

  it('has the streams of the partitions meet, so that one of them that is behind is found', () => {
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source('in'))
      .withIngestionTimestamps()
      .groupingKey(() => 'k')
      .setName('by device')
      .window(WindowDefinition.tumbling(10))
      .aggregate(AggregateOperations.counting())
      .writeTo(Sinks.noop());
    const { times } = compilePipeline(split(pipeline.toGraph()).graph);
    assert.deepEqual(
      times?.meetings.map((streams) => streams.map(({ stage, from }) => ({ stage, from }))),
      [Array.from({ length: PARTITIONS }, (_, from) => ({ stage: 'exchange by device', from }))],
    );
  });

  it('is the same where nothing is grouped', () => {
    const pipeline = Pipeline.create();
    const read = pipeline.readFrom(source('in'));
    read.map((item) => item).writeTo(Sinks.noop());
    read.filter(() => true).writeTo(Sinks.noop());
    const graph = pipeline.toGraph();
    assert.deepEqual(split(graph).graph, graph);
  });

  it('keeps the order in which a stage gives its items to others', () => {
    const pipeline = Pipeline.create();
    const read = pipeline.readFrom(source('in'));
    read.peek().setName('first').writeTo(Sinks.noop()).setName('one');
    read
      .groupingKey(() => 'k')
      .setName('second')
      .mapStateful(count, () => 1)
      .setName('count')
      .writeTo(Sinks.noop())
      .setName('two');
    read.peek().setName('third').writeTo(Sinks.noop()).setName('three');
    const { graph } = split(pipeline.toGraph());
    check(graph);
    assert.deepEqual(
      edgesOf(graph).filter((edge) => edge.startsWith('source in')),
      ['source in > peek first', 'source in > map second', 'source in > peek third'],
    );
  });

  it('cuts each of several groupings, one behind another too, and what is merged in front of one goes there whole', () => {
    const pipeline = Pipeline.create();
    const merged = pipeline.readFrom(source('a')).merge(pipeline.readFrom(source('b')));
    merged
      .groupingKey(() => 'k')
      .setName('x')
      .mapStateful(count, () => 1)
      .setName('count x')
      .groupingKey(() => 'k')
      .setName('y')
      .mapStateful(count, () => 1)
      .setName('count y')
      .writeTo(Sinks.noop())
      .setName('out');
    const { graph, asked } = split(pipeline.toGraph());
    check(graph);
    assert.deepEqual(
      asked.map(({ name }) => name),
      ['exchange x', 'exchange y'],
    );
    assert.deepEqual(edgesOf(graph).toSorted(), [
      'groupingKey x > stateful count x',
      'groupingKey y > stateful count y',
      'map x > sink exchange x',
      'map y > sink exchange y',
      'merge merge > map x',
      'source a > merge merge',
      'source b > merge merge',
      'source exchange x > groupingKey x',
      'source exchange y > groupingKey y',
      'stateful count x > map y',
      'stateful count y > sink out',
    ]);
  });

  it('asks for the key on both sides, and each fails as the grouping says', () => {
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source('in'))
      .groupingKey((item) => (item === 'bad' ? undefined : `${item}`) as string, { onError: 'skip' })
      .setName('by item')
      .mapStateful(count, () => 1)
      .setName('count')
      .writeTo(Sinks.noop());
    const { graph, asked } = split(pipeline.toGraph());
    assert.equal(asked[0]?.onError, 'skip');
    const works = graph.vertices.filter(({ name }) => name === 'by item').map(({ work }) => work);
    assert.deepEqual(
      works.map((work) => [work.kind, 'onError' in work ? work.onError : undefined]),
      [
        ['map', 'skip'],
        ['groupingKey', 'skip'],
      ],
    );
    const [route] = works;
    assert.ok(route?.kind === 'map');
    assert.deepEqual(route.apply('7'), new RoutedItem(keyPartition('7', PARTITIONS), '7'));
    assert.throws(() => route.apply('bad'), {
      code: 'USER_FUNCTION_FAILED',
      message: /undefined, which cannot be a key/,
    });
  });

  it('is refused where an exchange has the name of something else', () => {
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source('exchange by device'))
      .groupingKey(() => 'k')
      .setName('by device')
      .mapStateful(count, () => 1)
      .setName('count')
      .writeTo(Sinks.noop());
    assert.throws(() => split(pipeline.toGraph()), {
      code: 'INVALID_OPTIONS',
      message: /two parts .* "exchange by device"/,
      advice: /setName/,
    });
  });
});
