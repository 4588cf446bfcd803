import assert from 'node:assert/strict';
import { it } from 'node:test';
import { inspectDirectory } from '../../../src/cli/inspect/inspect-directory.js';
import { parseInspectFlags } from '../../../src/cli/inspect/inspect-flags.js';
import { reportLines } from '../../../src/cli/inspect/report-text.js';
import { AggregateOperations, Engine, Pipeline, WindowDefinition } from '../../../src/index.js';
import { ManualSource } from '../../support/ends/manual-source.js';
import { LIMIT } from '../../support/limits.js';
import { Destination, durableSink } from '../../support/rigs/durable-sink-rig.js';
import { tempDir } from '../../support/temp-dir.js';
import { until } from '../../support/until.js';

interface Stroke {
  readonly pump: string;
  readonly at: number;
}

const { counting, toList } = AggregateOperations;
const OPTIONS = { name: 'pumps', processingGuarantee: 'exactly-once' } as const;
/** A codec that is not the default one. */
const TEXT = {
  version: 3,
  encode: (list: Stroke[]) => Buffer.from(`strokes ${list.length}`),
  decode: () => [],
};

/** Two of them are as large as a part has to be. */
const LONG = { ...TEXT, encode: (list: Stroke[]) => Buffer.from(`strokes ${list.length}`.padStart(400)) };

/** Of three kinds of windows over the same strokes. */
const pipelineOf = (source: ManualSource<Stroke>, destination: Destination): Pipeline => {
  const pipeline = Pipeline.create();
  const strokes = pipeline
    .readFrom(source.source)
    .withTimestamps(({ at }) => at, 0)
    .setName('strokes');
  const pumps = strokes.groupingKey(({ pump }) => pump);
  const text = (result: unknown): string => JSON.stringify(result);
  const elsewhere = () => durableSink(new Destination());
  const tens = pumps.window(WindowDefinition.tumbling(10)).aggregate(counting()).setName('tens');
  tens.map(text).writeTo(durableSink(destination)).setName('one');
  const sessions = pumps.window(WindowDefinition.session(5)).aggregate(toList(), { codec: TEXT }).setName('runs');
  sessions.map(text).writeTo(elsewhere()).setName('two');
  const sliding = strokes.window(WindowDefinition.sliding(20, 10)).aggregate(counting()).setName('slides');
  sliding.map(text).writeTo(elsewhere()).setName('three');
  return pipeline;
};

it(
  'inspect shows which windows a stage has, those of a key that are open with what is in them, and event time',
  LIMIT,
  async () => {
    const directory = tempDir('inspect-windows');
    const source = new ManualSource<Stroke>();
    const destination = new Destination();
    const job = Engine.embedded({ dir: directory }).newJob(pipelineOf(source, destination), OPTIONS);
    await job.whenRunning();
    source.push({ pump: 'p', at: 12 }, { pump: 'p', at: 14 }, { pump: 'p', at: 30 }, { pump: 'p', at: 33 });
    await until(() => destination.items.length === 1);
    await job.drain();

    const inspect = async (...args: string[]) => {
      const { report } = await inspectDirectory(directory, parseInspectFlags([directory, ...args], {}), () => {});
      assert.deepEqual(report.partitions[0]?.problems, []);
      return { report, lines: reportLines(report).join('\n') };
    };
    const all = await inspect();
    assert.match(all.lines, /stage tens: 1 key, .*, windows of 10 ms, aggregated by counting$/m);
    assert.match(all.lines, /stage runs: 1 key, .*, sessions, aggregated by toList$/m);
    assert.match(
      all.lines,
      /stage slides: 1 key, .*, windows of 20 ms that slide by 10 ms without keys, aggregated by counting$/m,
    );
    assert.match(all.lines, /^ {2}event time, strokes: 1970-01-01T00:00:00.033Z$/m);
    assert.deepEqual(all.report.partitions[0]?.contents?.time[0], {
      at: 'strokes',
      watermark: '1970-01-01T00:00:00.033Z',
      pace: 'going',
    });

    const tens = await inspect('--stage', 'tens', '--key', 'p');
    assert.match(
      tens.lines,
      /key p \(string\), codec version 0: 1 part of open windows\n {4}1970-01-01T00:00:00.030Z to 1970-01-01T00:00:00.040Z: 2$/,
    );
    const [state] = tens.report.partitions[0]?.states ?? [];
    assert.deepEqual(
      state?.windows?.map(({ start, end, windows, value }) => [start, end, windows, value]),
      [['1970-01-01T00:00:00.030Z', '1970-01-01T00:00:00.040Z', 1, '2']],
    );
    assert.match(
      (await inspect('--stage', 'runs', '--key', 'p')).lines,
      /version 3: 1 part of open windows\n {4}1970-01-01T00:00:00.030Z to 1970-01-01T00:00:00.038Z: strokes 2$/,
    );
    const slides = await inspect('--stage', 'slides', '--key', 'true');
    assert.match(slides.lines, /\n {4}1970-01-01T00:00:00.020Z to 1970-01-01T00:00:00.050Z \(2 windows\): 2$/);
  },
);

it(
  'inspect shows what is in the windows of a key whose panes stand in parts, and counts it as one key',
  LIMIT,
  async () => {
    const directory = tempDir('inspect-parts');
    const source = new ManualSource<Stroke>();
    const pipeline = Pipeline.create();
    pipeline
      .readFrom(source.source)
      .withTimestamps(({ at }) => at, 0)
      .groupingKey(({ pump }) => pump)
      .window(WindowDefinition.sliding(60, 10))
      .aggregate(AggregateOperations.toList(), { codec: LONG })
      .setName('slides')
      .map((result) => JSON.stringify(result))
      .writeTo(durableSink(new Destination()))
      .setName('one');
    const job = Engine.embedded({ dir: directory }).newJob(pipeline, OPTIONS);
    await job.whenRunning();
    for (const [count, at] of [5, 15, 25, 35].entries()) {
      source.push({ pump: 'p', at });
      await until(() => source.acknowledged === count + 1);
    }
    await job.drain();
    const inspect = async (...args: string[]) => {
      const { report } = await inspectDirectory(directory, parseInspectFlags([directory, ...args], {}), () => {});
      assert.deepEqual(report.partitions[0]?.problems, []);
      return { report, lines: reportLines(report).join('\n') };
    };
    const [stage] = (await inspect()).report.partitions[0]?.contents?.stages ?? [];
    assert.equal(stage?.keys, 1);
    assert.ok(stage.bytes > 4 * 400, `${stage.bytes} bytes`);
    const { lines } = await inspect('--stage', 'slides', '--key', 'p');
    assert.match(lines, /4 parts of open windows/);
    assert.equal(lines.match(/: +strokes 1$/gm)?.length, 4);
  },
);
