import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { serve } from '../../src/http/index.js';
import { Engine, Pipeline, Sinks, TestSources } from '../../src/index.js';
import { MetricsRegistry } from '../../src/metrics/index.js';
import { ask, rawRequest } from '../support/http/ask.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { tempDir } from '../support/temp-dir.js';
import { until } from '../support/until.js';

const FRAME = 'event: jobs';
const MOST_TEXT = 100_000;

/** A viewer, and what it has been shown. */
class Viewer {
  readonly socket: Socket;
  bytes = 0;
  frames = 0;
  /** The beginning of it. */
  text = '';

  constructor(path: string, reads = true) {
    this.socket = connect(path);
    // a test that fails leaves it open
    this.socket.unref();
    // one that is cut off
    this.socket.on('error', () => {});
    this.socket.write(rawRequest(undefined, { path: '/api/events' }));
    if (reads) this.read();
  }

  read(): void {
    this.socket.on('data', (chunk: Buffer) => {
      this.bytes += chunk.byteLength;
      for (let at = chunk.indexOf(FRAME); at >= 0; at = chunk.indexOf(FRAME, at + 1)) this.frames += 1;
      if (this.text.length < MOST_TEXT) this.text += chunk.toString('latin1');
    });
  }
}

/** A job whose picture has 200 kB, so that a viewer who does not read shows within seconds, and one who does is never cut off; `reads` counts how often it is looked at. */
const bigJob = (engine: Engine) => {
  const counted = { reads: 0 };
  const metrics = new MetricsRegistry();
  metrics.gauge('reads', '').collect(() => {
    counted.reads += 1;
    return counted.reads;
  });
  const pipeline = Pipeline.create();
  let stage = pipeline.readFrom(TestSources.itemStream(10, () => 1)).map((one) => one);
  for (let number = 0; number < 100; number += 1)
    stage = stage.map((one) => one).setName(`${number}`.padEnd(1000, '-'));
  stage.writeTo(Sinks.noop());
  engine.newJob(pipeline, { name: 'big', metrics });
  return counted;
};

/** One more viewer; undefined: there was no place. */
const admitted = async (path: string): Promise<Viewer | undefined> => {
  const viewer = new Viewer(path);
  await until(() => viewer.frames > 0 || viewer.socket.closed);
  return viewer.frames > 0 ? viewer : undefined;
};

describe('viewers of events', SUITE_LIMIT, () => {
  it('cost one look at the jobs a second, however many there are and ask besides; one that does not read is cut off, the 51st gets 429', async () => {
    await using engine = Engine.embedded();
    const path = join(tempDir('viewers'), 'http');
    await using _served = await serve(engine, { path });
    const counted = bigJob(engine);
    const beganMs = performance.now();
    const viewers = Array.from({ length: 49 }, () => new Viewer(path));
    const stalled = new Viewer(path, false);
    await until(() => viewers.every(({ frames }) => frames >= 1));
    await until(async () => (await ask({ path }, { path: '/api/events' })).status === 429);
    const asked = ['/api/jobs', '/metrics', '/ready'].flatMap((one) => Array.from({ length: 10 }, () => one));
    await Promise.all(asked.map((one) => ask({ path }, { path: one })));
    await until(() => {
      assert.ok(viewers.every(({ socket }) => !socket.closed));
      return viewers.every(({ frames }) => frames >= 5);
    });
    const most = (performance.now() - beganMs) / 1000 + 1;
    assert.ok(counted.reads >= 4 && counted.reads <= most, `${counted.reads} looks, at most ${most}`);
    // its place is free as soon as it is cut off
    const next = await until(() => admitted(path), { intervalMs: 100 });
    stalled.read();
    await once(stalled.socket, 'close');
    const [other] = viewers;
    assert.ok(stalled.bytes < (other?.bytes ?? 0) / 2, `${stalled.bytes} of ${other?.bytes} bytes`);
    for (const { socket } of [...viewers, next]) socket.destroy();
  });

  it('are told what happens to the jobs of the engine, and nothing of another engine in the process', async () => {
    await using engine = Engine.embedded();
    await using other = Engine.embedded();
    const path = join(tempDir('viewers'), 'http');
    await using _served = await serve(engine, { path });
    const viewer = new Viewer(path);
    await until(() => viewer.frames >= 1);
    for (const [runner, name] of [
      [other, 'theirs'],
      [engine, 'ours'],
    ] as const) {
      const pipeline = Pipeline.create();
      pipeline.readFrom(TestSources.itemStream(10, () => 1)).writeTo(Sinks.noop());
      runner.newJob(pipeline, { name });
    }
    await until(() => viewer.text.includes('"kind":"status","job":"ours","status":"RUNNING"'));
    assert.ok(viewer.text.includes('event: events\ndata: [{"seq":'));
    assert.ok(!viewer.text.includes('theirs'));
    assert.match(viewer.text, /^HTTP\/1\.1 200 OK[\s\S]*\r\nContent-Type: text\/event-stream; charset=utf-8\r\n/);
    viewer.socket.destroy();
  });
});
