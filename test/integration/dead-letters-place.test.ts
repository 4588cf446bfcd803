import assert from 'node:assert/strict';
import { it } from 'node:test';
import { DeadLetters, Engine, MqttSources, Pipeline, Sinks } from '../../src/index.js';
import { startMosquitto } from '../support/brokers/mosquitto.js';
import { makeCertificates } from '../support/certificates.js';
import { publishAll } from '../support/clients/mosquitto-pub.js';
import { startMosquittoSub } from '../support/clients/mosquitto-sub.js';
import { LIMIT } from '../support/limits.js';

it(
  'dead letters without a broker of their own reach that of their source, as its user and over its TLS',
  LIMIT,
  async () => {
    const { server, caFile, ca } = await makeCertificates();
    const tls = [`cafile ${caFile}`, `certfile ${server.certFile}`, `keyfile ${server.keyFile}`];
    const broker = await startMosquitto({ users: { alice: 'a' }, listeners: [{ config: tls }] });
    const user = ['-u', 'alice', '-P', 'a'];
    const letters = await startMosquittoSub({ port: broker.port, topic: 'dead', args: user });
    const pipeline = Pipeline.create();
    const source = MqttSources.builder({ topic: 'in' })
      .broker(`mqtts://localhost:${broker.listenerPorts[0]}`)
      .clientId('strict')
      .auth('alice', 'a')
      .connectOptionsFn(() => ({ ca }))
      .mapToItemFn((_topic, message) => message.json())
      .onError({ deadLetter: DeadLetters.topic({ topic: 'dead' }) });
    pipeline.readFrom(source.build()).writeTo(Sinks.noop());
    await using job = Engine.embedded().newJob(pipeline, { name: 'letters' });
    await job.whenRunning();
    await broker.waitForLog(/New client connected from .* as strict-letters-0 .*u'alice'/);
    await publishAll({ port: broker.port, topic: 'in', args: user }, ['no json']);
    const [letter] = await letters.untilCount(1);
    assert.equal(letter?.text, 'no json');
  },
);
