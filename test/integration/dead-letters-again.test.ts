import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DeadLetters, Engine, MqttSources, Pipeline, Sinks } from '../../src/index.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { buildOnce } from '../support/build-once.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { SUITE_LIMIT } from '../support/limits.js';
import { startCli } from '../support/start-cli.js';
import { tempDir } from '../support/temp-dir.js';

interface Warning extends Error {
  readonly code?: string;
}

const { index } = await buildOnce();

describe('letters on a topic that the job reads', SUITE_LIMIT, () => {
  for (const protocolVersion of [5, 4] as const) {
    it(`are told as a warning when they are rejected again, over MQTT ${protocolVersion}`, async () => {
      const broker = await startMosquitto();
      const source = MqttSources.builder({ broker: broker.url, clientId: 'strict', topic: 'in/#' })
        .connectOptionsFn(() => ({ protocolVersion }))
        .mapToItemFn((_topic, message) => {
          if (message.payload.length < 1000) throw new Error('too small');
        })
        .onError({ deadLetter: DeadLetters.topic({ topic: 'in/dead' }) });
      const pipeline = Pipeline.create();
      pipeline.readFrom(source.build()).writeTo(Sinks.noop());
      await using job = Engine.embedded().newJob(pipeline, { name: 'strict' });
      await job.whenRunning();
      const warned = once(process, 'warning');
      await publishAll({ port: broker.port, topic: 'in/a' }, ['x']);
      const [warning]: Warning[] = await warned;
      assert.equal(warning?.code, 'MILLRACE_LETTERS_READ_AGAIN');
      assert.match(warning.message, /^job "strict": strict-letters: dead letters are read again/);
    });
  }

  it('are not where they are read and left alone, or are letters of others', async () => {
    const broker = await startMosquitto();
    const letters = await startMosquittoSub({ port: broker.port, topic: '+/dead' });
    const source = MqttSources.builder({ broker: broker.url, clientId: 'lenient', topic: '#' })
      .connectOptionsFn(() => ({ protocolVersion: 5 }))
      .mapToItemFn((topic) => {
        if (topic !== 'out/dead') throw new Error('rejected');
      })
      .onError({ deadLetter: DeadLetters.topic({ topic: 'out/dead' }) });
    const pipeline = Pipeline.create();
    pipeline.readFrom(source.build()).writeTo(Sinks.noop());
    const warnings: Warning[] = [];
    const note = (warning: Warning) => void warnings.push(warning);
    process.on('warning', note);
    await using job = Engine.embedded().newJob(pipeline, { name: 'lenient' });
    await job.whenRunning();
    const theirs = ['-D', 'PUBLISH', 'user-property', 'millrace-error-code', 'X'];
    await publishAll({ port: broker.port, topic: 'in/dead', args: ['-V', '5', ...theirs] }, ['a']);
    await letters.untilCount(2);
    await publishAll({ port: broker.port, topic: 'in/b' }, ['b']);
    await letters.untilCount(3);
    await new Promise(setImmediate);
    process.off('warning', note);
    assert.deepEqual(warnings, []);
  });

  it('are told by the command', async () => {
    const broker = await startMosquitto();
    const module = join(tempDir(), 'again.mjs');
    writeFileSync(
      module,
      [
        `import { DeadLetters, MqttSources, Pipeline, Sinks } from '${index}';`,
        `const source = MqttSources.builder({ broker: '${broker.url}', clientId: 'strict', topic: 'in/#' })`,
        '  .mapToItemFn((topic, message) => message.json())',
        "  .onError({ deadLetter: DeadLetters.topic({ topic: 'in/dead' }) });",
        'const pipeline = Pipeline.create();',
        'pipeline.readFrom(source.build()).writeTo(Sinks.noop());',
        'export default pipeline;',
      ].join('\n'),
    );
    await using job = startCli(['run', module]);
    await job.waitForLine(/RUNNING/);
    await publishAll({ port: broker.port, topic: 'in/a' }, ['no json']);
    await job.waitForLine(/note: dead letters are read again/);
  });
});
