import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Engine, Pipeline, Sinks, TestSources } from '../../../../src/index.js';
import { SUITE_LIMIT } from '../../../support/limits.js';
import { tempDir } from '../../../support/temp-dir.js';

const countIn = async (dir: string): Promise<void> => {
  const pipeline = Pipeline.create();
  pipeline
    .readFrom(TestSources.items(1))
    .groupingKey((item) => item)
    .mapStateful(
      () => ({ count: 0 }),
      (state) => {
        state.count += 1;
      },
    )
    .writeTo(Sinks.noop());
  await Engine.embedded({ dir }).newJob(pipeline, { name: 'counts' }).join();
};

it(
  'an engine that is forgotten without a shutdown keeps its directory, and the next is told that it is of this process',
  SUITE_LIMIT,
  async () => {
    const dir = tempDir();
    const heard: Error[] = [];
    const onWarning = (warning: Error): void => void heard.push(warning);
    process.on('warning', onWarning);
    await countIn(dir);
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    for (let round = 0; round < 3; round += 1) {
      collect();
      await new Promise(setImmediate);
    }
    await assert.rejects(countIn(dir), { code: 'STORE_LOCKED', advice: /That is this process.*shutdown\(\)/ });
    process.off('warning', onWarning);
    assert.deepEqual(heard, []);
  },
);
