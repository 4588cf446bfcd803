import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Answers } from '../../../src/http/answers.js';
import { ProcessListener } from '../../../src/http/told/process-listener.js';
import { Engine, Pipeline, Sinks, TestSources } from '../../../src/index.js';

test('the jobs are looked at where nobody asks, too, so that who asks once is told what has stood still; until the server ends', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let looks = 0;
  const engine = {
    get jobs() {
      looks += 1;
      return [];
    },
  };
  using listener = new ProcessListener(() => false);
  const answers = new Answers(engine, listener, false);
  assert.equal(looks, 0);
  t.mock.timers.tick(5000);
  assert.equal(looks, 1);
  answers[Symbol.dispose]();
  t.mock.timers.tick(50_000);
  assert.equal(looks, 1);
});

test('who comes is first shown what was seen of the jobs before, each five seconds where nobody had asked', async (t) => {
  await using engine = Engine.embedded();
  using listener = new ProcessListener(() => true);
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] });
  using answers = new Answers(engine, listener, false);
  const pipeline = Pipeline.create();
  pipeline.readFrom(TestSources.itemStream(10, () => 1)).writeTo(Sinks.noop());
  engine.newJob(pipeline, { name: 'job' });
  let nowMs = performance.now();
  t.mock.method(performance, 'now', () => nowMs);
  for (let looks = 0; looks < 100; looks += 1) {
    nowMs += 5000;
    t.mock.timers.tick(5000);
  }
  const [first = '', second = ''] = Buffer.from(answers.firstFrame()).toString().split('\n\n');
  assert.match(first, /^event: histories\ndata: /);
  assert.match(second, /^event: jobs\n/);
  const { job } = JSON.parse(first.slice(first.indexOf('{')));
  assert.deepEqual(
    job.map(([atMs]: readonly number[]) => atMs),
    Array.from({ length: 60 }, (_, index) => 205_000 + 5000 * index),
  );
});

test('a gauge that throws when nobody asks ends nothing', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const engine = {
    get jobs(): never {
      throw new Error('a gauge');
    },
  };
  using listener = new ProcessListener(() => false);
  using answers = new Answers(engine, listener, false);
  t.mock.timers.tick(5000);
  assert.throws(() => answers.jobs, /a gauge/);
});

test('each second viewers are shown a new look, also where their timer fires early; who asks meanwhile is told the same', (t) => {
  using listener = new ProcessListener(() => false);
  t.mock.timers.enable({ apis: ['setInterval', 'Date'] });
  using answers = new Answers({ jobs: [] }, listener, false);
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  const waitMs = (ms: number) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
  };
  const lookedMs = (told: Uint8Array) => Date.parse(/"time":"([^"]+)"/.exec(Buffer.from(told).toString())?.[1] ?? '');
  assert.equal(lookedMs(answers.firstFrame()), 0);
  for (const early of [300, 1, 0]) {
    waitMs(1000 - early);
    const shownMs = Date.now();
    assert.equal(lookedMs(answers.nextFrame()), shownMs);
    waitMs(early);
    assert.equal(lookedMs(answers.jobs.bytes), shownMs);
  }
});
